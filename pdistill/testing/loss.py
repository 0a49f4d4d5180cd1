"""The check of a loss: finite, differentiable, blind to what was not judged, lower for the better order.

It owns a few small rankings, and must not know which formula a loss uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdistill.contracts import Loss
from pdistill.testing.expect import expect, near

if TYPE_CHECKING:
    import torch


def check_loss(loss: Loss) -> None:
    """Try a loss on small rankings.

    Raises AssertionError in words unless it is a finite, differentiable scalar, leaves out what was not judged, bears
    ties, is lower for the right order than for the reverse, and does not hang on the order of items or rankings.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(4, 6, generator=generator) * 0.4
    targets = torch.rand(4, 6, generator=generator).argsort(-1).float()
    value, gradient = _loss_and_gradient(loss, scores, targets, "plain rankings")
    expect(gradient.abs().sum() > 0, "plain rankings: the gradient is zero everywhere")
    right, _ = _loss_and_gradient(loss, targets / 6, targets, "the right order")
    reverse, _ = _loss_and_gradient(loss, -targets / 6, targets, "the reverse order")
    expect(right < reverse, f"the right order costs {right:.4g}, not less than the reverse order's {reverse:.4g}")
    columns, rows = torch.tensor([3, 0, 5, 1, 4, 2]), torch.tensor([2, 0, 3, 1])
    moved, _ = _loss_and_gradient(loss, scores[:, columns], targets[:, columns], "items in another order")
    expect(near(moved, value), "the loss hangs on the order in which items are listed")
    moved, _ = _loss_and_gradient(loss, scores[rows], targets[rows], "rankings in another order")
    expect(near(moved, value), "the loss hangs on the order of rankings")
    partly = targets.clone()
    partly[0, :2] = partly[1] = float("nan")
    value, gradient = _loss_and_gradient(loss, scores, partly, "some items not judged")
    expect((gradient[partly.isnan()] == 0).all(), "an item that was not judged gets a gradient")
    changed = torch.where(partly.isnan(), -1.0, scores)
    moved, _ = _loss_and_gradient(loss, changed, partly, "some items not judged")
    expect(near(moved, value), "the score of an item that was not judged changes the loss")
    _loss_and_gradient(loss, scores, torch.full_like(targets, float("nan")), "nothing judged")
    _loss_and_gradient(loss, scores, torch.ones_like(targets), "all items tied")
    _loss_and_gradient(loss, scores, (targets / 2).floor(), "some items tied")
    _loss_and_gradient(loss, torch.where(targets > 2, -1.0, 1.0), targets, "scores as far apart as cosines can be")
    _loss_and_gradient(loss, scores[:, :1], targets[:, :1], "one item per ranking")


def _loss_and_gradient(
    loss: Loss, scores: torch.Tensor, targets: torch.Tensor, case: str
) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = scores.clone().requires_grad_(True)
    value = loss(leaf, targets.clone())
    expect(value.shape == (), f"{case}: the loss has shape {tuple(value.shape)}, not a scalar")
    expect(value.isfinite(), f"{case}: the loss is {float(value.detach())}")
    expect(value.requires_grad, f"{case}: the loss is not differentiable in the scores")
    value.backward()
    gradient = leaf.grad
    if gradient is None:
        raise AssertionError(f"{case}: no gradient reaches the scores")
    expect(gradient.isfinite().all(), f"{case}: a gradient is not finite")
    return value.detach(), gradient
