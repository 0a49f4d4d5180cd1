"""The check of a student: shapes, unit length, a frozen text side, and a state that survives the disk.

It owns the pictures and the changes made, and must not judge whether embeddings mean anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pdistill.contracts import LinearStudent, Student
from pdistill.testing.expect import ITEM_TEXTS, ODD_PERSONAS, expect, expect_members, near

if TYPE_CHECKING:
    import torch


def check_student(student: Student) -> None:
    """Embed a few texts and pictures, change the student's parameters, store and restore it.

    Raises AssertionError in words if shapes, unit length or determinism fail, if training would change texts, if
    gradients do not reach the parameters, or if the state does not survive safetensors. The student is left as it
    came.
    """
    import torch

    expect_members(student, Student)
    for name in ("text_fingerprint", "feature_fingerprint"):
        value = getattr(student, name)
        expect(value and isinstance(value, str), f"`{name}` must be a string, not empty")
    original = {name: tensor.clone() for name, tensor in student.state().items()}
    texts = [*ODD_PERSONAS.values(), *ITEM_TEXTS]
    embedded = student.encode_text(texts)
    _check_unit("encode_text", embedded, (len(texts), student.dimension))
    expect(near(student.encode_text(texts[::-1])[::-1], embedded), "encode_text: a text hangs on its neighbours")
    features = _check_features(student)
    before = _projected(student, features)
    _check_unit("project", before.numpy(), (len(features), student.dimension))
    expect(near(_projected(student, features), before), "project: two calls differ")
    _check_training(student, features)
    saved = _through_safetensors(student.state())
    trained = _projected(student, features)
    if isinstance(student, LinearStudent):
        _check_linear(student, features)
    student.load_state(saved)
    expect(near(_projected(student, features), trained), "load_state does not bring back what state gave")
    try:
        student.load_state({"no such tensor": torch.zeros(1)})
    except ValueError:
        pass
    else:
        raise AssertionError("load_state took a state that does not fit; it must raise ValueError")
    student.load_state(original)
    expect(near(_projected(student, features), before), "load_state does not bring back the state before training")
    expect(np.array_equal(student.encode_text(texts), embedded), "training changed encode_text, which must be frozen")


def _check_unit(name: str, vectors: np.ndarray, shape: tuple[int, int]) -> None:
    expect(vectors.shape == shape, f"{name}: shape {vectors.shape}, not {shape}")
    expect(vectors.dtype == np.float32, f"{name}: {vectors.dtype}, not float32")
    expect(near(np.linalg.norm(vectors, axis=1), np.ones(len(vectors))), f"{name}: not of unit length")


def _check_features(student: Student) -> torch.Tensor:
    import torch
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (3, 90, 60, 3), dtype=np.uint8)
    sizes = [(300, 200), (40, 500), (1, 1)]
    pictures = [Image.fromarray(each).resize(size) for each, size in zip(pixels, sizes, strict=True)]
    images = [student.preprocess(picture) for picture in pictures]
    expect(len({image.shape for image in images}) == 1, "preprocess: the shape hangs on the picture's size")
    expect(images[0].ndim == 3 and images[0].shape[0] == 3, f"preprocess: shape {images[0].shape}, not (3, H, W)")
    expect(images[0].dtype == np.float32, f"preprocess: {images[0].dtype}, not float32")
    found = student.features(np.stack(images))
    expect(found.ndim == 2 and len(found) == 3, f"features: shape {found.shape}, not (3, F)")
    expect(found.dtype == np.float32, f"features: {found.dtype}, not float32")
    expect(np.isfinite(found).all(), "features: a number is not finite")
    alone = np.concatenate([student.features(image[None]) for image in images])
    expect(np.allclose(alone, found, atol=1e-3), "features: a picture hangs on the others in its batch")
    return torch.from_numpy(np.array(found))


def _projected(student: Student, features: torch.Tensor) -> torch.Tensor:
    return student.project(features).detach().cpu()


def _check_training(student: Student, features: torch.Tensor) -> None:
    """Gradients must reach every parameter, and changing the parameters must change `project` and `state`."""
    import torch

    parameters = student.trainable()
    expect(parameters, "trainable: nothing to train")
    before = _projected(student, features)
    total = student.project(features)[:, 0].sum()
    expect(total.requires_grad, "trainable: project does not hang on any parameter")
    total.backward()
    for index, parameter in enumerate(parameters):
        expect(parameter.grad is not None, f"trainable: no gradient reaches parameter {index}")
    with torch.no_grad():
        for parameter in parameters:
            noise = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
            parameter.add_(noise.to(parameter) * (parameter.std(correction=0) + 0.01))
            parameter.grad = None
    expect(not near(_projected(student, features), before), "project does not hang on the trainable parameters")
    expect(student.state(), "state is empty though the student was trained")


def _through_safetensors(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    from safetensors.torch import load, save

    return load(save(state))


def _check_linear(student: LinearStudent, features: torch.Tensor) -> None:
    import torch

    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(features.shape[1], student.dimension, generator=generator)
    bias = torch.randn(student.dimension, generator=generator)
    student.set_projection(weight, bias)
    wanted = torch.nn.functional.normalize(features @ weight + bias, dim=-1)
    expect(near(_projected(student, features), wanted), "set_projection: project is not normalize(x @ weight + bias)")
