"""A vector that was computed once is never computed again, whoever asks and whatever interrupted."""

from __future__ import annotations

from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
import pytest

from pdistill.store import vectors
from pdistill.store.database import Database
from pdistill.store.vectors import VectorStore, to_matrix, vector_schema, vector_table


class Tower:
    """Computes (number, number²) for the key `kNUMBER` and remembers what it was asked for."""

    def __init__(self, keys: list[str], broken_at: str = "", error: type[BaseException] = RuntimeError) -> None:
        self.keys = keys
        self.asked: list[str] = []
        self.batches: list[int] = []
        self._broken_at, self._error = broken_at, error

    def __call__(self, positions: list[int]) -> np.ndarray:
        keys = [self.keys[position] for position in positions]
        if self._broken_at in keys:
            raise self._error("in the middle")
        self.asked += keys
        self.batches.append(len(keys))
        return wanted(keys)


def wanted(keys: list[str]) -> np.ndarray:
    return np.array([[int(key[1:]), int(key[1:]) ** 2] for key in keys], np.float32)


def store(folder: Path, name: str = "features_f1") -> VectorStore:
    return VectorStore(Database(folder / "lance"), name)


def stored(folder: Path, name: str = "features_f1") -> list[str]:
    rows = lancedb.connect(folder / "lance").open_table(name).search().select(["key"]).limit(10_000).to_arrow()
    return sorted(rows["key"].to_pylist())


def test_each_key_is_computed_once_and_comes_in_the_order_asked_for(tmp_path: Path) -> None:
    keys = ["k3", "k1", "k3", "k2", "k1", "k3"]
    tower = Tower(keys)
    mine = store(tmp_path)
    assert np.array_equal(mine.get(keys, tower, 2, "Looking"), wanted(keys))
    assert tower.asked == ["k3", "k1", "k2"]
    assert tower.batches == [2, 1]
    again = Tower(["k2", "k4", "k3"])
    assert np.array_equal(mine.get(again.keys, again, 2, "Looking"), wanted(again.keys))
    assert again.asked == ["k4"]
    assert stored(tmp_path) == ["k1", "k2", "k3", "k4"]


def test_another_instance_computes_only_what_is_new(tmp_path: Path) -> None:
    first = Tower([f"k{number}" for number in range(100)])
    store(tmp_path).get(first.keys, first, 16, "Looking")
    second = Tower([f"k{number}" for number in range(110, 50, -1)])
    found = store(tmp_path).get(second.keys, second, 16, "Looking")
    assert np.array_equal(found, wanted(second.keys))
    assert second.asked == [f"k{number}" for number in range(110, 99, -1)]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_what_was_computed_before_an_interruption_is_kept(tmp_path: Path, error: type[BaseException]) -> None:
    # Batches of 3: k0 to k5 are done when the third batch, with k7, breaks.
    first = Tower([f"k{number}" for number in range(12)], broken_at="k7", error=error)
    with pytest.raises(error, match="in the middle"):
        store(tmp_path).get(first.keys, first, 3, "Looking")
    assert stored(tmp_path) == [f"k{number}" for number in range(6)]
    second = Tower(first.keys)
    assert np.array_equal(store(tmp_path).get(second.keys, second, 3, "Looking"), wanted(second.keys))
    assert second.asked == [f"k{number}" for number in range(6, 12)]
    assert len(stored(tmp_path)) == 12


def test_the_same_instance_goes_on_after_an_interruption(tmp_path: Path) -> None:
    mine, keys = store(tmp_path), ["k1", "k2", "k3"]
    with pytest.raises(RuntimeError):
        mine.get(keys, Tower(keys, broken_at="k3"), 1, "Looking")
    second = Tower(keys)
    assert np.array_equal(mine.get(keys, second, 1, "Looking"), wanted(keys))
    assert second.asked == ["k3"]


def test_long_work_is_stored_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "_STORE_ROWS", 4)
    keys = [f"k{number}" for number in range(10)]
    seen: list[int] = []

    def tower(positions: list[int]) -> np.ndarray:
        there = "features_f1" in lancedb.connect(tmp_path / "lance").list_tables().tables
        seen.append(len(stored(tmp_path)) if there else 0)
        return wanted([keys[position] for position in positions])

    store(tmp_path).get(keys, tower, 2, "Looking")
    # Batches of two, stored at four: what is on disk when each of the five batches begins.
    assert seen == [0, 0, 4, 4, 8]
    assert len(stored(tmp_path)) == 10


def test_towers_do_not_share_vectors(tmp_path: Path) -> None:
    keys = ["k1", "k2"]
    for name in ("features_f1", "features_f2", "texts_f1"):
        tower = Tower(keys)
        store(tmp_path, name).get(keys, tower, 2, "Looking")
        assert tower.asked == keys


def test_no_keys_no_work(tmp_path: Path) -> None:
    tower = Tower([])
    assert len(store(tmp_path).get([], tower, 2, "Looking")) == 0
    assert tower.batches == []


def test_progress_counts_what_is_computed(tmp_path: Path) -> None:
    class Counting:
        def __init__(self) -> None:
            self.tasks: list[tuple[str, int | None]] = []
            self.steps = 0

        def task(self, label: str, total: int | None) -> Counting:
            self.tasks.append((label, total))
            return self

        def __enter__(self) -> Counting:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def __call__(self, steps: int = 1) -> None:
            self.steps += steps

        def note(self, text: str) -> None:
            raise AssertionError(text)

    mine, progress = store(tmp_path), Counting()
    for keys in (["k1", "k2", "k1"], ["k2", "k1"], ["k1", "k5"]):
        mine.get(keys, Tower(keys), 1, "Looking", progress)
    # Two at first; nothing, and so no task, then; one at last.
    assert progress.tasks == [("Looking", 2), ("Looking", 1)]
    assert progress.steps == 3


def test_matrices_survive_arrow() -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(4, 3)
    table = vector_table({"key": list("abcd")}, matrix)
    assert table.schema == vector_schema({"key": pa.string()}, 3)
    assert np.array_equal(to_matrix(table["vector"]), matrix)
    # A slice and several chunks, as they come from disk.
    assert np.array_equal(to_matrix(table.slice(1, 2)["vector"]), matrix[1:3])
    both = pa.concat_tables([table.slice(2), table.slice(0, 1)])
    assert np.array_equal(to_matrix(both["vector"]), matrix[[2, 3, 0]])
    assert to_matrix(table.slice(0, 0)["vector"]).shape == (0, 3)
