"""The check of a strategy: the built-in ones pass, and each way of breaking the contract is named."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pdistill.contracts import Cost
from pdistill.strategies.knockout import Knockout
from pdistill.strategies.successive_halving import SuccessiveHalving
from pdistill.testing import check_strategy


@pytest.mark.parametrize(
    "strategy",
    [Knockout(2), Knockout(8), SuccessiveHalving(8), SuccessiveHalving(5)],
    ids=["knockout-2", "knockout-8", "halving-8", "halving-5"],
)
def test_the_strategies_pass(strategy: Any) -> None:
    check_strategy(strategy)


class AllAtOnce:
    """Asks one question with every item, but for one flaw."""

    def __init__(self, flaw: str) -> None:
        self.flaw = flaw

    def plan(self, n: int) -> Cost:
        if n == 1:
            return Cost(0, 0, 0)
        return Cost(1 + (self.flaw == "dear"), n, 1)

    def play(self, items: Sequence[str], rng: np.random.Generator) -> Any:
        if len(items) == 1:
            return (tuple(items),)
        if self.flaw == "endless":
            while True:
                yield [tuple(items)]
        source = np.random.default_rng() if self.flaw == "unseeded" else rng
        group = tuple(items[position] for position in source.permutation(len(items)))
        if self.flaw == "doubles":
            group += group[:1]
        if self.flaw == "strangers":
            group += ("nobody",)
        if self.flaw == "lonely":
            yield [group[:1]]
        (ranking,) = yield [group]
        if ranking is None:
            return (group[1:],) if self.flaw == "loses" else (group,)
        return ranking[::-1] if self.flaw == "upside down" else ranking


def test_a_strategy_in_order_passes() -> None:
    check_strategy(AllAtOnce("none"))


@pytest.mark.parametrize(
    ("flaw", "complaint"),
    [
        ("dear", "the plan says"),
        ("endless", "no end after"),
        ("unseeded", "the same seed plays differently"),
        ("doubles", "shows an item twice"),
        ("strangers", "shows an item that does not play"),
        ("lonely", "leaves nothing to compare"),
        ("loses", "no permutation of the items"),
        ("upside down", "a noiseless teacher's best does not win"),
    ],
)
def test_a_strategy_out_of_order_is_named(flaw: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_strategy(AllAtOnce(flaw))
