"""What every tournament must keep whatever the teacher answers, and what each strategy is for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill.contracts import Cost, Ranking, Strategy
from pdistill.strategies.groups import Field, balanced_groups, eliminate
from pdistill.strategies.knockout import Knockout
from pdistill.strategies.successive_halving import SuccessiveHalving
from tests.strategies.simulated import Simulated, rank_of_winner

SHAPES = [(Knockout, 2), (Knockout, 3), (Knockout, 8)] + [(SuccessiveHalving, k) for k in (2, 3, 4, 5, 8, 10)]
strategies = st.sampled_from([make(size) for make, size in SHAPES])
# Beyond 32 k the quick groups come first: from 65 items for k = 2, from 257 for k = 8.
sizes = st.integers(0, 40) | st.integers(41, 600)
seeds = st.integers(0, 10_000)


def distinct(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(n).astype(float)


def play(strategy: Strategy, n: int, answers: list[list[Ranking | None]]) -> Ranking:
    """Play n items a, b, c, ... with these answers, round by round."""
    tournament = strategy.play("abcdefgh"[:n], np.random.default_rng(0))
    next(tournament)
    with pytest.raises(StopIteration) as stop:
        for each in answers:
            tournament.send(each)
    return stop.value.value


@settings(deadline=None)
@given(strategies, sizes, seeds)
def test_noiseless_teacher_gets_its_best_at_the_planned_cost(strategy: Strategy, n: int, seed: int) -> None:
    teacher = Simulated(distinct(n, seed))
    standings = teacher.judge(strategy, seed)
    assert sorted(standings) == sorted((str(number),) for number in range(n))
    assert Cost(len(teacher.calls), teacher.images, len(teacher.rounds)) == strategy.plan(n)
    if n:
        assert rank_of_winner(standings, teacher.utilities) == 0


@settings(deadline=None)
@given(strategies, sizes, seeds, st.sampled_from([0.0, 0.1, 1.0]))
def test_every_item_is_shown_and_none_twice_in_a_call(strategy: Strategy, n: int, seed: int, lost: float) -> None:
    teacher = Simulated(distinct(n, seed), noise=n / 10, lost=lost, seed=seed)
    standings = teacher.judge(strategy, seed)
    assert sorted(standings) == sorted((str(number),) for number in range(n))
    assert Cost(len(teacher.calls), teacher.images, len(teacher.rounds)) == strategy.plan(n)
    assert all(len(set(group)) == len(group) for group in teacher.calls)
    assert all(2 <= len(group) <= strategy.group_size for group in teacher.calls)
    if n > 1:
        assert len({each for group in teacher.calls for each in group}) == n


@settings(max_examples=200, deadline=None)
@given(strategies, sizes, seeds, st.integers(1, 12))
def test_all_that_tie_with_the_best_share_the_first_level(
    strategy: Strategy, n: int, seed: int, distinct_values: int
) -> None:
    utilities = np.random.default_rng(seed).integers(0, distinct_values, n).astype(float)
    teacher = Simulated(utilities)
    standings = teacher.judge(strategy, seed)
    assert sorted(each for level in standings for each in level) == sorted(map(str, range(n)))
    for level in standings:
        assert len({utilities[int(each)] for each in level}) == 1
    if n:
        assert {int(each) for each in standings[0]} == set(np.flatnonzero(utilities == utilities.max()))
    plan = strategy.plan(n)
    assert all(teacher.rounds)
    assert len(teacher.calls) <= plan.calls
    assert teacher.images <= plan.images
    assert len(teacher.rounds) <= plan.rounds


def test_ties_make_successive_halving_cheaper() -> None:
    teacher = Simulated(np.zeros(600))
    assert teacher.judge(SuccessiveHalving(8)) == (tuple(map(str, range(600))),)
    # 75 quick calls melt 600 items to 75, where the plan has 150. The next stage shows each in 2 * ceil(75 / 8) = 20
    # calls, which with this seed link all of them, and no further stage is asked for.
    assert [len(each) for each in teacher.rounds] == [75, 20]
    assert SuccessiveHalving(8).plan(600).calls == 75 + 2 * 19 + 4 * 5 + 11 * 2 + 2


@settings(deadline=None)
@given(strategies, sizes, seeds)
def test_same_seed_same_tournament(strategy: Strategy, n: int, seed: int) -> None:
    one, other = (Simulated(distinct(n, seed), noise=n / 10, seed=seed) for _ in range(2))
    assert one.judge(strategy, seed) == other.judge(strategy, seed)
    assert one.rounds == other.rounds


@given(st.integers(0, 300), st.integers(2, 12), seeds)
def test_balanced_groups_deal_everyone_once(n: int, size: int, seed: int) -> None:
    groups = balanced_groups(range(n), size, np.random.default_rng(seed))
    assert sorted(each for group in groups for each in group) == list(range(n))
    assert len(groups) == -(-n // size)
    assert not groups or max(map(len, groups)) <= size
    assert not groups or max(map(len, groups)) - min(map(len, groups)) <= 1


@given(st.integers(2, 200), st.integers(3, 10), seeds)
def test_two_advancing_never_lose_the_best_to_a_first_position_bias(n: int, size: int, seed: int) -> None:
    teacher = Simulated(distinct(n, seed), bias=lambda position: 1e6 if position == 0 else 0)
    field = Field(list(map(str, range(n))))
    stage = eliminate(field, range(n), size, 2, np.random.default_rng(seed))
    with pytest.raises(StopIteration) as stop:
        stage.send(teacher.answer(next(stage)))
    assert int(teacher.utilities.argmax()) in stop.value.value.survivors


@pytest.mark.parametrize("strategy", [Knockout(2), Knockout(4), SuccessiveHalving(2), SuccessiveHalving(4)])
def test_bias_alone_makes_no_slot_win_more(strategy: Strategy) -> None:
    wins = np.zeros(8)
    for seed in range(400):
        # All are equal, and each call is ranked as shown.
        wins[int(Simulated(np.zeros(8), bias=lambda position: -position).judge(strategy, seed)[0][0])] += 1
    # 50 expected for each of 8; chi-square with 7 degrees of freedom is above 24.3 once in a thousand.
    assert ((wins - 50) ** 2 / 50).sum() < 24.3


def test_successive_halving_beats_pairs_with_a_fifth_of_the_calls() -> None:
    ranks: dict[type, list[int]] = {Knockout: [], SuccessiveHalving: []}
    for seed in range(12):
        utilities = np.random.default_rng(seed).normal(size=2048)
        for strategy in (Knockout(2), SuccessiveHalving(8)):
            teacher = Simulated(utilities, noise=0.5, seed=seed)
            ranks[type(strategy)].append(rank_of_winner(teacher.judge(strategy, seed), utilities))
    assert np.mean(ranks[SuccessiveHalving]) < np.mean(ranks[Knockout])
    assert SuccessiveHalving(8).plan(2048).calls <= Knockout(2).plan(2048).calls / 5


@pytest.mark.parametrize(
    ("strategy", "n", "cost"),
    [
        # 512 + 128 quick calls, then 2 * 32, 4 * 8, 11 * 2 and 2.
        # Images: 4096 + 1024 + 2 * 256 + 4 * 64 + 11 * 16 + 2 * 8.
        (SuccessiveHalving(8), 4096, Cost(760, 6080, 6)),
        # 2 * ceil(17 / 8) to go from 17 to 16, then 11 * 2 and 2; images 34 + 176 + 16.
        (SuccessiveHalving(8), 17, Cost(30, 226, 3)),
        (SuccessiveHalving(8), 8, Cost(2, 16, 1)),
        # Five in pairs: 5 -> 4 in two rounds of two pairs with one alone, 4 -> 2 in eleven of two, and the final two.
        (SuccessiveHalving(2), 5, Cost(4 + 22 + 2, 8 + 44 + 4, 3)),
        (Knockout(2), 4096, Cost(4095, 8190, 12)),
        (Knockout(2), 5, Cost(4, 8, 3)),
        # ceil(4096 / 8) + ceil(512 / 8) + ceil(64 / 8) + ceil(8 / 8) = 585; images calls + n - 1.
        (Knockout(8), 4096, Cost(585, 4680, 4)),
    ],
)
def test_plan_of_known_sizes(strategy: Strategy, n: int, cost: Cost) -> None:
    assert strategy.plan(n) == cost


@given(st.integers(1, 5000), st.integers(3, 12))
def test_knockout_plan_keeps_its_identities(n: int, size: int) -> None:
    calls, left = 0, n
    while left > 1:
        calls, left = calls + -(-left // size), -(-left // size)
    assert Knockout(size).plan(n).calls == calls
    # Every call keeps one of those it shows, and all but one go.
    assert Knockout(size).plan(n).images == calls + n - 1


@pytest.mark.parametrize("strategy", [Knockout(), SuccessiveHalving()])
def test_nothing_and_one_need_no_call(strategy: Strategy) -> None:
    for items, standings in (([], ()), (["a"], (("a",),))):
        with pytest.raises(StopIteration) as stop:
            next(strategy.play(items, np.random.default_rng(0)))
        assert stop.value.value == standings
        assert strategy.plan(len(items)) == Cost(0, 0, 0)


def test_knockout_ranks_the_losers_by_who_beat_them() -> None:
    tournament = Knockout(2).play("abcd", np.random.default_rng(0))
    (one, two), (three, four) = next(tournament)
    assert tournament.send([((one,), (two,)), ((three,), (four,))]) in ([(one, three)], [(three, one)])
    with pytest.raises(StopIteration) as stop:
        tournament.send([((three,), (one,))])
    # Four lost to the winner, two to the runner-up.
    assert stop.value.value == ((three,), (one,), (four,), (two,))


def test_knockout_keeps_losers_tied_in_one_level() -> None:
    assert play(Knockout(4), 4, [[(("c",), ("a", "d"), ("b",))]]) == (("c",), ("a", "d"), ("b",))


def test_finalists_meet_in_one_order_and_its_reverse() -> None:
    for n in range(2, 9):
        once, again = next(SuccessiveHalving(8).play("abcdefgh"[:n], np.random.default_rng(n)))
        assert again == once[::-1]
        assert sorted(once) == list("abcdefgh"[:n])


def test_a_lost_answer_is_no_evidence_in_a_fitted_stage() -> None:
    assert play(SuccessiveHalving(8), 3, [[None, (("b",), ("c",), ("a",))]]) == (("b",), ("c",), ("a",))


def test_a_tie_that_another_call_ordered_is_left_to_the_fit() -> None:
    # b and c tie once and c is above b once: two items, and c is the stronger.
    answers: list[list[Ranking | None]] = [[(("a",), ("b", "c")), (("a",), ("c",), ("b",))]]
    assert play(SuccessiveHalving(8), 3, answers) == (("a",), ("c",), ("b",))
    # Tied in one call, and the other was lost: they are one.
    assert play(SuccessiveHalving(8), 3, [[(("a",), ("b", "c")), None]]) == (("a",), ("b", "c"))


def test_ties_do_not_join_two_that_a_call_ordered() -> None:
    tournament = SuccessiveHalving(2).play("abc", np.random.default_rng(1))
    groups = next(tournament)
    assert {frozenset(group) for group in groups} == {frozenset("ab"), frozenset("bc"), frozenset("ac")}
    # a = b and b = c, but a is above c: b goes with one of them, and they meet in the final.
    # b leads both ties, so it plays for the first of the two and must know how that one stood to the other.
    tied = [(tuple(sorted(group, key=lambda each: each != "b")),) for group in groups]
    final = tournament.send(
        [(("a",), ("c",)) if set(group) == {"a", "c"} else tie for group, tie in zip(groups, tied, strict=True)]
    )
    assert len(final[0]) == 2
    with pytest.raises(StopIteration) as stop:
        tournament.send([None, None])
    assert stop.value.value in ((("a", "b"), ("c",)), (("a",), ("b", "c")))


def test_a_lost_answer_lets_any_of_the_group_play_on() -> None:
    winners = {Simulated(np.arange(4.0), lost=1.0).judge(Knockout(4), seed)[0] for seed in range(60)}
    # One of 4 stays away in 60 tournaments with probability .75 ** 60 < 1e-7.
    assert winners == {("0",), ("1",), ("2",), ("3",)}


def test_the_never_beaten_go_before_the_strong() -> None:
    tournament = SuccessiveHalving(2).play("abc", np.random.default_rng(1))
    lost, won = (("c",), ("b",)), (("b",), ("c",))
    # All calls with a are lost, so its strength is 0. b and c met often; b won all but the first: it is above 0.
    meetings = [set(group) == {"b", "c"} for group in next(tournament)]
    assert sum(meetings) >= 3  # so with this seed
    answers = [(won if any(meetings[:at]) else lost) if met else None for at, met in enumerate(meetings)]
    assert [sorted(group) for group in tournament.send(answers)] == [["a", "b"], ["a", "b"]]
    with pytest.raises(StopIteration) as stop:
        tournament.send([None, None])
    assert stop.value.value == (("a",), ("b",), ("c",))


@pytest.mark.parametrize("strategy", [Knockout, SuccessiveHalving])
def test_strategies_refuse_wrong_options_and_items(strategy: type[Knockout] | type[SuccessiveHalving]) -> None:
    for wrong in (1, 0, -3, True, 2.5):
        with pytest.raises(ValueError, match="group_size"):
            strategy(group_size=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="twice"):
        next(strategy().play(["a", "b", "a"], np.random.default_rng(0)))
