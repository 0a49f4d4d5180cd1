"""The check of a sampler: the built-in ones pass, and each way of breaking the contract is named."""

from typing import Any

import numpy as np
import pytest

from pdistill.samplers.diverse import Diverse
from pdistill.samplers.paper_bins import PaperBins
from pdistill.samplers.uniform import Uniform
from pdistill.testing import check_sampler


@pytest.mark.parametrize("sampler", [Diverse(), PaperBins(), Uniform()], ids=lambda value: type(value).__name__)
def test_the_samplers_pass(sampler: Any) -> None:
    check_sampler(sampler)


class Careless:
    """Draws well but for one flaw."""

    def __init__(self, flaw: str) -> None:
        self.flaw = flaw

    def choose(
        self, scores: np.ndarray, embeddings: np.ndarray, seen: np.ndarray, m: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        if self.flaw == "unseeded":
            rng = np.random.default_rng()
        if self.flaw == "marks":
            seen[0, 0] = not seen[0, 0]
        rows = np.zeros_like(seen) if self.flaw == "repeats pairs" else seen
        chosen = [rng.permutation(np.flatnonzero(~row))[: m - (self.flaw == "short")] for row in rows]
        return [np.repeat(each[:1], len(each)) for each in chosen] if self.flaw == "repeats items" else chosen


def test_a_sampler_in_order_passes() -> None:
    check_sampler(Careless("none"))


@pytest.mark.parametrize(
    ("flaw", "complaint"),
    [
        ("unseeded", "the same seed chooses differently"),
        ("marks", "changed its inputs|the same seed chooses differently"),
        ("repeats pairs", "items chosen where|seen before is chosen"),
        ("short", "items chosen where"),
        ("repeats items", "an item is chosen twice"),
    ],
)
def test_a_sampler_out_of_order_is_named(flaw: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_sampler(Careless(flaw))
