"""The check of a loss: one in order passes, and each way of breaking the contract is named."""

from typing import Any

import pytest
import torch
from torch.nn.functional import softplus

from pdistill.losses.bradley_terry import BradleyTerry
from pdistill.testing import check_loss


def _margins(scores: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return scores[:, :, None] - scores[:, None, :], targets[:, :, None] > targets[:, None, :]


def _per_ranking(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    margins, above = _margins(scores, targets)
    return (softplus(-margins) * above).sum((1, 2))


def _unguarded_mean(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    margins, above = _margins(scores, targets)
    return softplus(-margins)[above].mean()


def _backwards(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return BradleyTerry()(-scores, targets)


def _squared_error(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (scores - targets).square().mean()


def _unjudged_is_worst(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return BradleyTerry()(scores, targets.nan_to_num(-1.0))


def _place_matters(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return BradleyTerry()(scores, targets) + 0.1 * scores[:, 0].mean()


def _first_ranking_only(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return BradleyTerry()(scores[:1], targets[:1])


def _counts_mistakes(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    margins, above = _margins(scores, targets)
    return ((margins < 0) & above).float().mean()


def test_a_loss_in_order_passes() -> None:
    check_loss(BradleyTerry())


@pytest.mark.parametrize(
    ("loss", "complaint"),
    [
        (_per_ranking, "not a scalar"),
        (_unguarded_mean, "the loss is nan"),
        (_backwards, "the right order costs"),
        (_squared_error, "the right order costs|the loss is nan"),
        (_unjudged_is_worst, "an item that was not judged gets a gradient"),
        (_place_matters, "order in which items are listed"),
        (_first_ranking_only, "the order of rankings"),
        (_counts_mistakes, "not differentiable"),
    ],
)
def test_a_loss_out_of_order_is_named(loss: Any, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_loss(loss)
