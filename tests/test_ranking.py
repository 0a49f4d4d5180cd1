"""Rankings from scores, grades from rankings, and the Bradley-Terry fit.

Expected numbers are derived beside each test.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill.ranking import bradley_terry, from_scores, grades, validate

scores_lists = st.lists(st.floats(-5, 5) | st.sampled_from([0.0, 1.0]), max_size=12)


def test_from_scores_ties_equal_scores_in_the_order_given() -> None:
    assert from_scores(["a", "b", "c", "d"], [0.1, 0.9, 0.1, 0.5]) == (("b",), ("d",), ("a", "c"))


def test_from_scores_measures_from_the_best_of_a_level() -> None:
    # .0, -.6, -1.2 with tolerance 1: b is within 1 of a; c is within 1 of b but 1.2 below a, so it begins a level.
    assert from_scores(["c", "b", "a"], [-1.2, -0.6, 0.0], tolerance=1.0) == (("b", "a"), ("c",))


def test_from_scores_with_no_tolerance_ties_only_what_is_equal() -> None:
    assert from_scores(["a", "b", "c"], [1.0, 1.0 + 1e-9, 1.0], tolerance=0) == (("b",), ("a", "c"))


def test_from_scores_takes_infinities() -> None:
    assert from_scores(["a", "b", "c"], [-math.inf, 0.0, -math.inf]) == (("b",), ("a", "c"))


@pytest.mark.parametrize("scores", [[1.0], [1.0, math.nan]])
def test_from_scores_refuses_what_it_cannot_order(scores: list[float]) -> None:
    with pytest.raises(ValueError, match=r"2 ids but 1 scores|NaN"):
        from_scores(["a", "b"], scores)


@given(scores_lists)
def test_from_scores_agrees_with_every_pair(scores: list[float]) -> None:
    ids = tuple(map(str, range(len(scores))))
    ranking = from_scores(ids, scores, tolerance=1e-6)
    assert validate(ranking, ids)
    level = {each: number for number, ids_here in enumerate(ranking) for each in ids_here}
    for one, left in zip(ids, scores, strict=True):
        for other, right in zip(ids, scores, strict=True):
            if left > right + 1e-6:
                assert level[one] < level[other]
            if left == right:
                assert level[one] == level[other]


@pytest.mark.parametrize(
    ("ranking", "valid"),
    [
        ((("a",), ("b", "c")), True),
        ((("a",), ("b",)), False),  # c is missing
        ((("a",), ("b",), ("c", "a")), False),  # a stands twice
        ((("a",), ("a",), ("c",)), False),  # a stands twice, b is missing
        ((("a",), ("b",), ("c",), ("d",)), False),  # d was not shown
        ((("a", "b", "c"), ()), False),  # an empty level
        ((), False),
    ],
)
def test_validate_wants_every_id_once(ranking: tuple[tuple[str, ...], ...], valid: bool) -> None:
    assert validate(ranking, ("c", "a", "b")) is valid


def test_grades_share_the_mean_rank_of_a_level() -> None:
    # Ranks from 0: b has 0; a and d share 1 and 2, mean 1.5; c has 3.
    assert grades((("b",), ("a", "d"), ("c",)), ("a", "b", "c", "d")) == [-1.5, 0.0, -3.0, -1.5]
    assert math.copysign(1, grades((("b",),), ("b",))[0]) == 1  # 0.0 and not -0.0


def test_grades_refuse_a_ranking_of_other_items() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        grades((("a",), ("b",)), ("a", "c"))


@given(scores_lists)
def test_grades_sum_to_that_of_a_strict_order(scores: list[float]) -> None:
    ids = tuple(map(str, range(len(scores))))
    # Sharing mean ranks leaves the sum 0 + 1 + ... + (M - 1) = M (M - 1) / 2 as it is.
    assert sum(grades(from_scores(ids, scores), ids)) == pytest.approx(-len(ids) * (len(ids) - 1) / 2)


def test_bradley_terry_two_items() -> None:
    # By symmetry theta = (x, -x). The derivative in x of log sigma(2x) - ridge / 2 * 2 x^2 is
    # 2 sigma(-2x) - 2 ridge x, which is 0 at x = 1 for ridge = sigma(-2) = 1 / (1 + e^2).
    np.testing.assert_allclose(bradley_terry(2, np.array([[1, 0]]), 1 / (1 + math.e**2)), [-1, 1], atol=1e-8)
    # Three wins and one loss: 2 (3 sigma(-2x) - sigma(2x)) = 2 ridge x; at x = 1/4:
    # ridge = 4 (3 sigma(-.5) - sigma(.5)) = 4 (3 * .3775406688 - .6224593312) = 2.0406507.
    wins = np.array([[0, 1], [0, 1], [1, 0], [0, 1]])
    np.testing.assert_allclose(bradley_terry(2, wins, 2.0406507), [0.25, -0.25], atol=1e-7)


@settings(deadline=None)
@given(
    st.integers(2, 30).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1])),
            st.sampled_from([0.001, 0.05, 1.0]),
        )
    )
)
def test_bradley_terry_ends_where_the_gradient_is_zero(case: tuple[int, list[tuple[int, int]], float]) -> None:
    n, wins, ridge = case
    theta = bradley_terry(n, np.array(wins, dtype=int).reshape(-1, 2), ridge)
    gradient = -ridge * theta
    for winner, loser in wins:
        surprise = 1 / (1 + math.exp(theta[winner] - theta[loser]))
        gradient[winner] += surprise
        gradient[loser] -= surprise
    # The posterior is strictly concave, so the one point without a gradient is its maximum.
    assert np.abs(gradient).max() < 1e-6


def test_bradley_terry_finds_the_strengths_that_made_the_wins() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=20)
    pairs = np.array([pair for pair in rng.integers(0, 20, (20_000, 2)) if pair[0] != pair[1]])
    first_wins = rng.random(len(pairs)) < 1 / (1 + np.exp(truth[pairs[:, 1]] - truth[pairs[:, 0]]))
    wins = np.where(first_wins[:, None], pairs, pairs[:, ::-1])
    # Each item is in about 2,000 comparisons of variance about .2, so the error is about 1 / sqrt(400) = .05.
    np.testing.assert_allclose(bradley_terry(20, wins), truth - truth.mean(), atol=0.2)


def test_bradley_terry_of_one_who_beats_all_is_finite_and_first() -> None:
    wins = np.array([[0, other] for other in range(1, 200) for _ in range(50)])
    theta = bradley_terry(256, wins)
    assert np.isfinite(theta).all()
    assert theta.argmax() == 0
    assert (theta[200:] == 0).all()


@pytest.mark.parametrize("n", [0, 1, 3])
def test_bradley_terry_without_wins_is_zero(n: int) -> None:
    assert bradley_terry(n, np.zeros((0, 2), dtype=int)).tolist() == [0.0] * n


@pytest.mark.parametrize(
    ("wins", "ridge", "word"),
    [([[0, 1]], 0.0, "ridge"), ([[0, 2]], 0.05, "outside"), ([[-1, 0]], 0.05, "outside"), ([[1, 1]], 0.05, "itself")],
)
def test_bradley_terry_refuses_what_makes_no_sense(wins: list[list[int]], ridge: float, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        bradley_terry(2, np.array(wins), ridge)
