"""The check of a strategy: the plan is exact, nobody is forgotten, and the best wins when the teacher is sure.

It owns the teachers played against, and must not know how a strategy finds its winner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from pdistill.contracts import Cost, Group, Ranking, Strategy
from pdistill.testing.expect import expect, expect_members


def check_strategy(strategy: Strategy) -> None:
    """Play a strategy with teachers that are noiseless, find all items equal, fail at times, or never answer.

    Raises AssertionError in words if a noiseless teacher's best does not win, if the plan is not exact or ties cost
    more, if an item is never shown or shown twice in one group, if the standings are no permutation, or if the same
    seed plays differently.
    """
    expect_members(strategy, Strategy)
    for n in (1, 2, 3, 9, 40, 150):
        worth = {f"i{index}": (index * 67) % 151 for index in range(n)}
        plan = strategy.plan(n)
        standings, cost, groups = _play(strategy, worth)
        best = (max(worth, key=worth.__getitem__),)
        expect(standings[0] == best, f"n = {n}: a noiseless teacher's best does not win")
        expect(cost == plan, f"n = {n}: the plan says {plan}, the play was {cost}")
        shown = {item for group in groups for item in group}
        expect(n == 1 or shown == set(worth), f"n = {n}: an item was never shown")
        expect(_play(strategy, worth)[2] == groups, f"n = {n}: the same seed plays differently")
        tied = _play(strategy, dict.fromkeys(worth, 0))[1]
        expect(tied.calls <= plan.calls, f"n = {n}: ties cost {tied.calls} calls where the plan says {plan.calls}")
        _play(strategy, worth, fails=lambda call: call % 3 == 0)
        _play(strategy, worth, fails=lambda call: True)


def _play(
    strategy: Strategy, worth: Mapping[str, int], fails: Callable[[int], bool] = lambda call: False
) -> tuple[Ranking, Cost, list[Group]]:
    """One tournament of the items in `worth`; answers to calls that fail are None."""
    game = strategy.play(list(worth), np.random.default_rng(5))
    groups: list[Group] = []
    rounds = 0
    limit = 100 * len(worth) + 1000
    try:
        asked = next(game)
        while True:
            rounds += 1
            replies: list[Ranking | None] = []
            for group in asked:
                _check_group(group, worth)
                groups.append(group)
                replies.append(None if fails(len(groups)) else _rank(group, worth))
            expect(len(groups) <= limit, f"no end after {limit} calls for {len(worth)} items")
            asked = game.send(replies)
    except StopIteration as end:
        standings: Ranking = end.value
    placed = [item for level in standings for item in level]
    expect(sorted(placed) == sorted(worth), f"the standings {placed} are no permutation of the items")
    return standings, Cost(len(groups), sum(map(len, groups)), rounds), groups


def _check_group(group: Group, worth: Mapping[str, int]) -> None:
    expect(len(group) > 1, f"the group {group} leaves nothing to compare")
    expect(len(set(group)) == len(group), f"the group {group} shows an item twice")
    expect(set(group) <= set(worth), f"the group {group} shows an item that does not play")


def _rank(group: Group, worth: Mapping[str, int]) -> Ranking:
    values = sorted({worth[item] for item in group}, reverse=True)
    return tuple(tuple(item for item in group if worth[item] == value) for value in values)
