"""The tournament stage: rankings to train on, and standings to evaluate against.

`label` asks about items that the sampler chooses from the current student's scores; `judge` plays whole tournaments.
Both do only what is missing. It knows the project, the engine and the registry; it never trains.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from pdistill import encoding, registry
from pdistill.contracts import SILENT, Cost, Group, Outcome, Progress, Ranking, Sampler, Strategy, Teacher
from pdistill.engine import Engine, Play, Shelf, Tally, one_round
from pdistill.errors import MissingArtifactError, UsageError
from pdistill.fingerprint import fingerprint, fraction
from pdistill.settings import Settings
from pdistill.store.project import Project
from pdistill.store.records import CELLS, TRAIN, Items, Personas, Version

SCORES_AT_ONCE = 20_000_000
"""Persona-item scores held in memory at once: 80 MB."""


def teacher_of(project: Project) -> Teacher:
    """The project's teacher with its options."""
    chosen = project.settings.teacher
    teacher: Teacher = registry.create("teacher", chosen.name, chosen.options())
    return teacher


def label(project: Project, teacher: Teacher | None = None, progress: Progress = SILENT) -> Outcome:
    """Ask for rankings of M items per training persona, chosen from the current student's scores.

    Source: arXiv 2510.12014, preference-aligned sampling; what is chosen is up to the sampler.

    Args:
        teacher: the project's teacher, if it is made already.

    Raises: MissingArtifactError without items or personas; ServiceError if the teacher cannot be reached.
    """
    settings = project.settings
    items, personas = project.items().of(TRAIN), project.personas().of(TRAIN)
    _require(len(items) >= 2, "fewer than two training items", "Add more: pdistill catalog add FOLDER_OR_TABLE")
    _require(len(personas) > 0, "no training persona", "Add more: pdistill personas generate --count 300")
    version = project.versions(settings.student.name)[-1]
    sampler: Sampler = registry.create("sampler", settings.sampler.name, settings.sampler.options())
    student = encoding.load_student(project, version)
    teacher = teacher or teacher_of(project)
    m = min(settings.tournament.items_per_question, len(items))
    shelf = _shelf(project, items, teacher)

    progress.note(f"Choosing what to ask from the scores of {version.id}")
    vectors = encoding.encode_items(project, student, items, progress)
    queries = encoding.encode_texts(project, student, personas.texts, progress)
    seen, asked = _shown_before(project, items, personas, version)
    engine = Engine(teacher, settings.teacher.name, shelf, project.ledger, "train", settings.seed)
    plays = [Play(persona, text, one_round([]), student=version.id) for persona, text in personas]
    item_at = {item: position for position, item in enumerate(items.ids)}
    for block in _blocks(len(personas), len(items)):
        scores = queries[block] @ vectors.T
        choose = partial(_choose, sampler, vectors, items.ids, m, settings, version, block.start)
        chosen = choose(scores, seen[block])
        again = []
        for row, groups in enumerate(chosen, start=block.start):
            own = asked.get(personas.ids[row], {})
            keys = {engine.key(plays[row], group) for group in groups}
            # Something else was asked for this version, before the catalog or the personas changed: that counts.
            if any(not keys & before for before in own.values()):
                again.append(row)
                seen[row, [item_at[item] for shown in own for item in shown if item in item_at]] = True
        if again:
            redone = choose(scores[[row - block.start for row in again]], seen[again])
            for row, groups in zip(again, redone, strict=True):
                left = settings.tournament.rankings_per_persona - len(asked[personas.ids[row]])
                chosen[row - block.start] = groups[: max(left, 0)]
        for row, groups in enumerate(chosen, start=block.start):
            plays[row].rounds = one_round(groups)
    total = sum(len(personas.ids[block]) for block in _blocks(len(personas), len(items)))
    tally = engine.run(plays, total * settings.tournament.rankings_per_persona, "Asking the teacher", progress)
    return _outcome(tally, {"student": version.id, "personas": len(personas), "items": len(items)})


def _choose(
    sampler: Sampler,
    vectors: np.ndarray,
    ids: list[str],
    m: int,
    settings: Settings,
    version: Version,
    block: int,
    scores: np.ndarray,
    seen: np.ndarray,
) -> list[list[Group]]:
    """For each row of `scores` its questions, no pair shown twice; a single item left over is no question."""
    seen = seen.copy()
    chosen: list[list[Group]] = [[] for _ in range(len(scores))]
    for number in range(settings.tournament.rankings_per_persona):
        seed = fingerprint([settings.seed, version.id, number, block], 15)
        groups = sampler.choose(scores, vectors, seen, m, np.random.default_rng(int(seed, 16)))
        for row, group in enumerate(groups):
            seen[row, group] = True
            if len(group) > 1:
                chosen[row].append(tuple(ids[position] for position in group))
    return chosen


def _shown_before(
    project: Project, items: Items, personas: Personas, version: Version
) -> tuple[np.ndarray, dict[str, dict[frozenset[str], set[str]]]]:
    """Pairs shown for other versions, (P, N) bool; and by persona what was asked for this version.

    The latter by the items shown, with the keys: a question that failed was asked in two orders and is still one.
    """
    rows = project.ledger.rows(
        ["key", "persona_id", "items", "student"], {"purpose": "train", "teacher": project.settings.teacher.name}
    )
    item_at = {item: position for position, item in enumerate(items.ids)}
    persona_at = {persona: position for position, persona in enumerate(personas.ids)}
    seen = np.zeros((len(personas), len(items)), bool)
    asked: dict[str, dict[frozenset[str], set[str]]] = {}
    for row in rows.to_pylist():
        if row["student"] == version.id:
            own = asked.setdefault(row["persona_id"], {})
            own.setdefault(frozenset(row["items"]), set()).add(row["key"])
        elif row["persona_id"] in persona_at:
            shown = [item_at[item] for item in row["items"] if item in item_at]
            seen[persona_at[row["persona_id"]], shown] = True
    return seen, asked


