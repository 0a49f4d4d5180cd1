"""The ListMLE loss: how likely the student finds the teacher's whole order, best item first.

It owns one formula and must not know where scores and grades come from.
"""

from __future__ import annotations

import math

import torch


class ListMLE:
    """Negative log-likelihood of the teacher's order under the Plackett-Luce model.

    Item after item is drawn from those not yet placed, with odds exp(score / temperature). Each item's chance is
    taken against itself and the items graded below it. Tied items are not compared with one another: a tie states
    no preference, so it neither draws scores together nor pushes them apart (Breslow's and Efron's approximations
    do the former). Without ties this is exactly ListMLE.

    Args:
        temperature: the difference of cosines that stands for odds of e to 1, > 0.
    Shapes: scores (B, M) cosine in [-1, 1]; targets (B, M), higher is better, equal is a tie, NaN is not judged.
    Returns: scalar, nats, mean over the rankings that prefer any item to another; 0 without gradient if none does.
    Raises: ValueError if the shapes differ or are not (B, M), or if temperature is not a positive number.
    Source: Xia et al., "Listwise approach to learning to rank" (ICML 2008); temperature, ties and NaN are ours.
    """

    def __init__(self, temperature: float = 0.05) -> None:
        if not (math.isfinite(temperature) and temperature > 0):
            raise ValueError(f"temperature must be a positive number, not {temperature}")
        self.temperature = temperature

    def __call__(self, scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if scores.ndim != 2 or scores.shape != targets.shape:
            raise ValueError(
                f"scores and targets must both be (B, M), not {tuple(scores.shape)} and {tuple(targets.shape)}"
            )
        # A comparison with NaN is False, so an unjudged item is neither below another nor has any below it.
        below = targets[:, None, :] < targets[:, :, None]
        itself = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
        odds = scores / self.temperature
        rivals = odds[:, None, :].masked_fill(~(below | itself), -torch.inf)
        surprise = torch.logsumexp(rivals, dim=-1) - odds
        return surprise.sum() / below.any((1, 2)).sum().clamp(min=1)
