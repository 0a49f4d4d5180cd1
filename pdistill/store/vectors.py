"""Stored vectors by key: features of frozen towers, text embeddings. What was computed once is never computed again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from pdistill.contracts import SILENT, Progress
from pdistill.store.database import Database, Table

_STORE_ROWS = 1024
_STORE_SECONDS = 5.0
"""Vectors are stored when either is reached: a kill costs seconds of work, and the table stays in few pieces."""


class VectorStore:
    """Vectors of one frozen tower, one row per distinct key.

    Args:
        name: the table's name; holds the tower's fingerprint, so that another tower never reads these.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._known: dict[str, np.ndarray] = {}
        self._loaded = False

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        table = Table(self._database, self._name, pa.schema([("key", pa.string()), ("vector", pa.list_(pa.float32()))]))
        if not table.exists():
            return
        rows = table.read(["key", "vector"]).combine_chunks()
        if rows.num_rows:
            vectors = to_matrix(rows["vector"])
            for key, vector in zip(rows["key"].to_pylist(), vectors, strict=True):
                self._known.setdefault(key, vector)

    def get(
        self,
        keys: Sequence[str],
        compute: Callable[[list[int]], np.ndarray],
        batch: int,
        label: str,
        progress: Progress = SILENT,
    ) -> np.ndarray:
        """The vectors of `keys`, computing and storing those that are missing.

        Args:
            keys: (N,) what each vector is stored under; repeated keys are computed once.
            compute: positions in `keys` -> (len, D) float32; called with at most `batch` positions at a time.

        Returns: (N, D) float32.
        """
        self._load()
        missing: dict[str, int] = {}
        for position, key in enumerate(keys):
            if key not in self._known:
                missing.setdefault(key, position)
        positions = list(missing.values())
        if positions:
            self._compute(keys, positions, compute, batch, label, progress)
        if not keys:
            return np.zeros((0, 0), np.float32)
        return np.stack([self._known[key] for key in keys])

    def _compute(
        self,
        keys: Sequence[str],
        positions: list[int],
        compute: Callable[[list[int]], np.ndarray],
        batch: int,
        label: str,
        progress: Progress,
    ) -> None:
        done: list[tuple[str, np.ndarray]] = []
        stored_at = time.monotonic()
        try:
            with progress.task(label, len(positions)) as advance:
                for start in range(0, len(positions), batch):
                    chunk = positions[start : start + batch]
                    vectors = np.ascontiguousarray(compute(chunk), np.float32)
                    done += zip((keys[position] for position in chunk), vectors, strict=True)
                    advance(len(chunk))
                    if len(done) >= _STORE_ROWS or time.monotonic() - stored_at > _STORE_SECONDS:
                        self._store(done)
                        done, stored_at = [], time.monotonic()
        finally:
            self._store(done)

    def _store(self, done: list[tuple[str, np.ndarray]]) -> None:
        if not done:
            return
        keys, vectors = [key for key, _ in done], np.stack([vector for _, vector in done])
        table = Table(self._database, self._name, vector_schema({"key": pa.string()}, vectors.shape[1]))
        table.append(vector_table({"key": keys}, vectors))
        table.compact()
        self._known.update(done)


def vector_schema(fields: dict[str, pa.DataType], dimension: int) -> pa.Schema:
    """The fields, then `vector`: a fixed-size list of float32."""
    return pa.schema([*fields.items(), ("vector", pa.list_(pa.float32(), dimension))])


def vector_table(columns: dict[str, list[str]], vectors: np.ndarray) -> pa.Table:
    """String columns and an (N, D) matrix as one table."""
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1), pa.float32()), vectors.shape[1])
    return pa.table({**{name: pa.array(values, pa.string()) for name, values in columns.items()}, "vector": flat})


def to_matrix(column: pa.ChunkedArray) -> np.ndarray:
    """A column of fixed-size lists as an (N, D) float32 matrix."""
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        combined = pa.concat_arrays(combined.chunks)
    width = combined.type.list_size
    return np.asarray(combined.flatten(), np.float32).reshape(len(combined), width)