def judge(
    project: Project,
    teacher: Teacher | None = None,
    splits: list[str] | None = None,
    progress: Progress = SILENT,
) -> Outcome:
    """Find the teacher's standings of each split's items for a sample of its personas.

    Source: arXiv 2510.12014, evaluation by tournament; METHOD of the strategy in its own module.

    Args:
        splits: which of the four splits; all by default.

    Raises: as `label`.
    """
    settings = project.settings
    teacher = teacher or teacher_of(project)
    strategy: Strategy = registry.create("strategy", settings.strategy.name, settings.strategy.options())
    all_items, all_personas = project.items(), project.personas()
    tally, result, warnings = Tally(), {}, []
    for split in splits or list(CELLS):
        persona_split, item_split = CELLS[split]
        items = _sample(all_items.of(item_split), settings.tournament.eval_items)
        personas = _sample(all_personas.of(persona_split), settings.tournament.eval_personas)
        if len(items) < 2 or not len(personas):
            warnings.append(f"The split {split} is empty: {len(personas)} personas, {len(items)} items.")
            continue
        cost = strategy.plan(len(items))
        played = _judge_split(project, teacher, strategy, split, items, personas, cost, progress)
        tally.add(played)
        result[split] = {"personas": len(personas), "items": len(items), "calls_per_persona": cost.calls}
    return _outcome(tally, {"splits": result}, warnings)


def _judge_split(
    project: Project,
    teacher: Teacher,
    strategy: Strategy,
    split: str,
    items: Items,
    personas: Personas,
    cost: Cost,
    progress: Progress,
) -> Tally:
    settings = project.settings
    chosen = settings.strategy
    shelf = _shelf(project, items, teacher)
    same = fingerprint(
        [
            teacher.fingerprint,
            chosen.name,
            chosen.options(),
            settings.seed,
            [shelf.key(item) for item in items.ids],
            items.ids,
        ]
    )
    keys = {persona: fingerprint([same, split, persona, text]) for persona, text in personas}
    there = set(project.standings.read(["key"], {"split": split})["key"].to_pylist())
    missing = [(persona, text) for persona, text in personas if keys[persona] not in there]
    finished = _Finished(project, split)
    engine = Engine(teacher, settings.teacher.name, shelf, project.ledger, "eval", settings.seed)
    plays = []
    for persona, text in missing:
        rng = np.random.default_rng(int(fingerprint([settings.seed, split, persona], 15), 16))
        done = finished.keeper(keys[persona], cost.calls)
        plays.append(Play(persona, text, strategy.play(items.ids, rng), done))
    if not plays:
        return Tally()
    label_text = f"Tournaments, {split}"
    try:
        return engine.run(plays, len(plays) * cost.calls, label_text, progress)
    finally:
        finished.store()


class _Finished:
    """Standings on their way into the project, stored in groups of tournaments."""

    def __init__(self, project: Project, split: str) -> None:
        self._project = project
        self._split = split
        self._rows: list[dict[str, Any]] = []

    def keeper(self, key: str, calls: int) -> Callable[[Play, Ranking | None], None]:
        def keep(play: Play, standings: Ranking | None) -> None:
            if play.failed * 2 > calls:
                return  # a failed answer is no vote: these standings would be chance
            self._rows.append(
                {
                    "key": key,
                    "split": self._split,
                    "persona_id": play.persona_id,
                    "teacher": self._project.settings.teacher.name,
                    "strategy": self._project.settings.strategy.name,
                    "levels": [list(level) for level in standings or ()],
                    "calls": calls,
                    "failed": play.failed,
                    "made_at": time.time(),
                }
            )

        return keep

    def store(self) -> None:
        rows, self._rows = self._rows, []
        self._project.standings.append(rows)


def _sample(column: Any, most: int) -> Any:
    """At most `most` of the items or personas, always the same ones: by the hash of their ids."""
    if len(column) <= most:
        return column
    order = sorted(range(len(column)), key=lambda position: fraction("evaluation", column.ids[position]))
    return column.take(sorted(order[:most]))


def _shelf(project: Project, items: Items, teacher: Teacher) -> Shelf:
    if teacher.uses_text and not teacher.uses_images and not any(items.texts):
        raise UsageError(
            f"The teacher {project.settings.teacher.name} ranks by text, and no item has any.",
            "Add the catalog with --title-field or --text-field, or use a teacher that looks at pictures.",
        )
    return Shelf(items, teacher, project.pictures)


def _require(condition: bool, what: str, hint: str) -> None:
    if not condition:
        raise MissingArtifactError(f"The project has {what}.", hint)


def _blocks(personas: int, items: int) -> list[slice]:
    size = max(1, SCORES_AT_ONCE // max(items, 1))
    return [slice(start, min(start + size, personas)) for start in range(0, personas, size)]


def _outcome(tally: Tally, more: dict[str, Any], warnings: list[str] | None = None) -> Outcome:
    result = {
        "calls": tally.calls,
        "images": tally.images,
        "cached": tally.cached,
        "failed": tally.failed,
        "tokens": tally.tokens,
        **more,
    }
    failures = [{"id": f"{count} questions", "error": error} for error, count in tally.errors.items()]
    return Outcome(result, failures if tally.failed else [], warnings or [])
