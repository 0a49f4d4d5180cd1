"""The paper's preference-aligned sampler: a few items from each band of the persona's scores, most from the top.

It must not know the student that made the scores, nor what becomes of the answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np

from pdistill.samplers.uniform import draw


class PaperBins:
    """Cuts each persona's range of scores [min, max] into bands and draws unseen items from each.

    The pattern of draws is taken from the top band down (with the defaults: top, top, third, second, first) and
    repeated or cut short to m draws: m = 5 is the paper, m = 8 draws four from the top, two from the third and one
    from each other band, m = 3 two from the top and one from the third. Where a band has too few unseen items, any
    other unseen item takes the place. The order shown is random.

    Args:
        edges: where each band begins, as a fraction of the range; starts at 0 and rises, below 1.
        per_bin: draws from each band in one pattern; whole numbers of at least 0, not all 0.
    Raises: ValueError if the options break these rules.
    Source: arXiv 2510.12014, preference-aligned sampling, for m = 5; the pattern for other m is ours.
    """

    def __init__(self, edges: Sequence[float] = (0, 0.7, 0.9, 0.95), per_bin: Sequence[int] = (1, 1, 1, 2)) -> None:
        self.edges = np.array(edges, dtype=float)
        if not len(self.edges) or self.edges[0] != 0 or np.any(np.diff(self.edges) <= 0) or not self.edges[-1] < 1:
            raise ValueError(f"edges must start at 0, rise, and stay below 1, not {list(edges)}")
        if len(per_bin) != len(self.edges):
            raise ValueError(f"per_bin must have one number for each of {len(self.edges)} edges, not {list(per_bin)}")
        if any(not isinstance(count, int) or count < 0 for count in per_bin) or not sum(per_bin):
            raise ValueError(f"per_bin must be whole numbers of at least 0, not all 0, not {list(per_bin)}")
        self._pattern = [band for band in reversed(range(len(per_bin))) for _ in range(per_bin[band])]

    def choose(
        self, scores: np.ndarray, embeddings: np.ndarray, seen: np.ndarray, m: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Choose m unseen items per persona; shapes as in `contracts.Sampler`, embeddings are not looked at."""
        wanted = Counter(islice(cycle(self._pattern), m))
        return [self._one(row, np.flatnonzero(~known), m, wanted, rng) for row, known in zip(scores, seen, strict=True)]

    def _one(
        self, scores: np.ndarray, unseen: np.ndarray, m: int, wanted: Counter[int], rng: np.random.Generator
    ) -> np.ndarray:
        if len(unseen) <= m:
            return rng.permutation(unseen)
        # The range is that of all items: bands must not shift as items are seen. Without a range all are at the start.
        low, high = scores.min(), scores.max()
        relative = (scores[unseen] - low) / (high - low) if high > low else np.zeros(len(unseen))
        band = np.searchsorted(self.edges, relative, side="right") - 1
        chosen = np.concatenate(
            [unseen[:0], *(draw(unseen[band == each], count, rng) for each, count in wanted.items())]
        )
        spare = np.setdiff1d(unseen, chosen, assume_unique=True)
        return rng.permutation(np.concatenate([chosen, draw(spare, m - len(chosen), rng)]))
