"""The recommended sampler: items that the student scores high and that look as different as possible.

It must not know the student that made the scores, nor what becomes of the answers.
"""

from __future__ import annotations

import math

import numpy as np

from pdistill.samplers.uniform import draw


class Diverse:
    """Draws from each persona's best unseen items, spread out in the space of image embeddings.

    The candidates are the persona's unseen items with the highest scores. The first is drawn at random among them,
    each further one is the candidate farthest (in cosine distance to the nearest already drawn). The order shown is
    random.

    Args:
        pool: the candidates' share of all items, above 0, at most 1.
        min_pool: at least so many candidates (and never fewer than m), at least 1.
        random_share: the probability, per question, that it is drawn uniformly from all unseen items instead.
    Raises: ValueError if an option is out of its range.
    Source: ours; farthest-point traversal after Gonzalez 1985.
    """

    def __init__(self, pool: float = 0.05, min_pool: int = 100, random_share: float = 0.0) -> None:
        if not 0 < pool <= 1:
            raise ValueError(f"pool must be above 0 and at most 1, not {pool}")
        if not isinstance(min_pool, int) or min_pool < 1:
            raise ValueError(f"min_pool must be a whole number of at least 1, not {min_pool!r}")
        if not 0 <= random_share <= 1:
            raise ValueError(f"random_share must be between 0 and 1, not {random_share}")
        self.pool, self.min_pool, self.random_share = pool, min_pool, random_share

    def choose(
        self, scores: np.ndarray, embeddings: np.ndarray, seen: np.ndarray, m: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Choose m unseen items per persona; shapes as in `contracts.Sampler`."""
        size = max(self.min_pool, math.ceil(self.pool * scores.shape[1]), m)
        uniform = rng.random(len(scores)) < self.random_share
        chosen = []
        for row, known, at_random in zip(scores, seen, uniform, strict=True):
            unseen = np.flatnonzero(~known)
            if at_random or len(unseen) <= m:
                chosen.append(draw(unseen, m, rng))
                continue
            if len(unseen) > size:
                unseen = unseen[np.argpartition(-row[unseen], size - 1)[:size]]
            chosen.append(rng.permutation(unseen[spread(embeddings[unseen], m, rng)]))
        return chosen


def spread(embeddings: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Farthest-point traversal: positions of `count` of (C, D) unit vectors, the first one random.

    `count` must be at most C.
    """
    chosen = [int(rng.integers(len(embeddings)))] if count else []
    nearest = np.full(len(embeddings), -np.inf)
    while len(chosen) < count:
        np.maximum(nearest, embeddings @ embeddings[chosen[-1]], out=nearest)
        nearest[chosen[-1]] = np.inf
        chosen.append(int(nearest.argmin()))
    return np.array(chosen, dtype=np.int64)
