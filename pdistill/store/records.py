"""What stages read from the project: items, personas, student versions, as plain columns in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TRAIN, TEST = "train", "test"

CELLS: dict[str, tuple[str, str]] = {
    "in-domain": (TRAIN, TRAIN),
    "new-personas": (TEST, TRAIN),
    "new-items": (TRAIN, TEST),
    "new-both": (TEST, TEST),
}
"""The four splits of the evaluation: name -> (split of the personas, split of the items)."""


@dataclass(frozen=True)
class Items:
    """Catalog items as parallel columns, ordered by id.

    Attributes:
        hashes: SHA-256 of each source picture; the key of its features.
        texts: title and description as one text, empty if the catalog has none.
        splits: `train` or `test`.
    """

    ids: list[str]
    hashes: list[str]
    titles: list[str]
    texts: list[str]
    splits: list[str]
    sources: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, positions: list[int]) -> Items:
        """The items at these positions."""
        columns = (self.ids, self.hashes, self.titles, self.texts, self.splits, self.sources)
        return Items(*([column[position] for position in positions] for column in columns))

    def of(self, split: str) -> Items:
        return self.take([position for position, own in enumerate(self.splits) if own == split])


@dataclass(frozen=True)
class Personas:
    """Personas as parallel columns, ordered by id."""

    ids: list[str]
    texts: list[str]
    splits: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(zip(self.ids, self.texts, strict=True))

    def take(self, positions: list[int]) -> Personas:
        columns = (self.ids, self.texts, self.splits)
        return Personas(*([column[position] for position in positions] for column in columns))

    def of(self, split: str) -> Personas:
        return self.take([position for position, own in enumerate(self.splits) if own == split])


@dataclass(frozen=True)
class Version:
    """One version of a student; version 0 is the student as it comes.

    Attributes:
        id: `NAME-vNUMBER`.
        cycle: how many times the student has been trained on the way here.
        teacher: whose rankings it learned from, empty for version 0.
        rankings: how many.
        made_from: the fingerprint of everything that decided its weights; the same is never trained twice.
        weights: file name below `weights/`, empty for version 0.
        notes: numbers from the training.
    """

    id: str
    name: str
    number: int
    cycle: int
    teacher: str
    recipe: str
    loss: str
    rankings: int
    made_from: str
    weights: str = ""
    weights_sha256: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    made_at: float = 0.0


def version_zero(name: str) -> Version:
    """The student as it comes: needs no row and no weights."""
    return Version(f"{name}-v0", name, 0, 0, "", "", "", 0, "")
