"""Successive halving: quick groups while the field is large, then repeated groups fitted by Bradley-Terry.

It must not know the teacher, the ledger, or any other strategy.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from pdistill import ranking as rankings
from pdistill.contracts import Cost, Group, Ranking
from pdistill.strategies.groups import (
    Asking,
    Exit,
    Field,
    Heat,
    balanced_groups,
    check_group_size,
    eliminate,
    round_cost,
)

QUICK_ABOVE = 32
"""The field is thinned by single calls while it is larger than this many groups' worth of items."""

FIRST_TIMES = 2
"""How often each item is shown in the first fitted stage; doubled from stage to stage."""

SELECT_TIMES = 11
"""How often each item is shown to choose the finalists from two groups' worth of items."""

FINAL_TIMES = 2
"""How often the finalists are shown together: in one order and in its reverse."""

RIDGE = 0.05
DECIMALS = 9
"""Strengths that agree to so many decimals are equal: what is left is rounding, which differs between machines."""


@dataclass(frozen=True)
class _Stage:
    """One stage of the plan: n items in, `keep` out; `times` is 0 for the quick groups."""

    n: int
    keep: int
    times: int


class SuccessiveHalving:
    """Thins the field in stages and spends more calls on those who are left.

    While n > 32 k, one call per group and the best two play on. Then every stage shows each item several times in
    new groups, fits Bradley-Terry strengths to all rankings of such stages so far, and keeps the best: those never
    beaten first, then by strength. The last k meet together in one order and its reverse.

    Items that the teacher ties are merged and one plays for all; in a fitted stage only if no call ordered them. The
    stages stay those of the plan, and a stage is left out when ties have already brought the field down to what it
    would leave, so a tie never makes a tournament dearer. Those who left stand by stage, then by the stage's key.

    For k = 2 one of each pair plays on in the quick groups, and for k < 4 a fitted stage keeps at least ceil(n / k),
    so that the never beaten (at most one per group) always fit in.

    Args:
        group_size: k, items per call, at least 2.
    Raises: ValueError if group_size is below 2.
    Source: ours, after sequential halving (Karnin, Koren and Somekh 2013).
    """

    def __init__(self, group_size: int = 8) -> None:
        self.group_size = check_group_size(group_size)
        self._advance = min(2, group_size - 1)

    def plan(self, n: int) -> Cost:
        """The exact cost of n items without ties: 760 calls and 6,080 images for n = 4,096 and k = 8."""
        calls = images = rounds = 0
        for stage in self._stages(n):
            cost = round_cost(stage.n, self.group_size)
            calls += cost.calls * max(1, stage.times)
            images += cost.images * max(1, stage.times)
            rounds += cost.rounds
        return Cost(calls, images, rounds)

    def _stages(self, n: int) -> list[_Stage]:
        k = self.group_size
        stages: list[_Stage] = []

        def add(keep: int, times: int) -> int:
            stages.append(_Stage(n, keep, times))
            return keep

        while n > QUICK_ABOVE * k:
            n = add(keep=self._advance * -(-n // k), times=0)
        times = FIRST_TIMES
        while n > 2 * k:
            n = add(keep=max(2 * k, -(-n // 4), -(-n // k)), times=times)
            times *= 2
        if n > k:
            n = add(keep=k, times=SELECT_TIMES)
        if n > 1:
            add(keep=1, times=FINAL_TIMES)
        return stages

    def play(
        self, items: Sequence[str], rng: np.random.Generator
    ) -> Generator[list[Group], list[Ranking | None], Ranking]:
        """Yield one stage at a time, for the calls of a stage do not depend on each other.

        A group without a valid answer lets a random two play on in the quick groups, and is no evidence later.

        Raises: ValueError if an id stands twice in `items`.
        """
        field = Field(items)
        left = list(range(len(items)))
        exits: list[list[Exit]] = []
        evidence: _Evidence | None = None
        for stage in self._stages(len(items)):
            if len(left) <= stage.keep:
                continue
            if not stage.times:
                left, leaving = yield from eliminate(field, left, self.group_size, self._advance, rng)
            else:
                evidence = evidence or _Evidence(field, left)
                left, leaving = yield from self._fit(evidence, left, stage, rng)
            exits.append(leaving)
        return field.standings(left, exits)

    def _fit(self, evidence: _Evidence, members: list[int], stage: _Stage, rng: np.random.Generator) -> Asking:
        if len(members) > self.group_size:
            drawn = [group for _ in range(stage.times) for group in balanced_groups(members, self.group_size, rng)]
        else:
            base = rng.permutation(members).tolist()
            # Reversed and not rotated: over each pair of calls all have the same mean position, also two or three.
            drawn = [base[::-1] if number % 2 else base for number in range(stage.times)]
        answers = yield [evidence.field.shown(group) for group in drawn if len(group) > 1]
        evidence.add([answer for answer in answers if answer is not None])
        order = evidence.order(members, rng)
        leaving = [Exit(place, order[0], who) for place, who in enumerate(order[stage.keep :])]
        return Heat(order[: stage.keep], leaving)


class _Evidence:
    """All rankings of the fitted stages, and what they say together."""

    def __init__(self, field: Field, members: Sequence[int]) -> None:
        self.field = field
        self._slot = {number: slot for slot, number in enumerate(members)}
        self._calls: list[list[list[int]]] = []
        self._ordered = np.zeros((len(members), len(members)), dtype=bool)

    def add(self, answers: Sequence[Ranking]) -> None:
        """Take new rankings in, and merge those that some of them tied and none ordered."""
        calls = [self.field.levels(answer) for answer in answers]
        self._calls += calls
        for call in calls:
            for above, below in self._pairs(call):
                self._ordered[above, below] = self._ordered[below, above] = True
        for call in calls:
            for level in call:
                for one, other in combinations(level, 2):
                    self._merge(self.field.find(one), self.field.find(other))

    def _merge(self, keep: int, other: int) -> None:
        slot, gone = self._slot[keep], self._slot[other]
        # Where some call ordered them, the tie was an accident of noise or of position and the fit may decide.
        if slot == gone or self._ordered[slot, gone]:
            return
        self.field.merge(keep, other)
        self._ordered[slot] |= self._ordered[gone]
        self._ordered[:, slot] |= self._ordered[:, gone]

    def _pairs(self, call: list[list[int]]) -> list[tuple[int, int]]:
        """The slots of winner and loser of each pair that the call ordered; merged items count once."""
        levels = [{self._slot[self.field.find(number)] for number in level} for level in call]
        return [pair for above, below in combinations(levels, 2) for pair in product(above, below)]

    def order(self, members: Sequence[int], rng: np.random.Generator) -> list[int]:
        """Those of `members` who still play for themselves, best first: the never beaten, then by strength."""
        left = [number for number in members if self.field.find(number) == number]
        slots = [self._slot[number] for number in left]
        wins = np.array([pair for call in self._calls for pair in self._pairs(call)], dtype=np.int64).reshape(-1, 2)
        strength = rankings.bradley_terry(len(self._slot), wins, RIDGE).round(DECIMALS)[slots]
        beaten = np.isin(slots, wins[:, 1])
        return [left[position] for position in np.lexsort((rng.random(len(left)), -strength, beaten))]
