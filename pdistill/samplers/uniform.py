"""The sampler without an opinion: random unseen items.

It must not know the student that made the scores, nor what becomes of the answers.
"""

from __future__ import annotations

import numpy as np


class Uniform:
    """m random unseen items per persona; scores and embeddings are not looked at."""

    def choose(
        self, scores: np.ndarray, embeddings: np.ndarray, seen: np.ndarray, m: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Choose m unseen items per persona; shapes as in `contracts.Sampler`."""
        return [draw(np.flatnonzero(~row), m, rng) for row in seen]


def draw(positions: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` distinct ones of `positions` in random order, or all of them if there are fewer."""
    return rng.choice(positions, size=min(count, len(positions)), replace=False)
