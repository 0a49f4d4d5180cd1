"""The check of a student: one in order passes, and each way of breaking the contract is named."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from pdistill.testing import check_student


class Bags:
    """A student that really embeds: texts by their letters, pictures by their mean colour and a layer."""

    text_fingerprint, feature_fingerprint, dimension = "letters-1", "colours-1", 26

    def __init__(self) -> None:
        self.layer: torch.Tensor | None = None

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.array(
            [[text.lower().count(chr(97 + letter)) for letter in range(26)] for text in texts], np.float32
        )
        return _unit(counts + 0.1)

    def preprocess(self, image: Any) -> np.ndarray:
        return np.asarray(image.resize((4, 4)), np.float32).transpose(2, 0, 1) / 255

    def features(self, images: np.ndarray) -> np.ndarray:
        return images.mean((2, 3))

    def project(self, features: torch.Tensor) -> torch.Tensor:
        layer = torch.eye(3, 26) if self.layer is None else self.layer
        return torch.nn.functional.normalize(features @ layer + 0.1, dim=-1)

    def trainable(self) -> list[torch.nn.Parameter]:
        self.layer = torch.nn.Parameter(torch.eye(3, 26))
        return [self.layer]

    def state(self) -> dict[str, torch.Tensor]:
        return {} if self.layer is None else {"layer": self.layer.detach().clone()}

    def load_state(self, state: Any) -> None:
        if state and set(state) != {"layer"}:
            raise ValueError("not a state of Bags")
        self.layer = state["layer"] if state else None


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class LongText(Bags):
    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return 2 * super().encode_text(texts)


class ThawedText(Bags):
    """Its texts move once training began, and stay moved."""

    moved = False

    def trainable(self) -> list[torch.nn.Parameter]:
        self.moved = True
        return super().trainable()

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return np.ascontiguousarray(super().encode_text(texts)[:, :: -1 if self.moved else 1])


class BatchText(Bags):
    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return _unit(super().encode_text(texts) + 0.1 * np.arange(len(texts), dtype=np.float32)[:, None] ** 2 % 0.7)


class BatchFeatures(Bags):
    def features(self, images: np.ndarray) -> np.ndarray:
        return super().features(images - images.mean(0))


class AnySize(Bags):
    def preprocess(self, image: Any) -> np.ndarray:
        return np.asarray(image, np.float32).transpose(2, 0, 1)


class Deaf(Bags):
    def project(self, features: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(features @ torch.eye(3, 26) + 0.1, dim=-1)


class Forgetful(Bags):
    def load_state(self, state: Any) -> None:
        super().load_state({name: torch.zeros(3, 26) for name in state} if "layer" in state else state)


class Gullible(Bags):
    def load_state(self, state: Any) -> None:
        self.layer = state.get("layer")


class FalseLinear(Bags):
    def set_projection(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        self.layer = weight


def test_a_student_in_order_passes_and_is_left_as_it_came() -> None:
    student = Bags()
    check_student(student)
    assert student.state() == {}


@pytest.mark.parametrize(
    ("student", "complaint"),
    [
        (LongText(), "encode_text: not of unit length"),
        (ThawedText(), "training changed encode_text"),
        (BatchText(), "encode_text: a text hangs on its neighbours"),
        (BatchFeatures(), "features: a picture hangs on the others"),
        (AnySize(), "preprocess: the shape hangs on"),
        (Deaf(), "project does not hang on any parameter"),
        (Forgetful(), "load_state does not bring back what state gave"),
        (Gullible(), "load_state took a state that does not fit"),
        (FalseLinear(), "set_projection: project is not normalize"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_student_out_of_order_is_named(student: Bags, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_student(student)
