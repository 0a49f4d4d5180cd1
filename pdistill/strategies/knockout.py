"""The single-elimination knockout, pairwise in the paper and with larger groups here.

It must not know the teacher, the ledger, or any other strategy.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from pdistill.contracts import Cost, Group, Ranking
from pdistill.strategies.groups import Exit, Field, check_group_size, eliminate, round_cost

if TYPE_CHECKING:
    import numpy as np


class Knockout:
    """The best of each group plays on until one is left.

    Items that the teacher ties with the best of their group are merged with it, so all that tie with the winner share
    the first level. Those who left in the same round stand by their place in their group, then by how far the best of
    that group came.

    Args:
        group_size: items per call, at least 2; the paper asks about pairs.
    Raises: ValueError if group_size is below 2.
    Source: arXiv 2510.12014, evaluation (pairs); larger groups and the order below the winner are ours.
    """

    def __init__(self, group_size: int = 2) -> None:
        self.group_size = check_group_size(group_size)

    def plan(self, n: int) -> Cost:
        """The cost of n items; calls and images do not depend on ties."""
        calls = images = rounds = 0
        while n > 1:
            cost = round_cost(n, self.group_size)
            calls, images, rounds = calls + cost.calls, images + cost.images, rounds + cost.rounds
            n = -(-n // self.group_size)
        return Cost(calls, images, rounds)

    def play(
        self, items: Sequence[str], rng: np.random.Generator
    ) -> Generator[list[Group], list[Ranking | None], Ranking]:
        """Yield one round at a time; a group without a valid answer lets a random item play on.

        Raises: ValueError if an id stands twice in `items`.
        """
        field = Field(items)
        left = list(range(len(items)))
        stages: list[list[Exit]] = []
        while len(left) > 1:
            left, exits = yield from eliminate(field, left, self.group_size, 1, rng)
            stages.append(exits)
        return field.standings(left, stages)
