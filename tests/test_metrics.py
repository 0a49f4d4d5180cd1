from __future__ import annotations

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill import statistics
from pdistill.metrics import METRICS, TOP, measure, measure_all


def falling(n: int) -> np.ndarray:
    """Scores under which item i is the student's number i, from 0."""
    return -np.arange(n, dtype=np.float32)


def test_percentile_rank_of_one_winner() -> None:
    # Item 3 of 20 has 3 items above it: 1 - 3/20 = 85 %.
    assert measure(falling(20), [[3]])["percentile_rank"] == pytest.approx(85)
    assert measure(falling(20), [[0]])["percentile_rank"] == pytest.approx(100)
    # The last of 20 has 19 above it: 1 - 19/20 = 5 %, never 0.
    assert measure(falling(20), [[19]])["percentile_rank"] == pytest.approx(5)


def test_percentile_rank_counts_tied_scores_as_mid_rank() -> None:
    # Item 1 ties with 2 and 3 for the ranks 1, 2, 3, so its mid-rank is 2: 1 - 2/8 = 75 %.
    scores = np.array([9, 5, 5, 5, 4, 3, 2, 1])
    assert measure(scores, [[1]])["percentile_rank"] == pytest.approx(75)
    # All 8 tie: mid-rank (0 + ... + 7)/8 = 3.5, 1 - 3.5/8 = 56.25 %, wherever the winner is stored.
    assert {measure(np.zeros(8), [[winner]])["percentile_rank"] for winner in range(8)} == {56.25}


def test_percentile_rank_averages_tied_winners() -> None:
    # Ranks 0 and 5 of 10: (100 + 50)/2.
    assert measure(falling(10), [[0, 5], [1]])["percentile_rank"] == pytest.approx(75)


def test_only_ranked_items_count_as_winners_or_top() -> None:
    # The teacher ranked two of 100 items, at the student's ranks 10 and 30: (90 + 70)/2; neither is in its best ten.
    result = measure(falling(100), [[10], [30]])
    assert result["percentile_rank"] == pytest.approx(90)
    assert result["top10_percentile"] == pytest.approx(80)
    assert result["recall@10"] == 0


def test_top10_shares_the_last_places_within_a_straddling_level() -> None:
    # 8 clear places at ranks 0..7, then 4 items tied for 2 places: each counts 1/2. Their ranks: 8, 9, 10, 11 of 100.
    levels = [[place] for place in range(8)] + [[8, 9, 10, 11], [50]]
    result = measure(falling(100), levels)
    # Percentiles: sum of 100 - rank is 800 - 28 = 772 for the clear ones, (92 + 91 + 90 + 89)/2 = 181 for the others.
    assert result["top10_percentile"] == pytest.approx((772 + 181) / 10)
    # 8 found, and of the two last places half of item 8 and half of item 9.
    assert result["recall@10"] == pytest.approx(0.9)


def test_all_tied_winners_count_even_beyond_ten() -> None:
    # 20 winners at the ranks 0..19 of 40: the mean rank is 9.5, 1 - 9.5/40 = 76.25 %, for the winner and for the top.
    result = measure(falling(40), [list(range(20)), [30]])
    assert result["percentile_rank"] == pytest.approx(76.25)
    assert result["top10_percentile"] == pytest.approx(76.25)
    # 20 items share 10 places, the student's best 10 are all among them: each is there with 1/2, so 5 of 10.
    assert result["recall@10"] == pytest.approx(0.5)


def test_recall_shares_the_students_boundary_ties() -> None:
    # Nine clear, then items 9..12 tie for the tenth place: item 12 is in with 1/4, item 0 for sure.
    scores = np.concatenate((falling(9) + 100, np.zeros(4), falling(7) - 1))
    assert measure(scores, [[0], [12]])["recall@10"] == pytest.approx((1 + 1 / 4) / 2)


def test_mrr_takes_the_best_placed_winner() -> None:
    # Winners at the ranks 3 and 7: 1/4.
    assert measure(falling(10), [[7, 3], [0]])["mrr"] == pytest.approx(0.25)


def test_mrr_is_expected_over_tied_scores() -> None:
    # One winner ties with one other for the ranks 0 and 1: (1 + 1/2)/2.
    assert measure(np.array([1, 1, 0]), [[1]])["mrr"] == pytest.approx(3 / 4)
    # Two winners among three tied: the first is at rank 0 with 2/3 and at rank 1 with 1/3: 2/3 + 1/6.
    assert measure(np.array([1, 1, 1, 0]), [[0, 2]])["mrr"] == pytest.approx(5 / 6)


