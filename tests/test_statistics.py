from __future__ import annotations

import numpy as np
import pytest

from pdistill.errors import UsageError
from pdistill.statistics import EXACT_UP_TO, compare, interval


def test_interval_holds_the_truth_about_95_times_of_100() -> None:
    rng = np.random.default_rng(1)
    # 1,500 worlds of 60 personas, true mean 70; the standard error of the coverage is sqrt(.95 * .05 / 1500) = .6 %.
    found = [interval(rng.normal(70, 15, 60), "mean", seed, resamples=400) for seed in range(1500)]
    coverage = np.mean([low <= 70 <= high for _, low, high in found])
    assert 0.92 <= coverage <= 0.97


def test_interval_of_the_median_holds_the_truth() -> None:
    rng = np.random.default_rng(2)
    # Exponential with scale 20 has the median 20 ln 2: skewed, as percentile ranks are.
    truth = 20 * np.log(2)
    found = [interval(rng.exponential(20, 61), "median", seed, resamples=300) for seed in range(800)]
    coverage = np.mean([low <= truth <= high for _, low, high in found])
    assert 0.92 <= coverage <= 0.97


def test_interval_of_two_values_by_hand() -> None:
    # Resamples of (0, 1) have the means 0, 1/2, 1 with chances 1/4, 1/2, 1/4: the 2.5 % and 97.5 % ends are 0 and 1,
    # the 30 % and 70 % ends are both 1/2.
    assert interval(np.array([0, 1])) == (0.5, 0, 1)
    assert interval(np.array([0, 1]), level=0.4) == (0.5, 0.5, 0.5)


def test_interval_is_wider_at_a_higher_level_and_same_for_the_same_seed() -> None:
    values = np.random.default_rng(3).normal(size=40)
    wide, narrow = interval(values, level=0.99), interval(values, level=0.5)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high
    assert interval(values, seed=5) == interval(values, seed=5)
    assert interval(values, seed=5) != interval(values, seed=6)


def test_interval_takes_any_function_over_an_axis() -> None:
    def share_above_half(values: np.ndarray, axis: int) -> np.ndarray:
        return (values > 0.5).mean(axis=axis)

    found = interval(np.array([0.1, 0.9, 0.9, 0.9]), share_above_half)
    assert found.value == 0.75
    assert found.high == 1


def test_interval_does_not_depend_on_the_size_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(4).normal(size=30)
    whole = interval(values, "median", seed=7)
    monkeypatch.setattr("pdistill.statistics.BLOCK", 1000)
    assert interval(values, "median", seed=7) == whole


def test_a_persona_that_was_not_judged_is_left_out() -> None:
    values = np.array([1.0, np.nan, 3.0])
    assert interval(values) == interval(np.array([1.0, 3.0]))
    # Only the first and the last pair are whole: (1 - 0 + 3 - 1)/2.
    found = compare(np.array([1, np.nan, 5, 3]), np.array([0, 2, np.nan, 1]))
    assert (found.difference, found.personas) == (1.5, 2)


def test_exact_p_by_hand() -> None:
    # Differences 1, 2, 3: of the 8 sums ±1 ±2 ±3 only +6 and -6 reach 6: p = 2/8.
    assert compare(np.array([1, 2, 3]), np.zeros(3)).p_value == 0.25
    # Differences 1, 2, -3 add up to 0, which every sum reaches.
    assert compare(np.array([1, 2, 0]), np.array([0, 0, 3])).p_value == 1
    # Differences -1, 2, 3: sums 6, 4, 2, 0 and their negatives, once each but 0 twice: 4 and 6 reach 4: p = 4/8.
    assert compare(np.array([0, 2, 3]), np.array([1, 0, 0])).p_value == 0.5
    # Ten differences of .1: only all plus or all minus: p = 2/1024.
    assert compare(np.full(10, 0.4), np.full(10, 0.3)).p_value == 2 / 1024
    # Differences -.1, .1, -.1: every sum is ±.1 or ±.3, all reach .1: p = 1, although tenths do not add up exactly.
    assert compare(np.array([0.1, 0.3, 0.1]), np.full(3, 0.2)).p_value == 1


