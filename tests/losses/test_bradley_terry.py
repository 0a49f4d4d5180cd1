"""The loss against numbers derived by hand."""

import math

import pytest
import torch

from pdistill.losses.bradley_terry import BradleyTerry
from pdistill.testing import check_loss

NAN = float("nan")


def test_keeps_the_contract() -> None:
    check_loss(BradleyTerry())


def test_one_pair_costs_what_the_formula_says() -> None:
    # Margin (0.20 - 0.15) / 0.05 = 1, so σ = 1 / (1 + e⁻¹) and −log σ = log(1 + e⁻¹).
    value = BradleyTerry(0.05)(torch.tensor([[0.20, 0.15]]), torch.tensor([[2.0, 1.0]]))
    assert value.item() == pytest.approx(math.log(1 + math.exp(-1)), rel=1e-5)


def test_all_pairs_of_all_rankings_weigh_the_same() -> None:
    # First ranking, odds 4, 1, 2 in the order 1 > 2 > 3: the pairs cost log(5/4), log(6/4) and log(3/1).
    # Second ranking, two tied above one, odds 1, 3, 1: two pairs, log 2 and log(4/3); the tie counts for nothing.
    scores = 0.1 * torch.tensor([[4.0, 1.0, 2.0], [1.0, 3.0, 1.0]]).log()
    targets = torch.tensor([[3.0, 2.0, 1.0], [1.0, 1.0, 0.0]])
    wanted = (math.log(5 / 4) + math.log(6 / 4) + math.log(3) + math.log(2) + math.log(4 / 3)) / 5
    assert BradleyTerry(0.1)(scores, targets).item() == pytest.approx(wanted, rel=1e-5)


def test_the_gradient_pulls_a_pair_apart() -> None:
    # d/ds₁ of log(1 + exp(−(s₁ − s₂) / T)) is −σ(−margin) / T; equal scores: −0.5 / 0.1 = −5, and +5 for s₂.
    scores = torch.tensor([[0.3, 0.3]], requires_grad=True)
    BradleyTerry(0.1)(scores, torch.tensor([[1.0, 0.0]])).backward()
    assert scores.grad is not None
    assert scores.grad[0].tolist() == pytest.approx([-5.0, 5.0])


@pytest.mark.parametrize("targets", [[1.0, 1.0], [NAN, NAN], [NAN, 1.0]])
def test_nothing_to_compare_is_zero_without_gradient(targets: list[float]) -> None:
    scores = torch.tensor([[0.9, -0.9]], requires_grad=True)
    value = BradleyTerry()(scores, torch.tensor([targets]))
    value.backward()
    assert value.item() == 0
    assert scores.grad is not None
    assert scores.grad.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("temperature", [0.0, -0.05, NAN, math.inf])
def test_a_temperature_that_is_none_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be a positive number"):
        BradleyTerry(temperature)


@pytest.mark.parametrize("shape", [(2, 4), (3,), (1, 2, 3)])
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(B, M\)"):
        BradleyTerry()(torch.zeros(shape), torch.zeros(2, 3))