def test_a_catalog_smaller_than_ten() -> None:
    result = measure(falling(3), [[0], [1], [2]])
    # All 3 are in both tops; percentiles 100, 66.67, 33.33.
    assert result["recall@10"] == 1
    assert result["top10_percentile"] == pytest.approx(200 / 3)


def by_enumeration(scores: list[int], levels: list[list[int]]) -> dict[str, float]:
    """The same numbers the long way: the mean over every order of the tied scores and of the tied levels."""
    students = [
        order for order in permutations(range(len(scores))) if all(scores[a] >= scores[b] for a, b in pairwise(order))
    ]
    teachers = [sum(orders, ()) for orders in product(*(permutations(level) for level in levels))]
    found: dict[str, list[float]] = {"percentile_rank": [], "top10_percentile": [], "recall@10": [], "mrr": []}
    for order in students:
        rank = {item: place for place, item in enumerate(order)}
        found["mrr"].append(1 / (1 + min(rank[winner] for winner in levels[0])))
        for ranked in teachers:
            top = ranked[:TOP]
            found["percentile_rank"].append(100 - 100 * rank[ranked[0]] / len(scores))
            found["top10_percentile"].append(100 - 100 * float(np.mean([rank[i] for i in top])) / len(scores))
            found["recall@10"].append(len(set(top) & set(order[:TOP])) / len(top))
    return {key: float(np.mean(values)) for key, values in found.items()}


@st.composite
def small_cases(draw: st.DrawFn) -> tuple[list[int], list[list[int]]]:
    n = draw(st.integers(1, 5))
    scores = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    ranked = draw(st.permutations(range(n)))[: draw(st.integers(1, n))]
    levels: list[list[int]] = [[]]
    for item in ranked:
        if levels[-1] and draw(st.booleans()):
            levels.append([])
        levels[-1].append(item)
    return scores, levels


@settings(max_examples=80, deadline=None)
@given(small_cases(), st.integers(1, 4))
def test_every_metric_is_the_mean_over_all_orders_of_the_tied(
    case: tuple[list[int], list[list[int]]], top: int
) -> None:
    scores, levels = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pdistill.metrics.TOP", top)
        patch.setitem(by_enumeration.__globals__, "TOP", top)
        assert measure(np.array(scores), levels) == pytest.approx(by_enumeration(scores, levels))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_storage_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 6, size=30).astype(np.float32)
    levels = np.split(rng.permutation(30)[:20], [2, 3, 8, 15])
    moved = rng.permutation(30)
    at = np.argsort(moved)  # item i is now stored at at[i]
    assert measure(scores[moved], [at[level] for level in levels]) == pytest.approx(measure(scores, levels))


def test_measure_all_keeps_the_order_of_personas() -> None:
    found = measure_all(np.stack((falling(10), -falling(10))), [[[0]], [[0]]])
    assert found["percentile_rank"] == pytest.approx([100, 10])
    assert found["mrr"] == pytest.approx([1, 0.1])


def test_every_metric_in_the_table_can_be_measured_and_summed_up() -> None:
    found = measure_all(np.stack((falling(12), falling(12))), [[[0]], [[6]]])
    summed = {name: statistics.AGGREGATES[metric.aggregate](found[metric.key]) for name, metric in METRICS.items()}
    # Percentiles 100 and 50; only the first is a hit: both are among 10 of 12; 1 and 1/7.
    assert summed == pytest.approx(
        {
            "mean_percentile_rank": 75,
            "median_percentile_rank": 75,
            "top10_mean_percentile": 75,
            "recall@10": 1,
            "mrr": (1 + 1 / 7) / 2,
        }
    )


@pytest.mark.parametrize(
    ("scores", "levels", "said"),
    [
        ([1.0, np.nan], [[0]], "NaN"),
        ([[1.0, 2.0]], [[0]], "shape"),
        ([1.0, 2.0], [], "no item"),
        ([1.0, 2.0], [[], []], "no item"),
        ([1.0, 2.0], [[2]], "outside the 2 items"),
        ([1.0, 2.0], [[-1]], "outside"),
        ([1.0, 2.0], [[0], [0]], "twice"),
    ],
)
def test_what_cannot_be_measured_is_refused(scores: list, levels: list, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        measure(np.array(scores), levels)


def test_measure_all_names_the_row_and_wants_all_standings() -> None:
    with pytest.raises(ValueError, match="row 1: the standings hold no item"):
        measure_all(np.zeros((2, 3)), [[[0]], []])
    with pytest.raises(ValueError):
        measure_all(np.zeros((2, 3)), [[[0]]])
