"""How sure a number over personas is: bootstrap intervals, and paired tests between two students.

It knows arrays with one number per persona: nothing of what the numbers mean or where they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from pdistill.errors import UsageError

LEVEL = 0.95
"""How often an interval should hold the true value."""

RESAMPLES = 2000
FLIPS = 10_000
EXACT_UP_TO = 12
"""Up to this many personas all 2^P flips are tried (4,096 at most); beyond, `FLIPS` random ones."""

BLOCK = 2**21
"""How many numbers are resampled at once: bounds memory for many personas."""

Aggregate: TypeAlias = str | Callable[..., Any]
"""`mean`, `median`, or a function of (values, axis) that drops that axis, like `numpy.mean`."""

AGGREGATES: dict[str, Callable[..., Any]] = {"mean": np.mean, "median": np.median}


class Interval(NamedTuple):
    """A number over personas with the ends of its interval, all in the unit of the values."""

    value: float
    low: float
    high: float


class Comparison(NamedTuple):
    """How much more the first student has than the second, over the personas that both were judged on.

    Attributes:
        difference: aggregate of the first − aggregate of the second, in the unit of the values.
        low, high: the ends of its interval.
        p_value: the chance of a difference at least this large, either way, were the two students alike.
        personas: how many were compared.
    """

    difference: float
    low: float
    high: float
    p_value: float
    personas: int


def interval(
    values: np.ndarray,
    aggregate: Aggregate = "mean",
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """The percentile bootstrap interval of an aggregate over personas (Efron 1979).

    Args:
        values: (P,) one number per persona; NaN is a persona that was not judged, and is left out.
        aggregate: see `Aggregate`.
        seed: the same seed gives the same interval.
        resamples: how many times P personas are drawn with replacement.
        level: the share of resamples inside the interval, in (0, 1).

    Returns: (value, low, high). One persona says nothing about others: then all three are the same.
    Raises: UsageError if no persona is left; ValueError for a wrong shape, aggregate or level.
    """
    (kept,) = _judged(values)
    summarise = _aggregate(aggregate)
    drawn = [summarise(kept[chosen], axis=1) for chosen in _resampled(len(kept), resamples, seed)]
    low, high = _ends(np.concatenate(drawn), level)
    return Interval(float(summarise(kept, axis=0)), low, high)


def compare(
    a: np.ndarray,
    b: np.ndarray,
    aggregate: Aggregate = "mean",
    seed: int = 0,
    resamples: int = RESAMPLES,
    flips: int = FLIPS,
) -> Comparison:
    """Compare two students persona by persona.

    The interval is the percentile bootstrap over personas, each drawn with both its numbers. The p-value is that of
    the sign-flip permutation test: were the students alike, the two numbers of a persona could be swapped, which for
    the mean is to flip the sign of their difference. All 2^P swaps are tried for P <= 12, else `flips` random ones and
    the one observed (so p is never 0; Phipson and Smyth 2010). For the median the test errs on the side of caution:
    few personas stand in the middle, so many swaps give the same difference.

    Args:
        a: (P,) the first student's number per persona; a persona with NaN in either is left out.
        b: (P,) the second student's, in the same order of personas.
        aggregate: see `Aggregate`.
        seed: the same seed gives the same comparison.
        resamples: how many times P personas are drawn for the interval, which is at `LEVEL`.
        flips: how many random swaps, for more than 12 personas.

    Returns: the comparison a − b; p is 1 where all pairs are equal, and where there is one persona only.
    Raises: UsageError if no persona is left; ValueError for a wrong shape or aggregate.
    """
    kept_a, kept_b = _judged(a, b)
    personas = len(kept_a)
    summarise = _aggregate(aggregate)
    drawn = [
        summarise(kept_a[chosen], axis=1) - summarise(kept_b[chosen], axis=1)
        for chosen in _resampled(personas, resamples, seed)
    ]
    low, high = _ends(np.concatenate(drawn), LEVEL)
    difference = float(summarise(kept_a, axis=0) - summarise(kept_b, axis=0))
    # Rounding must not make a swap that gives the same difference look smaller than the one observed.
    reach = abs(difference) - 1e-12 * max(1.0, float(np.abs(kept_a).max()), float(np.abs(kept_b).max()))
    exact = personas <= EXACT_UP_TO
    as_large = tried = 0 if exact else 1
    for swap in _all_swaps(personas) if exact else _random_swaps(personas, flips, seed):
        swapped = summarise(np.where(swap, kept_b, kept_a), axis=1) - summarise(np.where(swap, kept_a, kept_b), axis=1)
        as_large += int(np.count_nonzero(np.abs(swapped) >= reach))
        tried += len(swap)
    return Comparison(difference, low, high, as_large / tried, personas)


def _judged(*columns: np.ndarray) -> list[np.ndarray]:
    """The columns without the personas that any of them lacks, as float64."""
    arrays = [np.asarray(column, dtype=np.float64) for column in columns]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1 or arrays[0].ndim != 1:
        raise ValueError(f"one number per persona is needed, (P,) each, got shapes {sorted(shapes)}")
    known = ~np.isnan(np.stack(arrays)).any(axis=0)
    if not known.any():
        raise UsageError(
            f"There is no persona to average over: {arrays[0].size} were given and none of them was judged.",
            "Rank the catalog for some test personas first.",
        )
    return [array[known] for array in arrays]


def _aggregate(aggregate: Aggregate) -> Callable[..., Any]:
    if callable(aggregate):
        return aggregate
    if aggregate not in AGGREGATES:
        raise ValueError(f"there is no aggregate '{aggregate}', only {', '.join(AGGREGATES)} or a function")
    return AGGREGATES[aggregate]


def _ends(drawn: np.ndarray, level: float) -> tuple[float, float]:
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _sizes(rows: int, personas: int) -> Iterator[int]:
    """`rows` in blocks of at most BLOCK numbers."""
    most = max(1, BLOCK // personas)
    for start in range(0, rows, most):
        yield min(most, rows - start)


def _resampled(personas: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks (R, P) of persona positions drawn with replacement."""
    rng = np.random.default_rng([seed, 0])
    for rows in _sizes(resamples, personas):
        yield rng.integers(personas, size=(rows, personas))


def _all_swaps(personas: int) -> Iterator[np.ndarray]:
    """One block (2^P, P) of bools: every way to swap."""
    yield (np.arange(2**personas)[:, None] >> np.arange(personas) & 1).astype(bool)


def _random_swaps(personas: int, flips: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks (R, P) of bools, each True with even chance."""
    rng = np.random.default_rng([seed, 1])
    for rows in _sizes(flips, personas):
        yield rng.integers(2, size=(rows, personas), dtype=np.uint8).astype(bool)
