"""Which questions to ask for training: the sampler's choice from the student's scores, minus what was asked before.

It knows the sampler's contract and the ledger's rows, and asks nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pdistill.contracts import Group, Sampler
from pdistill.fingerprint import fingerprint
from pdistill.store.project import Project
from pdistill.store.records import Items, Personas, Version

SCORES_AT_ONCE = 20_000_000
"""Persona-item scores held in memory at once: 80 MB."""


@dataclass
class Before:
    """What the teacher was asked already.

    Attributes:
        seen: (P, N) bool, the pairs shown for other versions of the student.
        asked: by persona what was asked for this version: the items of each question -> its keys (a question that
            failed was asked in two orders and is still one).
    """

    seen: np.ndarray
    asked: dict[str, dict[frozenset[str], set[str]]] = field(default_factory=dict)


def asked_before(project: Project, items: Items, personas: Personas, version: Version) -> Before:
    """Read from the ledger what was shown to the training personas."""
    rows = project.ledger.rows(
        ["key", "persona_id", "items", "student"], {"purpose": "train", "teacher": project.settings.teacher.name}
    )
    item_at = {item: position for position, item in enumerate(items.ids)}
    persona_at = {persona: position for position, persona in enumerate(personas.ids)}
    before = Before(np.zeros((len(personas), len(items)), bool))
    for row in rows.to_pylist():
        if row["student"] == version.id:
            own = before.asked.setdefault(row["persona_id"], {})
            own.setdefault(frozenset(row["items"]), set()).add(row["key"])
        elif row["persona_id"] in persona_at:
            shown = [item_at[item] for item in row["items"] if item in item_at]
            before.seen[persona_at[row["persona_id"]], shown] = True
    return before


@dataclass(frozen=True)
class Chooser:
    """Chooses `rankings` questions of `m` items per persona; the same each time for the same project.

    Attributes:
        vectors: (N, D) the student's item embeddings, ids (N,) their items.
        salt: what the choice's chance depends on (seed, version).
    """

    sampler: Sampler
    vectors: np.ndarray
    ids: list[str]
    m: int
    rankings: int
    salt: tuple[int, str]

    def questions(
        self, queries: np.ndarray, personas: Personas, before: Before, key: Callable[[int, Group], str]
    ) -> list[list[Group]]:
        """What to ask for each persona now, at most `rankings` in all for this version.

        Args:
            queries: (P, D) the personas' embeddings.
            personas: P of them.
            before: what was asked already; its `seen` is added to.
            key: the ledger's key of a question to the persona at a position.
        """
        chosen: list[list[Group]] = []
        size = max(1, SCORES_AT_ONCE // max(len(self.ids), 1))
        for start in range(0, len(personas), size):
            block = slice(start, start + size)
            scores = queries[block] @ self.vectors.T
            own = self._choose(scores, before.seen[block], start)
            changed = [
                row
                for row, groups in enumerate(own, start)
                if self._asked_otherwise(groups, before.asked.get(personas.ids[row], {}), row, key)
            ]
            if changed:
                self._mark(changed, personas, before)
                redone = self._choose(scores[[row - start for row in changed]], before.seen[changed], start)
                for row, groups in zip(changed, redone, strict=True):
                    own[row - start] = groups[: max(self.rankings - len(before.asked[personas.ids[row]]), 0)]
            chosen += own
        return chosen

    def _asked_otherwise(
        self, groups: list[Group], asked: dict[frozenset[str], set[str]], row: int, key: Callable[[int, Group], str]
    ) -> bool:
        """Whether something else was asked for this version, before the catalog or the personas changed."""
        keys = {key(row, group) for group in groups} if asked else set()
        return any(not keys & before for before in asked.values())

    def _mark(self, rows: list[int], personas: Personas, before: Before) -> None:
        """What was asked for this version counts as seen for these personas."""
        at = {item: position for position, item in enumerate(self.ids)}
        for row in rows:
            shown = [at[item] for items in before.asked[personas.ids[row]] for item in items if item in at]
            before.seen[row, shown] = True

    def _choose(self, scores: np.ndarray, seen: np.ndarray, block: int) -> list[list[Group]]:
        """For each row of `scores` its questions, no pair shown twice; a single item left over is no question."""
        seen = seen.copy()
        chosen: list[list[Group]] = [[] for _ in range(len(scores))]
        for number in range(self.rankings):
            rng = np.random.default_rng(int(fingerprint([*self.salt, number, block], 15), 16))
            for row, group in enumerate(self.sampler.choose(scores, self.vectors, seen, self.m, rng)):
                seen[row, group] = True
                if len(group) > 1:
                    chosen[row].append(tuple(self.ids[position] for position in group))
        return chosen
