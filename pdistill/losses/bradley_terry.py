"""The Bradley-Terry loss: the student should score an item above every item that the teacher placed below it.

It owns one formula and must not know where scores and grades come from.
"""

from __future__ import annotations

import math

import torch
from torch.nn.functional import softplus


class BradleyTerry:
    """Negative log-likelihood of the teacher's pairs: −log σ((s_i − s_j) / temperature), i graded above j.

    Args:
        temperature: the difference of cosines that stands for odds of e to 1, > 0; cosines of one persona differ by
            a few hundredths, so without it every pair looks undecided and gradients vanish.
    Shapes: scores (B, M) cosine in [-1, 1]; targets (B, M), higher is better, equal is a tie, NaN is not judged.
    Returns: scalar, nats, mean over all pairs of the batch whose grades differ; 0 without gradient if there is none.
    Raises: ValueError if the shapes differ or are not (B, M), or if temperature is not a positive number.
    Source: arXiv 2510.12014, training objective; the temperature, ties and NaN are ours.
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
        # A comparison with NaN is False, so a pair with an unjudged item drops out here.
        above = targets[:, :, None] > targets[:, None, :]
        margins = (scores[:, :, None] - scores[:, None, :]) / self.temperature
        losses = torch.where(above, softplus(-margins), 0.0)
        return losses.sum() / above.sum().clamp(min=1)
