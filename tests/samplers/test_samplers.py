"""What every sampler must keep, and what each one is for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill.contracts import Sampler
from pdistill.samplers.diverse import Diverse, spread
from pdistill.samplers.paper_bins import PaperBins
from pdistill.samplers.uniform import Uniform

SAMPLERS = [Uniform(), PaperBins(), Diverse(), Diverse(pool=0.1, min_pool=1, random_share=0.5)]
NOTHING_SEEN = np.zeros((1, 101), dtype=bool)
RISING = np.arange(101.0)[None] / 100
"""One persona whose score of item i is i percent of its range."""
ANY = np.eye(101, 4)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@settings(deadline=None)
@given(st.sampled_from(SAMPLERS), st.integers(1, 40), st.integers(0, 12), st.floats(0, 1), st.integers(0, 99))
def test_samplers_choose_unseen_and_distinct(sampler: Sampler, n: int, m: int, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Rounded, so that scores tie and bands stand empty.
    scores, embeddings = rng.normal(size=(3, n)).round(), unit(rng.normal(size=(n, 4)))
    seen = rng.random((3, n)) < share
    before = seen.copy()
    chosen = sampler.choose(scores, embeddings, seen, m, np.random.default_rng(seed))
    again = sampler.choose(scores, embeddings, seen, m, np.random.default_rng(seed))
    assert [each.tolist() for each in chosen] == [each.tolist() for each in again]
    assert (seen == before).all()
    assert len(chosen) == 3
    for row, each in zip(seen, chosen, strict=True):
        assert len(set(each.tolist())) == len(each) == min(m, int((~row).sum()))
        assert not row[each].any()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_show_in_random_order(sampler: Sampler) -> None:
    # Item 0 is alone in its band and looks like no other: unshuffled, it would stand first or second.
    scores = np.repeat([[1.0] + [0.1] * 11], 600, axis=0)
    embeddings = unit(np.eye(12, 4, k=1)[[0] + [1] * 11] + np.random.default_rng(0).normal(scale=0.1, size=(12, 4)))
    chosen = sampler.choose(scores, embeddings, np.zeros((600, 12), dtype=bool), 6, np.random.default_rng(0))
    places = np.bincount([each.tolist().index(0) for each in chosen if 0 in each], minlength=6)
    expected = places.sum() / 6
    assert expected > 40
    # The standard deviation is below the root of what is expected.
    assert np.abs(places - expected).max() < 5 * expected**0.5


def test_uniform_reaches_every_item_alike() -> None:
    seen = np.zeros((3000, 10), dtype=bool)
    seen[:, 9] = True
    chosen = Uniform().choose(np.zeros((3000, 10)), np.eye(10), seen, 3, np.random.default_rng(0))
    counts = np.bincount(np.concatenate(chosen), minlength=10)
    # 3 of 9 unseen: 1,000 expected each, standard deviation sqrt(3000 * 1/3 * 2/3) = 25.8; five of them are 129.
    assert counts[9] == 0
    assert np.abs(counts[:9] - 1000).max() < 129


@pytest.mark.parametrize(
    ("m", "counts"),
    [
        (5, [1, 1, 1, 2]),  # the paper
        (3, [0, 0, 1, 2]),  # top, top, third
        (8, [1, 1, 2, 4]),  # the pattern once (1, 1, 1, 2), then top, top, third
        (10, [2, 2, 2, 4]),  # the pattern twice
    ],
)
def test_paper_bins_draws_from_each_band(m: int, counts: list[int]) -> None:
    # Scores 0, .01, ... 1: the bands are items 0..69, 70..89, 90..94 and 95..100.
    for seed in range(20):
        [chosen] = PaperBins().choose(RISING, ANY, NOTHING_SEEN, m, np.random.default_rng(seed))
        assert np.histogram(chosen, [0, 69.5, 89.5, 94.5, 101])[0].tolist() == counts


def test_paper_bins_falls_back_on_any_unseen_item() -> None:
    seen = NOTHING_SEEN.copy()
    seen[0, 70:95] = True
    drawn = [PaperBins().choose(RISING, ANY, seen, 5, np.random.default_rng(seed))[0] for seed in range(50)]
    # The top band gives 2 and the first band 1; the places of the two empty bands go to the 70 + 6 - 3 others.
    assert {int((each > 94).sum()) for each in drawn} >= {2, 3}
    assert all(len(each) == 5 and 1 <= (each < 70).sum() <= 3 for each in drawn)


def test_paper_bins_cuts_the_range_of_all_items_not_of_the_unseen() -> None:
    seen = NOTHING_SEEN.copy()
    seen[0, 96:] = True
    # Of the top band only item 95 is left; a range of the unseen alone would put items 91..95 there.
    drawn = [PaperBins((0, 0.95), (0, 1)).choose(RISING, ANY, seen, 1, np.random.default_rng(s))[0] for s in range(20)]
    assert {int(each[0]) for each in drawn} == {95}


def test_paper_bins_with_equal_scores_takes_any() -> None:
    scores = np.full((1, 30), 0.3)
    [chosen] = PaperBins().choose(scores, np.eye(30), np.zeros((1, 30), dtype=bool), 5, np.random.default_rng(0))
    assert len(chosen) == 5


def test_diverse_stays_in_the_unseen_top() -> None:
    seen = NOTHING_SEEN.copy()
    seen[0, 95:] = True
    sampler = Diverse(pool=0.05, min_pool=1)
    # 5 % of 101 items, rounded up, is 6: of the unseen ones items 89..94.
    drawn = [sampler.choose(RISING, ANY, seen, 2, np.random.default_rng(seed))[0] for seed in range(60)]
    assert set(np.concatenate(drawn).tolist()) == set(range(89, 95))
    [wide] = sampler.choose(RISING, ANY, seen, 9, np.random.default_rng(0))
    assert sorted(wide.tolist()) == list(range(86, 95))  # a pool smaller than m is widened to m
    [floor] = Diverse(pool=0.01, min_pool=3).choose(RISING, ANY, seen, 3, np.random.default_rng(0))
    assert sorted(floor.tolist()) == [92, 93, 94]


def test_diverse_takes_one_of_each_look() -> None:
    # 24 items of 4 looks, six alike of each: any 4 farthest points have 4 different looks.
    looks = np.arange(24) % 4
    embeddings = np.eye(4)[looks]
    for seed in range(20):
        [chosen] = Diverse().choose(
            np.zeros((1, 24)), embeddings, np.zeros((1, 24), dtype=bool), 4, np.random.default_rng(seed)
        )
        assert sorted(looks[chosen].tolist()) == [0, 1, 2, 3]


def test_spread_goes_to_the_farthest_from_the_nearest() -> None:
    # Angles in degrees; from whichever end it starts it must take the other end, then the one in the middle of the gap.
    angles = np.radians([0, 5, 10, 60, 115, 120])
    embeddings = np.column_stack([np.cos(angles), np.sin(angles)])
    orders = {tuple(spread(embeddings, 3, np.random.default_rng(seed)).tolist()) for seed in range(60)}
    # From 10: 120 is 110 away, then 60 is 50 from the nearest. From 60: both ends are 60 away, the first is taken
    # (or the other, by rounding), then the other end.
    assert {order[0] for order in orders} == set(range(6))
    assert {order for order in orders if order[0] in (0, 1, 2, 4, 5)} == {
        (0, 5, 3),
        (1, 5, 3),
        (2, 5, 3),
        (4, 0, 3),
        (5, 0, 3),
    }
    assert {frozenset(order) for order in orders if order[0] == 3} == {frozenset({0, 3, 5})}


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (1.0, 900, 1000), (0.5, 410, 540)])
def test_diverse_asks_some_questions_at_random(share: float, low: int, high: int) -> None:
    rng = np.random.default_rng(0)
    scores = np.repeat(RISING, 1000, axis=0)
    chosen = Diverse(pool=0.05, min_pool=1, random_share=share).choose(
        scores, ANY, np.repeat(NOTHING_SEEN, 1000, axis=0), 1, rng
    )
    # Items below the pool of 6 come only by random draws, 95 of 101 times: 941 of 1,000, or 470 at half
    # (standard deviations 7.5 and 15.8).
    assert low <= sum(int(each[0]) < 95 for each in chosen) <= high


@pytest.mark.parametrize(
    "make",
    [
        lambda: PaperBins(edges=(0.1, 0.5), per_bin=(1, 1)),
        lambda: PaperBins(edges=(0, 0.5, 0.5), per_bin=(1, 1, 1)),
        lambda: PaperBins(edges=(0, 1.0), per_bin=(1, 1)),
        lambda: PaperBins(edges=(), per_bin=()),
        lambda: PaperBins(per_bin=(1, 2)),
        lambda: PaperBins(per_bin=(0, 0, 0, 0)),
        lambda: PaperBins(per_bin=(1, 1, 1, -1)),
        lambda: Diverse(pool=0.0),
        lambda: Diverse(pool=1.5),
        lambda: Diverse(min_pool=0),
        lambda: Diverse(random_share=-0.1),
        lambda: Diverse(random_share=1.1),
    ],
)
def test_samplers_refuse_wrong_options(make: type[Sampler]) -> None:
    with pytest.raises(ValueError, match=r"must"):
        make()
