"""A teacher that is only numbers: Plackett-Luce noise, position bias, ties and lost answers, all of a known size.

It stands where the engine and a teacher would stand, and keeps what it was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pdistill.contracts import Group, Ranking, Strategy
from pdistill.ranking import from_scores


@dataclass
class Simulated:
    """Ranks items by utility + Gumbel noise + what the position adds.

    Attributes:
        utilities: the truth, by item number; items are named by their number.
        noise: scale of the Gumbel noise: Plackett-Luce with temperature `noise`; 0 keeps exact ties.
        bias: what a position (from 0) adds to the utility.
        lost: the share of calls without a valid answer.
    """

    utilities: np.ndarray
    noise: float = 0.0
    bias: Callable[[int], float] = lambda position: 0.0
    lost: float = 0.0
    seed: int = 0
    rounds: list[list[Group]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self._values = self.utilities.tolist()

    @property
    def calls(self) -> list[Group]:
        return [group for each in self.rounds for group in each]

    @property
    def images(self) -> int:
        return sum(map(len, self.calls))

    def answer(self, groups: list[Group]) -> list[Ranking | None]:
        self.rounds.append(groups)
        extra = (self.noise * self._rng.gumbel(size=sum(map(len, groups)))).tolist()
        drawn = iter(extra)
        return [
            None
            if self.lost and self._rng.random() < self.lost
            else from_scores(
                group, [self._values[int(each)] + next(drawn) + self.bias(at) for at, each in enumerate(group)]
            )
            for group in groups
        ]

    def judge(self, strategy: Strategy, seed: int = 0) -> Ranking:
        """Play one tournament of all items to its end."""
        play = strategy.play([str(number) for number in range(len(self._values))], np.random.default_rng(seed))
        try:
            groups = next(play)
            while True:
                groups = play.send(self.answer(groups))
        except StopIteration as stop:
            return stop.value


def rank_of_winner(standings: Ranking, utilities: np.ndarray) -> int:
    """The true rank (from 0) of the first item in the standings."""
    return int(np.sum(utilities > utilities[int(standings[0][0])]))
