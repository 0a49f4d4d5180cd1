"""How well one student's scores agree with a teacher's standings, one persona at a time, and the table of metrics.

It knows arrays only: nothing of items' ids, of the disk, or of how sure a number is (see `statistics`).

Ties are never broken by the order of storage. A level of the teacher's standings that straddles place 10 shares the
places left with equal weights, and student scores that tie count as the mean over all their orders; so every number
here is the exact expectation over random orders of what is tied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

TOP = 10
"""How many places "the top" has, for the teacher and for the student."""

Levels: TypeAlias = Sequence["np.ndarray | Sequence[int]"]
"""Item positions in levels, best level first; may hold only the best few items of a catalog."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about a student over many personas; higher is better for all of them.

    Attributes:
        key: which of the numbers of `measure` it sums up.
        aggregate: how the personas become one number, a name that `statistics` knows.
        unit: "%" for [0, 100], "" for [0, 1].
        label: what people read.
    """

    key: str
    aggregate: Literal["mean", "median"]
    unit: str
    label: str


METRICS: dict[str, Metric] = {
    "mean_percentile_rank": Metric("percentile_rank", "mean", "%", "Mean percentile rank"),
    "median_percentile_rank": Metric("percentile_rank", "median", "%", "Median percentile rank"),
    "top10_mean_percentile": Metric("top10_percentile", "mean", "%", "Top-10 mean percentile"),
    "recall@10": Metric("recall@10", "mean", "", "Recall at 10"),
    "mrr": Metric("mrr", "mean", "", "Mean reciprocal rank"),
}


class _Placing(NamedTuple):
    """Where the student puts some items: (K,) how many are strictly above, and how many tie, the item included."""

    above: np.ndarray
    tied: np.ndarray


def measure(scores: np.ndarray, levels: Levels) -> dict[str, float]:
    """All metrics of one persona.

    Args:
        scores: (N,) the student's score of every item of the split, higher is better, no NaN.
        levels: the teacher's standings as positions in `scores`, best level first, the items of a level tied; may
            omit items. Empty levels do not count.

    Returns: a dict of floats.
        `percentile_rank`, in percent: 100 · (1 − rank / N) of the teacher's winner, its rank counted from 0 (arXiv
        2510.12014), tied scores at their mid-rank; the mean over the winners where several tie.
        `top10_percentile`, in percent: the same, as a mean over the teacher's best 10 items (all, if fewer are ranked).
        `recall@10`, in [0, 1]: the expected share of the teacher's best 10 (all, if fewer) among the student's best 10.
        `mrr`, in [0, 1]: the expected 1 / (1 + rank) of whichever winner the student places best.

    Raises: ValueError if a score is NaN, if no item is ranked, or if a position repeats or is out of range.
    """
    scores = np.asarray(scores)
    ranked, weights, winners = _teacher_top(scores, levels)
    place = _placing(scores, ranked)
    percentiles = 100 * (1 - (place.above + (place.tied - 1) / 2) / len(scores))
    membership = np.clip((TOP - place.above) / place.tied, 0, 1)
    return {
        "percentile_rank": float(percentiles[:winners].mean()),
        "top10_percentile": float(weights @ percentiles / weights.sum()),
        "recall@10": float(weights @ membership / weights.sum()),
        "mrr": _reciprocal_rank(place.above[:winners], place.tied[:winners]),
    }


def measure_all(scores: np.ndarray, standings: Iterable[Levels]) -> dict[str, np.ndarray]:
    """All metrics of P personas.

    Args:
        scores: (P, N) as in `measure`.
        standings: P standings, as in `measure`.

    Returns: the keys of `measure`, each with (P,) float64 in the order of the personas.
    Raises: ValueError as `measure`, naming the row, and if there are not P standings.
    """
    rows: list[dict[str, float]] = []
    for row, (of_persona, levels) in enumerate(zip(scores, standings, strict=True)):
        try:
            rows.append(measure(of_persona, levels))
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from error
    keys = dict.fromkeys(metric.key for metric in METRICS.values())
    return {key: np.array([row[key] for row in rows], dtype=np.float64) for key in keys}


def _teacher_top(scores: np.ndarray, levels: Levels) -> tuple[np.ndarray, np.ndarray, int]:
    """The items that can be in the teacher's top, their expected share of a place there, and how many are winners.

    All winners are among them, however many tie, so the winners are the first of the items given.
    """
    if scores.ndim != 1 or np.isnan(scores).any():
        raise ValueError(f"scores must be (N,) numbers without NaN, got shape {scores.shape}")
    filled = [np.asarray(level, dtype=np.intp) for level in levels if len(level)]
    if not filled:
        raise ValueError("the standings hold no item")
    everything = np.concatenate(filled)
    if everything.min() < 0 or everything.max() >= len(scores):
        raise ValueError(f"the standings name a position outside the {len(scores)} items")
    if len(np.unique(everything)) < len(everything):
        raise ValueError("the standings name an item twice")
    sizes = np.array([len(level) for level in filled])
    before = np.cumsum(sizes) - sizes
    reached = before < TOP
    shares = np.minimum(1.0, (TOP - before[reached]) / sizes[reached])
    weights = np.repeat(shares, sizes[reached])
    return everything[: len(weights)], weights, int(sizes[0])


def _placing(scores: np.ndarray, items: np.ndarray) -> _Placing:
    """Where the student puts `items` (K,), by one sort of all scores."""
    ordered = np.sort(scores)
    wanted = scores[items]
    below_or_tied = np.searchsorted(ordered, wanted, side="right")
    below = np.searchsorted(ordered, wanted, side="left")
    return _Placing(len(scores) - below_or_tied, below_or_tied - below)


def _reciprocal_rank(above: np.ndarray, tied: np.ndarray) -> float:
    """The expected 1 / (1 + rank) of the best-placed winner, over random orders of the scores that tie.

    Only the highest tie group that holds a winner matters. With w winners among its t items, all the first p miss and
    the next one hits with the chance C(t−1−p, w−1) / C(t, w); `missed` and the factor w / (t−p) build it step by step.
    """
    first = int(above.min())
    group = int(tied[above == first][0])
    winners = int(np.count_nonzero(above == first))
    steps = np.arange(group - winners + 1)
    hits = winners / (group - steps)
    missed = np.concatenate(([1.0], np.cumprod(1 - hits)[:-1]))
    return float(np.sum(missed * hits / (first + 1 + steps)))
