"""The contract, three numbers derived by hand, and what ties and gaps do."""

import math
import tomllib
from pathlib import Path

import pdistill_list_mle
import pytest
import torch
from pdistill_list_mle import ListMLE

from pdistill.testing import check_loss

NAN = float("nan")


def test_contract() -> None:
    check_loss(ListMLE())


def test_three_items_cost_what_the_formula_says() -> None:
    # Odds exp(s / 0.1) = 4, 1, 2 and the teacher's order is first, second, third:
    # P = 4 / (4 + 1 + 2) · 1 / (1 + 2) · 2 / 2 = 4 / 21.
    scores = 0.1 * torch.tensor([[4.0, 1.0, 2.0]]).log()
    assert ListMLE(0.1)(scores, torch.tensor([[3.0, 2.0, 1.0]])).item() == pytest.approx(math.log(21 / 4), rel=1e-5)


def test_tied_items_are_each_held_against_those_below_only() -> None:
    # Odds 4, 1, 2; the first two are tied above the third: P = 4 / (4 + 2) · 1 / (1 + 2) · 2 / 2 = 2 / 9.
    scores = 0.1 * torch.tensor([[4.0, 1.0, 2.0]]).log()
    assert ListMLE(0.1)(scores, torch.tensor([[1.0, 1.0, 0.0]])).item() == pytest.approx(math.log(9 / 2), rel=1e-5)


def test_rankings_without_a_preference_do_not_dilute_the_mean() -> None:
    # Odds 3 to 1 in the right order cost log(4 / 3); the tied and the unjudged ranking count for nothing.
    scores = 0.1 * torch.tensor([[3.0, 1.0], [5.0, 1.0], [1.0, 7.0]]).log()
    targets = torch.tensor([[2.0, 1.0], [1.0, 1.0], [NAN, 1.0]])
    assert ListMLE(0.1)(scores, targets).item() == pytest.approx(math.log(4 / 3), rel=1e-5)


def test_a_tie_gives_no_gradient() -> None:
    scores = torch.tensor([[0.3, 0.1]], requires_grad=True)
    value = ListMLE()(scores, torch.tensor([[1.0, 1.0]]))
    value.backward()
    assert value.item() == 0
    assert scores.grad is not None
    assert scores.grad.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("temperature", [0.0, -1.0, NAN, math.inf])
def test_a_temperature_that_is_none_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be a positive number"):
        ListMLE(temperature)


@pytest.mark.parametrize("shape", [(2, 4), (3,), (1, 2, 3)])
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(B, M\)"):
        ListMLE()(torch.zeros(shape), torch.zeros(2, 3))


def test_the_entry_point_names_the_class() -> None:
    declared = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    module, _, name = declared["project"]["entry-points"]["pdistill.losses"]["list-mle"].partition(":")
    assert module == pdistill_list_mle.__name__
    assert getattr(pdistill_list_mle, name) is ListMLE
