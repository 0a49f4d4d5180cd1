"""A student version at work: its weights loaded, pictures and texts turned into vectors, frozen parts run once.

It knows the project and the contract of students, and no stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

from pdistill import images, registry
from pdistill.contracts import SILENT, Progress, Student
from pdistill.errors import PluginError, StorageError
from pdistill.fingerprint import content_hash
from pdistill.store.project import Project
from pdistill.store.records import Items, Version

PICTURES_AT_ONCE = 64
TEXTS_AT_ONCE = 256


def load_student(project: Project, version: Version) -> Student:
    """The student with the weights of one version.

    Raises: StorageError if the weights are missing, changed, or do not fit; what `registry.create` raises.
    """
    student: Student = registry.create("student", version.name, project.settings.student.options(version.name))
    if version.weights:
        _load_weights(project, version, student)
    return student


def _load_weights(project: Project, version: Version, student: Student) -> None:
    from safetensors.torch import load

    path = project.weights_path(version.weights)
    retrain = "Restore it from a copy, or train again: pdistill train"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(f"The weights of {version.id} cannot be read: {error}.", retrain) from error
    if content_hash(data) != version.weights_sha256:
        raise StorageError(f"{path} is not what was stored: its SHA-256 has changed.", retrain)
    try:
        student.load_state(load(data))
    except ValueError as error:
        raise StorageError(f"The weights of {version.id} do not fit this student: {error}.", retrain) from error


def encode_texts(project: Project, student: Student, texts: Sequence[str], progress: Progress = SILENT) -> np.ndarray:
    """(P,) texts -> (P, D) unit vectors; each distinct text is encoded once per project."""
    if not texts:
        return np.zeros((0, student.dimension), np.float32)
    store = project.vectors("texts", student.text_fingerprint)

    def compute(positions: list[int]) -> np.ndarray:
        return student.encode_text([texts[position] for position in positions])

    keys = [content_hash(text.encode()) for text in texts]
    return store.get(keys, compute, TEXTS_AT_ONCE, "Reading texts", progress)


def features(project: Project, student: Student, items: Items, progress: Progress = SILENT) -> np.ndarray:
    """(N, F) stored features; the image tower runs once per distinct picture and project."""
    store = project.vectors("features", student.feature_fingerprint)

    def compute(positions: list[int]) -> np.ndarray:
        ids = [items.ids[position] for position in positions]
        pictures = project.pictures(ids)
        arrays = _decoders().map(lambda item: student.preprocess(images.decode(pictures[item])), ids)
        return student.features(np.stack(list(arrays)))

    return store.get(items.hashes, compute, PICTURES_AT_ONCE, "Looking at pictures", progress)


@cache
def _decoders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="decode")


def project_features(student: Student, matrix: np.ndarray) -> np.ndarray:
    """(N, F) features -> (N, D) unit vectors through the part that learns."""
    import torch

    if not len(matrix):
        return np.zeros((0, student.dimension), np.float32)
    with torch.inference_mode():
        parts = [student.project(torch.from_numpy(part)) for part in np.array_split(matrix, -(-len(matrix) // 4096))]
        vectors = torch.cat(parts).numpy()
    if not np.isfinite(vectors).all():
        raise PluginError("The student gave embeddings that are not finite.", "Train it anew: pdistill train")
    return vectors


def same_pictures(hashes: Sequence[str]) -> np.ndarray:
    """(N,) for each item the position of the first one with its picture.

    Arithmetic on a row of a matrix hangs on the row's place in the last digit; scores taken from there make items with
    one picture tie, as they must.
    """
    first: dict[str, int] = {}
    return np.array([first.setdefault(content, position) for position, content in enumerate(hashes)], np.intp)


def encode_items(project: Project, student: Student, items: Items, progress: Progress = SILENT) -> np.ndarray:
    """(N, D) unit vectors of these items."""
    return project_features(student, features(project, student, items, progress))
