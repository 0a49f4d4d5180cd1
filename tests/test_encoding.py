"""Student versions at work: towers run once, vectors belong to their pictures and texts, weights are as stored."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from pdistill import catalog, cycles, encoding, evaluating, images, indexing, tournament
from pdistill.errors import PluginError, StorageError
from pdistill.store.project import Project
from pdistill.store.records import Version
from pdistill.students.efficientnet_minilm import EfficientNetMiniLM
from tests.small_shop import reopened, small_project

NAME = "efficientnet-minilm"


class Counted:
    """How many pictures and texts went through the towers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pictures = self.texts = 0
        features, encode_text = EfficientNetMiniLM.features, EfficientNetMiniLM.encode_text

        def counted_features(student: EfficientNetMiniLM, given: np.ndarray) -> np.ndarray:
            self.pictures += len(given)
            return features(student, given)

        def counted_texts(student: EfficientNetMiniLM, given: list[str]) -> np.ndarray:
            self.texts += len(given)
            return encode_text(student, given)

        monkeypatch.setattr(EfficientNetMiniLM, "features", counted_features)
        monkeypatch.setattr(EfficientNetMiniLM, "encode_text", counted_texts)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one trained version."""
    project = small_project(tmp_path_factory.mktemp("trained"), items=12, people=12)
    cycles.run(project, 1)
    return project


def test_each_picture_goes_through_the_tower_once_in_all_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    small_project(tmp_path, items=16, people=12)
    # Two more items that show pictures which are there already.
    shop = tmp_path / "shop" / "catalog.csv"
    with shop.open(newline="") as file:
        first, second = list(csv.DictReader(file))[:2]
    twins = tmp_path / "shop" / "twins.csv"
    twins.write_text(f"id,image,title\ntwin-1,{first['image']},Twin one\ntwin-2,{second['image']},Twin two\n")
    catalog.add(reopened(tmp_path), twins)
    # Every stage opens the project anew, as commands do.
    tournament.label(reopened(tmp_path))
    tournament.judge(reopened(tmp_path))
    cycles.run(reopened(tmp_path), 2)
    project = reopened(tmp_path)
    indexing.index(project)
    indexing.index(project, project.versions(NAME)[0])
    evaluating.evaluate(reopened(tmp_path))
    items = project.items()
    assert len(items) == 18 and len(set(items.hashes)) == 16
    assert counted.pictures == 16
    # The texts of personas and of training items, each once; the teacher reads its own.
    train = items.of("train")
    assert counted.texts == len({*project.personas().texts, *train.texts})


def test_features_belong_to_their_pictures(trained: Project) -> None:
    student, items = EfficientNetMiniLM(), trained.items()
    stored = encoding.features(trained, student, items)
    assert stored.shape == (12, 1280)
    pictures = trained.pictures(items.ids)
    for position in (0, 5, 11):
        picture = student.preprocess(images.decode(pictures[items.ids[position]]))
        np.testing.assert_allclose(stored[position], student.features(picture[None])[0], atol=1e-3)
    some = items.take([7, 2, 7])
    np.testing.assert_array_equal(encoding.features(trained, student, some), stored[[7, 2, 7]])


def test_text_vectors_belong_to_their_texts(trained: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    student = EfficientNetMiniLM()
    texts = ["a new kettle", "an old kite", "a new kettle"]
    vectors = encoding.encode_texts(trained, student, texts)
    np.testing.assert_allclose(vectors, student.encode_text(texts), atol=1e-6)
    counted = Counted(monkeypatch)
    again = encoding.encode_texts(Project(trained.root), student, texts[::-1])
    np.testing.assert_array_equal(again, vectors[::-1])
    assert counted.texts == 0


def test_nothing_is_encoded_to_nothing(trained: Project) -> None:
    student = EfficientNetMiniLM()
    assert encoding.encode_texts(trained, student, []).shape == (0, 384)
    assert encoding.project_features(student, np.zeros((0, 1280), np.float32)).shape == (0, 384)
    assert encoding.encode_items(trained, student, trained.items().take([])).shape == (0, 384)


def test_a_version_is_loaded_with_its_own_weights(trained: Project) -> None:
    zero, one = trained.versions(NAME)
    assert encoding.load_student(trained, zero).state() == {}
    student = encoding.load_student(trained, one)
    weight, bias = student.state()["projection.weight"], student.state()["projection.bias"]
    items = trained.items()
    wanted = torch.from_numpy(encoding.features(trained, student, items)) @ weight + bias
    wanted = torch.nn.functional.normalize(wanted, dim=-1)
    np.testing.assert_allclose(encoding.encode_items(trained, student, items), wanted.numpy(), atol=1e-5)


def flipped(data: bytes) -> bytes:
    """The same with one bit changed."""
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.write_bytes(flipped(path.read_bytes())), "SHA-256 has changed"),
        (lambda path: path.unlink(), "cannot be read"),
    ],
    ids=["changed", "missing"],
)
def test_weights_that_are_not_what_was_stored_are_refused(trained: Project, damage, says: str) -> None:
    version = trained.versions(NAME)[1]
    path = trained.weights_path(version.weights)
    good = path.read_bytes()
    try:
        damage(path)
        with pytest.raises(StorageError) as caught:
            encoding.load_student(trained, version)
    finally:
        path.write_bytes(good)
    assert says in caught.value.message and version.weights in caught.value.message
    assert "pdistill train" in caught.value.hint


def test_weights_of_another_student_are_refused(trained: Project) -> None:
    from safetensors.torch import save

    from pdistill.fingerprint import content_hash

    data = save({"projection.weight": torch.zeros(3, 4), "projection.bias": torch.zeros(4)})
    trained.write_weights("odd.safetensors", data)
    odd = Version(f"{NAME}-v9", NAME, 9, 9, "", "", "", 0, "", "odd.safetensors", content_hash(data))
    with pytest.raises(StorageError, match="do not fit"):
        encoding.load_student(trained, odd)


def test_embeddings_that_are_not_finite_are_refused() -> None:
    broken = np.full((1, 1280), np.nan, np.float32)
    with pytest.raises(PluginError, match="not finite"):
        encoding.project_features(EfficientNetMiniLM(), broken)