def test_exact_p_of_the_median_by_hand() -> None:
    # a = (1, 2, 9), b = (0, 5, 3): medians 2 and 3, difference -1. Swapping (yes/no per persona) gives
    # ---: med(1,2,9) - med(0,5,3) = 2 - 3 = -1      s--: (0,2,9)-(1,5,3) = 2 - 3 = -1
    # -s-: (1,5,9)-(0,2,3) = 5 - 2 = 3               ss-: (0,5,9)-(1,2,3) = 5 - 2 = 3
    # and the other four are these with the sign changed. All reach 1: p = 1.
    found = compare(np.array([1, 2, 9]), np.array([0, 5, 3]), "median")
    assert (found.difference, found.p_value) == (-1, 1)
    # The other way round for persona 2 the difference is 3, which 4 of the 8 reach: p = 1/2.
    found = compare(np.array([1, 5, 9]), np.array([0, 2, 3]), "median")
    assert (found.difference, found.p_value) == (3, 0.5)


@pytest.mark.parametrize("aggregate", ["mean", "median"])
def test_the_p_value_does_not_depend_on_the_direction(aggregate: str) -> None:
    a, b = np.random.default_rng(5).normal(size=(2, 9))
    one, other = compare(a, b, aggregate), compare(b, a, aggregate)
    assert one.p_value == other.p_value
    assert one.difference == -other.difference
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_sampled_p_agrees_with_the_exact_one(monkeypatch: pytest.MonkeyPatch) -> None:
    a = np.random.default_rng(6).normal(0.5, 1, EXACT_UP_TO)
    exact = compare(a, np.zeros(EXACT_UP_TO)).p_value
    monkeypatch.setattr("pdistill.statistics.EXACT_UP_TO", 0)
    sampled = compare(a, np.zeros(EXACT_UP_TO)).p_value
    # 10,000 flips: the standard error is sqrt(p (1 - p) / 10,000), at most .5 %; four of them.
    assert sampled == pytest.approx(exact, abs=0.02)
    assert sampled != exact


def test_the_smallest_sampled_p_is_not_zero() -> None:
    # 40 differences of 1: no random flip reaches 40, so only the observed one counts: 1/(1 + 10,000).
    assert compare(np.ones(40), np.zeros(40)).p_value == pytest.approx(1 / 10_001)


@pytest.mark.parametrize("personas", [8, 30])
@pytest.mark.parametrize("aggregate", ["mean", "median"])
def test_false_alarms_stay_rare(personas: int, aggregate: str) -> None:
    rng = np.random.default_rng(7)
    # Two equally good students that share what makes a persona easy, with long tails. 600 worlds: the standard error
    # of a rate of 5 % is .9 %.
    easy = rng.exponential(10, size=(600, 1, personas))
    worlds = easy + rng.standard_t(3, size=(600, 2, personas))
    p_values = [compare(a, b, aggregate, seed, resamples=1, flips=299).p_value for seed, (a, b) in enumerate(worlds)]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.07


def test_a_shared_difficulty_does_not_hide_a_difference() -> None:
    # 2 points with a noise of 2 per persona is 5 standard errors over 30 personas when paired, none when not.
    rng = np.random.default_rng(8)
    easy = rng.uniform(0, 100, 30)
    found = compare(easy + 2 + rng.normal(0, 2, 30), easy)
    assert found.low > 0
    assert found.p_value < 0.01


def test_degenerate_comparisons() -> None:
    same = compare(np.full(20, 3.3), np.full(20, 3.3))
    assert same == (0, 0, 0, 1, 20)
    alone = compare(np.array([4.0]), np.array([1.0]))
    assert alone == (3, 3, 3, 1, 1)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_no_persona_is_said_in_words(values: list[float]) -> None:
    with pytest.raises(UsageError, match="no persona"):
        interval(np.array(values))
    with pytest.raises(UsageError, match="no persona"):
        compare(np.array(values), np.array(values))


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="no aggregate 'mode'"):
        interval(np.ones(3), "mode")
    with pytest.raises(ValueError, match="level"):
        interval(np.ones(3), level=95)
    with pytest.raises(ValueError, match="shapes"):
        compare(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="shapes"):
        interval(np.ones((3, 2)))
