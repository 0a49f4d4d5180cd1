"""Arithmetic on rankings: levels from scores, grades from levels, and the strengths that many rankings agree on.

It must not know who made a ranking, what is shown in it, or where it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pdistill.contracts import Group, Ranking

MAX_STEPS = 100
"""Newton steps before giving up; ten are typical, since the posterior is strictly concave."""

GRADIENT_TOLERANCE = 1e-9
"""The fit is done when no part of the gradient is larger than this."""


def from_scores(ids: Sequence[str], scores: Sequence[float], tolerance: float = 1e-6) -> Ranking:
    """Rank ids by score, higher first; a level holds all that are within `tolerance` of its best.

    Measuring from the best of a level, not from the neighbour, keeps many small steps from melting into one tie.
    Within a level the order of `ids` is kept.

    Args:
        ids: (M,) item ids.
        scores: (M,) one number per id; infinities are allowed.
        tolerance: in the unit of the scores.

    Raises: ValueError if the lengths differ or a score is NaN.
    """
    if len(ids) != len(scores):
        raise ValueError(f"{len(ids)} ids but {len(scores)} scores")
    if any(score != score for score in scores):
        raise ValueError("a score is NaN")
    levels: list[list[int]] = []
    best = 0.0
    for position in sorted(range(len(ids)), key=lambda position: -scores[position]):
        if not levels or scores[position] < best - tolerance:
            best = scores[position]
            levels.append([])
        levels[-1].append(position)
    return tuple(tuple(ids[position] for position in sorted(level)) for level in levels)


def validate(ranking: Ranking, group: Group) -> bool:
    """Whether the ranking holds every id shown exactly once, nothing else, and no empty level."""
    ranked = [each for level in ranking for each in level]
    return all(ranking) and len(set(ranked)) == len(ranked) and sorted(ranked) == sorted(group)


def grades(ranking: Ranking, group: Group) -> list[float]:
    """(M,) one grade per id in the order shown: minus its rank from 0, tied ids sharing the mean rank of their level.

    Raises: ValueError if the ranking does not fit the group.
    """
    if not validate(ranking, group):
        raise ValueError(f"the ranking {ranking} does not hold each of {group} once")
    found: dict[str, float] = {}
    above = 0
    for level in ranking:
        # 0.0 minus, for a plain minus would give the best item the grade -0.0.
        grade = 0.0 - (above + (len(level) - 1) / 2)
        found.update(dict.fromkeys(level, grade))
        above += len(level)
    return [found[each] for each in group]


def bradley_terry(n: int, wins: np.ndarray, ridge: float = 0.05) -> np.ndarray:
    """The most probable Bradley-Terry strengths under a Gaussian prior.

    Maximises sum over wins of log sigma(theta_winner - theta_loser) - ridge / 2 * sum of theta^2 by Newton's method
    with halved steps. The ridge keeps the strengths of those who never lost finite, and centres all at 0.

    Args:
        n: how many items.
        wins: (W, 2) integers, winner and loser of each comparison, repeats counted; W may be 0.
        ridge: the precision of the prior, > 0.

    Returns: (n,) float64 strengths in logits, sum 0; exactly 0 for an item without comparisons.
    Raises: ValueError if ridge <= 0, an index is out of range, or an item meets itself.
    Source: Bradley and Terry 1952; the Gaussian prior is the usual one of logistic regression.
    """
    wins = np.asarray(wins, dtype=np.int64).reshape(-1, 2)
    if ridge <= 0:
        raise ValueError(f"ridge must be above 0, not {ridge}")
    if wins.size and (wins.min() < 0 or wins.max() >= n):
        raise ValueError(f"wins name items outside 0..{n - 1}")
    if np.any(wins[:, 0] == wins[:, 1]):
        raise ValueError("an item cannot win against itself")
    # Each unordered pair once: how often they met, and how often the lower index won.
    low, high = wins.min(axis=1), wins.max(axis=1)
    pairs, which = np.unique(low * n + high, return_inverse=True)
    low, high = pairs // n if n else pairs, pairs % n if n else pairs
    met = np.bincount(which, minlength=len(pairs)).astype(float)
    low_won = np.bincount(which, weights=wins[:, 0] < wins[:, 1], minlength=len(pairs))
    return _newton(n, low, high, met, low_won, ridge)


def _newton(
    n: int, low: np.ndarray, high: np.ndarray, met: np.ndarray, low_won: np.ndarray, ridge: float
) -> np.ndarray:
    def loss(theta: np.ndarray) -> float:
        gap = theta[low] - theta[high]
        return float(met @ np.logaddexp(0, gap) - low_won @ gap + ridge / 2 * theta @ theta)

    theta = np.zeros(n)
    value = loss(theta)
    for _ in range(MAX_STEPS):
        expected = 1 / (1 + np.exp(theta[high] - theta[low]))
        push = low_won - met * expected
        ascent = np.bincount(low, push, n) - np.bincount(high, push, n) - ridge * theta
        if not n or np.abs(ascent).max() < GRADIENT_TOLERANCE:
            break
        weight = met * expected * (1 - expected)
        curvature = np.zeros((n, n))
        curvature[low, high] = curvature[high, low] = -weight
        np.fill_diagonal(curvature, np.bincount(low, weight, n) + np.bincount(high, weight, n) + ridge)
        step = np.linalg.solve(curvature, ascent)
        size = 1.0
        # Near the top a step gains less than rounding takes, so what looks a little worse is still accepted.
        while size > 1e-6 and loss(theta + size * step) > value * (1 + 1e-12):
            size /= 2
        theta = theta + size * step
        value = loss(theta)
    return theta
