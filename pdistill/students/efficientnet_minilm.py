"""The student that needs no download: EfficientNet-Lite0 for pictures, MiniLM for texts, one linear layer between.

It owns how the two towers meet and what training may change; it must not know how or from what the student learns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from pdistill.embedded import efficientnet, minilm

if TYPE_CHECKING:
    import torch
    from PIL import Image

WEIGHT = "projection.weight"
BIAS = "projection.bias"

_TOP_CLASSES = 10
_LOGIT_SCALE = 0.005
"""Of the powers tried, the one nearest to ConSE on product photos (cosine .69)."""


class EfficientNetMiniLM:
    """A dual encoder on the CPU: pictures through EfficientNet-Lite0 and a linear layer, texts through MiniLM.

    As it comes, a picture lands where the names of its likeliest ImageNet classes lie (ConSE, Norouzi et al.,
    arXiv 1312.5650): the mean of the ten likeliest names' text embeddings, weighted by their probabilities. Once
    trained, project(x) = normalize(x @ weight + bias). Towers are loaded when first used.

    Attributes:
        text_fingerprint: changes with MiniLM's weights and how texts become vectors.
        feature_fingerprint: changes with EfficientNet's weights and how pictures are prepared.
        dimension: 384.
    """

    def __init__(self) -> None:
        self.text_fingerprint = minilm.FINGERPRINT
        self.feature_fingerprint = efficientnet.FINGERPRINT
        self.dimension = minilm.DIMENSION
        self._projection: tuple[torch.Tensor, torch.Tensor] | None = None

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """(B,) texts -> (B, 384) float32, unit length. Raises PluginError if the text tower is missing."""
        return minilm.encode(texts)

    def preprocess(self, image: Image.Image) -> np.ndarray:
        """One upright RGB picture -> (3, 224, 224) float32."""
        return efficientnet.preprocess(image)

    def features(self, images: np.ndarray) -> np.ndarray:
        """(B, 3, 224, 224) float32 -> (B, 1280) float32. Raises PluginError if the image tower is missing."""
        return efficientnet.features(images)

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """(B, 1280) raw features -> (B, 384), unit length; differentiable in the learnt layer."""
        from torch.nn.functional import normalize

        if self._projection is None:
            return _conse(features)
        weight, bias = self._projection
        return normalize(features @ weight + bias, dim=-1)

    def trainable(self) -> list[torch.nn.Parameter]:
        """The layer's weight (1280, 384) and bias (384,), gradients on.

        A student as it comes gets a layer that stands in for its ConSE embedding first: the class names' embeddings
        weighted by logits in the place of probabilities.
        """
        import torch

        weight, bias = self._projection or _linear_start()
        parameters = [torch.nn.Parameter(weight.detach().clone()), torch.nn.Parameter(bias.detach().clone())]
        self._projection = (parameters[0], parameters[1])
        return parameters

    def state(self) -> dict[str, torch.Tensor]:
        """The layer under `projection.weight` and `projection.bias`, copied; empty for the student as it comes."""
        if self._projection is None:
            return {}
        weight, bias = self._projection
        return {WEIGHT: weight.detach().clone().contiguous(), BIAS: bias.detach().clone().contiguous()}

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take back what `state` gave; an empty one makes the student as it comes.

        Raises: ValueError naming the keys or the shapes that do not fit.
        """
        if not state:
            self._projection = None
            return
        if set(state) != {WEIGHT, BIAS}:
            raise ValueError(f"the state must hold {WEIGHT} and {BIAS}, not {', '.join(sorted(state))}")
        self.set_projection(state[WEIGHT], state[BIAS])

    def set_projection(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        """Make project(x) = normalize(x @ weight + bias): weight (1280, 384), bias (384,), both on raw features.

        Raises: ValueError if the shapes do not fit or a number is not finite.
        """
        shapes = (efficientnet.FEATURES, self.dimension), (self.dimension,)
        if (tuple(weight.shape), tuple(bias.shape)) != shapes:
            raise ValueError(
                f"the projection must be {shapes[0]} and {shapes[1]}, not {tuple(weight.shape)} and {tuple(bias.shape)}"
            )
        if not (weight.isfinite().all() and bias.isfinite().all()):
            raise ValueError("the projection holds numbers that are not finite")
        self._projection = (weight.detach().float().clone(), bias.detach().float().clone())


@cache
def _class_vectors() -> torch.Tensor:
    """(1000, 384) text embeddings of the ImageNet classes' names; a second of work, once per process."""
    import torch

    return torch.from_numpy(minilm.encode(efficientnet.class_names()))


def _conse(features: torch.Tensor) -> torch.Tensor:
    """(B, 1280) -> (B, 384), unit length: Σ over the ten likeliest classes of p(class) · text(class)."""
    from torch.nn.functional import normalize

    likeliest = efficientnet.logits(features).softmax(-1).topk(_TOP_CLASSES, dim=-1)
    vectors = _class_vectors()[likeliest.indices]
    return normalize((likeliest.values[..., None] * vectors).sum(-2), dim=-1)


def _linear_start() -> tuple[torch.Tensor, torch.Tensor]:
    """Weight (1280, 384) and bias (384,) of the mean class name plus `_LOGIT_SCALE` · logits · centred names."""
    weight, bias = efficientnet.classifier()
    vectors = _class_vectors()
    mean = vectors.mean(0)
    centred = _LOGIT_SCALE * (vectors - mean)
    return weight.T @ centred, bias @ centred + mean
