"""One linear layer in closed form: ridge regression from stored features onto wanted embeddings.

It owns the algebra that the recipes share, and must not know rankings, personas or students.
"""

from __future__ import annotations

import torch

_CHUNK = 8192
_TINY = 1e-6


def ridge(features: torch.Tensor, wanted: torch.Tensor, penalty: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The layer that minimises ‖z(x) @ w + b − y‖² + penalty · ‖w‖² over all items, z being the z-score.

    Args:
        features: (N, F) raw features, N >= 1; a feature that never varies gets no weight.
        wanted: (N, D) where each item should land.
        penalty: ridge on z-scored features, > 0; the intercept is free.

    Returns: weight (F, D) and bias (D,) with the z-scoring folded in, so that they apply to raw features; float32.
    """
    mean, deviation = features.mean(0), features.std(0, correction=0)
    varies = deviation > _TINY
    scale = torch.where(varies, 1 / deviation.clamp(min=_TINY), 0.0)
    centre = wanted.mean(0)
    width = features.shape[1]
    gram = torch.zeros(width, width, dtype=torch.float64)
    moment = torch.zeros(width, wanted.shape[1], dtype=torch.float64)
    # In pieces, summed in double: the z-scores of a large catalog need not fit in memory a second time.
    for rows, goals in zip(features.split(_CHUNK), wanted.split(_CHUNK), strict=True):
        scored = (rows - mean) * scale
        gram += scored.T @ scored
        moment += scored.T @ (goals - centre)
    gram.diagonal().add_(penalty)
    solved = torch.cholesky_solve(moment, torch.linalg.cholesky(gram)).float()
    weight = solved * scale[:, None]
    return weight, centre - mean @ weight
