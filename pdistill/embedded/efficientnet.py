"""The frozen image tower: EfficientNet-Lite0 with its ImageNet classes, shared by the whole process.

It owns pictures, pooled features and class scores, and must not know texts, catalogs or what is learnt on top.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pdistill.embedded import weights
from pdistill.errors import PluginError

if TYPE_CHECKING:
    import torch
    from PIL import Image

FEATURES = 1280
CLASSES = 1000
SIDE = 224
KEPT = 0.875
"""The central part of each side that is looked at."""
FINGERPRINT = f"efficientnet-lite0:{weights.EFFICIENTNET_LITE0.sha256[:16]}:central-{KEPT}-stretched-{SIDE}:1"
"""Changes with the weights and with how pictures are prepared."""

_CHUNK = 16
_NAME = "tf_efficientnet_lite0"
_lock = threading.Lock()


def preprocess(image: Image.Image) -> np.ndarray:
    """One upright RGB picture -> (3, 224, 224) float32 in [-1, 1]: (x - 127) / 128, as the weights were trained.

    The central 87.5 % of both sides is stretched to a square. On product photos this found the same product again
    more often than stretching the whole picture or padding it to a square (nearest neighbour among groceries 51 %
    against 47 % and 46 %), and unlike a square crop it keeps both ends of a long product.
    """
    from PIL import Image

    width, height = image.size
    left, top = width * (1 - KEPT) / 2, height * (1 - KEPT) / 2
    resized = image.convert("RGB").resize(
        (SIDE, SIDE), Image.Resampling.BICUBIC, box=(left, top, width - left, height - top)
    )
    pixels = np.asarray(resized, dtype=np.float32)
    return np.ascontiguousarray(((pixels - 127) / 128).transpose(2, 0, 1))


def features(images: np.ndarray) -> np.ndarray:
    """(B, 3, 224, 224) float32 -> (B, 1280) float32, the pooled features before the classifier.

    A picture's features depend on its batch by less than 1e-4. Raises PluginError if the weights are missing or
    wrong, ValueError for another shape.
    """
    import torch

    if images.ndim != 4 or images.shape[1:] != (3, SIDE, SIDE):
        raise ValueError(f"images must be (B, 3, {SIDE}, {SIDE}), not {images.shape}")
    network = _network()
    found = np.empty((len(images), FEATURES), dtype=np.float32)
    with torch.inference_mode():
        # 16 pictures keep the activations in the processor's cache: larger chunks were slower.
        for start in range(0, len(images), _CHUNK):
            chunk = torch.from_numpy(np.asarray(images[start : start + _CHUNK], dtype=np.float32))
            maps = network.forward_features(chunk.contiguous(memory_format=torch.channels_last))
            found[start : start + _CHUNK] = network.forward_head(maps, pre_logits=True).numpy()
    return found


def classifier() -> tuple[torch.Tensor, torch.Tensor]:
    """The frozen ImageNet classifier on the features: weight (1000, 1280) and bias (1000,)."""
    linear = _network().classifier
    return linear.weight, linear.bias


def logits(pooled: torch.Tensor) -> torch.Tensor:
    """(B, 1280) features -> (B, 1000) ImageNet class logits."""
    weight, bias = classifier()
    return pooled @ weight.T + bias


def class_names() -> list[str]:
    """The 1,000 ImageNet classes in words, in the order of the logits."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    return [info.index_to_description(index) for index in range(CLASSES)]


def _network() -> Any:
    with _lock:
        return _load()


@cache
def _load() -> Any:
    """Build timm's network and fill it by position: the file's tensors stand in timm's order under other names."""
    path = weights.efficientnet_lite0()
    timm = weights.import_or_explain("timm", "timm")
    import torch

    network = timm.create_model(_NAME, pretrained=False)
    stored = torch.load(path, map_location="cpu", weights_only=True)
    expected = network.state_dict()
    if [each.shape for each in stored.values()] != [each.shape for each in expected.values()]:
        raise PluginError(
            f"The weights of EfficientNet-Lite0 do not fit the network '{_NAME}' of timm {timm.__version__}.",
            'Install the version that pdistill was made with: pip install "timm>=1.0.31,<1.1"',
        )
    network.load_state_dict(dict(zip(expected, stored.values(), strict=True)))
    network.eval().requires_grad_(False)
    return network.to(memory_format=torch.channels_last)
