"""The field of a tournament: how it is cut into groups, who was merged by a tie, and who left at which stage.

It must not know which strategy plays, nor where the rankings come from.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from pdistill.contracts import Cost, Group, Ranking

Asking: TypeAlias = Generator[list[Group], list[Ranking | None], "Heat"]
"""A stage that asks for groups and ends with who is left."""


class Exit(NamedTuple):
    """Who left a stage: sorted by place, then by how far the item that won over it came in the end."""

    place: int
    behind: int
    who: int


class Heat(NamedTuple):
    """What one stage leaves: those who play on, best first where the stage knows, and those who left."""

    survivors: list[int]
    exits: list[Exit]


def check_group_size(group_size: int) -> int:
    """Give back a usable group size. Raises ValueError if it is not a whole number of at least 2."""
    if isinstance(group_size, bool) or not isinstance(group_size, int) or group_size < 2:
        raise ValueError(f"group_size must be a whole number of at least 2, not {group_size!r}")
    return group_size


def balanced_groups(members: Sequence[int], size: int, rng: np.random.Generator) -> list[list[int]]:
    """Shuffle and deal into ceil(n / size) groups whose sizes differ by at most one, in the order to show."""
    shuffled = rng.permutation(np.asarray(members, dtype=np.int64)).tolist()
    count = -(-len(shuffled) // size)
    return [shuffled[first::count] for first in range(count)]


def round_cost(n: int, size: int) -> Cost:
    """The cost of showing n items once in balanced groups; a group of one needs no call."""
    count = -(-n // size)
    alone = max(0, 2 * count - n)
    return Cost(calls=count - alone, images=n - alone, rounds=int(count > alone))


class Field:
    """The items of one tournament by number; items that the teacher tied are merged and only one plays on.

    Raises: ValueError if an id stands twice in `items`.
    """

    def __init__(self, items: Sequence[str]) -> None:
        self.ids = tuple(items)
        self.number = {each: number for number, each in enumerate(self.ids)}
        if len(self.number) != len(self.ids):
            raise ValueError("an item stands twice in the field of a tournament")
        self._parent = list(range(len(self.ids)))

    def find(self, number: int) -> int:
        """The item that plays for this one, itself unless it was merged."""
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def merge(self, keep: int, other: int) -> None:
        """From now on `keep` plays for `other` too; both must stand for themselves."""
        self._parent[other] = keep

    def shown(self, group: Sequence[int]) -> Group:
        """A group as the teacher gets it."""
        return tuple(self.ids[number] for number in group)

    def levels(self, ranking: Ranking) -> list[list[int]]:
        """A ranking by number."""
        return [[self.number[each] for each in level] for level in ranking]

    def standings(self, finalists: Sequence[int], stages: Sequence[Sequence[Exit]]) -> Ranking:
        """All items in levels, best first: the finalists, then those who left, the last stage first.

        Args:
            finalists: those who never left, best first.
            stages: who left in each stage, the first stage first.
        """
        order = list(finalists)
        for exits in reversed(stages):
            rank = {number: position for position, number in enumerate(order)}
            leaving = sorted(exits, key=lambda left: (left.place, rank[self.find(left.behind)]))
            order += [left.who for left in leaving]
        merged: dict[int, list[str]] = {number: [] for number in order}
        for number, each in enumerate(self.ids):
            merged[self.find(number)].append(each)
        return tuple(tuple(merged[number]) for number in order)


def eliminate(field: Field, members: Sequence[int], size: int, advance: int, rng: np.random.Generator) -> Asking:
    """One call per group; the best `advance` levels play on, one item for each level.

    A group of one plays on without a call. An answer that is None counts as a random order.
    """
    groups = balanced_groups(members, size, rng)
    survivors = [group[0] for group in groups if len(group) == 1]
    asked = [group for group in groups if len(group) > 1]
    exits: list[Exit] = []
    answers = yield [field.shown(group) for group in asked]
    for group, ranking in zip(asked, answers, strict=True):
        if ranking is None:
            places = rng.permutation(group).tolist()
        else:
            places = []
            for first, *others in field.levels(ranking):
                for other in others:
                    field.merge(first, other)
                places.append(first)
        survivors += places[:advance]
        exits += [Exit(place, places[0], who) for place, who in enumerate(places[advance:])]
    return Heat(survivors, exits)
