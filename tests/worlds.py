"""A ledger and a catalog for tests of the engine, which runs on them again and again as the program would.

It must not know any stage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pdistill.contracts import Group, Ranking
from pdistill.engine import Engine, Play, Rounds, Shelf, Tally
from pdistill.store.database import Database
from pdistill.store.ledger import Ledger
from pdistill.store.records import Items
from tests.doubles import Scripted

PERSONAS = [f"A {who} who likes {what}" for who in ("cook", "hiker") for what in ("tents", "kites")]


def catalog(ids: Iterable[str], text: str = "thing {}") -> Items:
    """Items whose texts and pictures hang on their number, not on their id."""
    ids = list(ids)
    numbers = [str(number) for number in range(len(ids))]
    texts = [text.format(number) for number in numbers]
    return Items(ids, [f"hash {number}" for number in numbers], texts, texts, ["train"] * len(ids), ids)


@dataclass
class World:
    """A ledger and a catalog, with engines on them one after the other, as in runs of the program."""

    folder: Path
    items: Items = field(default_factory=lambda: catalog("abcdefghijklmnopqrst"))
    seed: int = 0

    def engine(self, teacher: Scripted) -> Engine:
        shelf = Shelf(self.items, teacher, lambda ids: {each: f"picture of {each}".encode() for each in ids})
        return Engine(teacher, "scripted", shelf, self.ledger(), "train", self.seed)

    def ledger(self) -> Ledger:
        return Ledger(Database(self.folder / "lance"), self.folder / "spool")

    def ask(self, teacher: Scripted, *groups: Group, persona: str = "somebody") -> tuple[list[Ranking | None], Tally]:
        """One round of questions for one persona: what the play was told."""
        told: list[Ranking | None] = []
        tally = self.engine(teacher).run([Play("p", persona, asking([list(groups)], told))], None, "Asking")
        return told, tally

    def tournaments(self, teacher: Scripted, strategy: Any) -> tuple[dict[str, Ranking | None], Tally]:
        """One tournament of all items for each persona."""
        found: dict[str, Ranking | None] = {}

        def keep(play: Play, standings: Ranking | None) -> None:
            assert play.persona not in found
            found[play.persona] = standings

        plays = [
            Play(f"p{number}", persona, strategy.play(self.items.ids, np.random.default_rng(number)), keep)
            for number, persona in enumerate(PERSONAS)
        ]
        return found, self.engine(teacher).run(plays, None, "Tournaments")

    def rows(self, *columns: str) -> list[dict[str, Any]]:
        return self.ledger().rows(["key", *columns], {}).to_pylist()


def asking(rounds: list[list[Group]], told: list[Ranking | None]) -> Rounds:
    """A play that asks these rounds and notes what it is told."""
    for groups in rounds:
        told += yield groups
    return None
