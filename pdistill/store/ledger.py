"""The ledger: every answer of a teacher, on disk the moment it comes and in a Lance table soon after.

An answer goes first to this process's spool (one JSON line, flushed: a kill -9 loses nothing that was written), and
from there in groups into the table. Spools that a killed process left behind are folded in at the next start.
"""

from __future__ import annotations

import errno
import json
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from pdistill.store.database import SMALL_FRAGMENTS, Database, Table, storage_errors

SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("purpose", pa.string()),
        ("persona_id", pa.string()),
        ("persona", pa.string()),
        ("items", pa.list_(pa.string())),
        ("ranking", pa.list_(pa.list_(pa.int32()))),
        ("scores", pa.list_(pa.float64())),
        ("raw", pa.string()),
        ("error", pa.string()),
        ("teacher", pa.string()),
        ("model", pa.string()),
        ("teacher_fingerprint", pa.string()),
        ("prompt_version", pa.string()),
        ("student", pa.string()),
        ("seed", pa.int64()),
        ("tokens_in", pa.int64()),
        ("tokens_out", pa.int64()),
        ("latency_s", pa.float64()),
        ("asked_at", pa.float64()),
    ]
)

GROUP_ROWS = 2_000
GROUP_SECONDS = 2.0
"""The spool is folded into the table at either: few Lance commits, and never more than seconds outside the table."""

SYNC_SECONDS = 0.5
"""fdatasync at least this often: what a power loss can cost."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One paid answer as the ledger keeps it.

    Attributes:
        key: the fingerprint of all that changes the answer (teacher, persona, what was shown in order, seed).
        purpose: `train` or `eval`; why it was asked, not part of the key.
        items: (M,) ids in the order shown.
        ranking: levels of positions in `items`, best first; None if the answer was not valid.
        student: the version whose scores chose the items; empty in evaluations.
        asked_at: seconds since 1970.
    """

    key: str
    purpose: str
    persona_id: str
    persona: str
    items: list[str]
    ranking: list[list[int]] | None
    scores: list[float] | None
    raw: str
    error: str | None
    teacher: str
    model: str
    teacher_fingerprint: str
    prompt_version: str
    student: str
    seed: int
    tokens_in: int
    tokens_out: int
    latency_s: float
    asked_at: float = field(default_factory=time.time)

    def row(self) -> dict[str, Any]:
        """The entry as a row of the table; what a teacher wrote may be no valid Unicode, and is made so."""
        row = {name: getattr(self, name) for name in SCHEMA.names}
        for name in ("raw", "error"):
            if row[name] is not None:
                row[name] = row[name].encode(errors="replace").decode()
        return row


class Ledger:
    """Reads and appends answers; several processes may do so at once.

    Args:
        folder: where the spools lie, one per writing process, each held by a file lock while its process lives.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._table = Table(database, "answers", SCHEMA)
        self._folder = folder
        self._spool: _Spool | None = None
        self._waiting: list[Entry] = []
        self._folded_at = time.monotonic()
        self._folds = 0

    def recover(self) -> int:
        """Fold the spools of dead processes into the table; the number of answers saved so."""
        self.fold()
        saved = 0
        for path in sorted(self._folder.glob("*.jsonl")):
            with storage_errors(self._folder):
                lock = FileLock(f"{path}.lock")
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    continue  # its process is alive
                with lock:
                    saved += self._rescue(path)
                Path(f"{path}.lock").unlink(missing_ok=True)
        return saved

    def _rescue(self, path: Path) -> int:
        """Fold one spool whose lock we hold, and remove it; the number of answers that were not in the table."""
        if not path.exists():
            return 0  # another process folded it a moment ago
        entries: dict[str, Entry] = {}
        for entry in _read_spool(path):
            entries.setdefault(entry.key, entry)
        known = set(self._table.read_in(["key"], "key", list(entries))["key"].to_pylist())
        new = [entry for key, entry in entries.items() if key not in known]
        self._table.append([entry.row() for entry in new])
        path.unlink(missing_ok=True)
        return len(new)

    def known(self, teacher_fingerprint: str) -> dict[str, list[list[int]] | None]:
        """Question key -> ranking as positions (None: the answer was not valid), of one teacher; first answer wins."""
        self.recover()
        rows = self._table.read(["key", "ranking"], {"teacher_fingerprint": teacher_fingerprint})
        found: dict[str, list[list[int]] | None] = {}
        for key, ranking in zip(rows["key"].to_pylist(), rows["ranking"].to_pylist(), strict=True):
            found.setdefault(key, ranking)
        return found

    def rows(self, columns: list[str], equal: dict[str, str]) -> pa.Table:
        """The named columns of the answers whose columns equal the given values, one row per key, in a fixed order."""
        self.recover()
        rows = self._table.read(list(dict.fromkeys([*columns, "key"])), equal).combine_chunks()
        keys = rows["key"].to_pylist()
        first: dict[str, int] = {}
        for position, key in enumerate(keys):
            first.setdefault(key, position)
        return rows.take(pa.array([first[key] for key in sorted(first)], pa.int64())).select(columns)

    def count(self) -> int:
        return self._table.count()

    def append(self, entry: Entry) -> None:
        """Keep one answer. When this returns, a kill of the process cannot lose it."""
        if self._spool is None:
            self._spool = _Spool(self._folder)
        self._spool.write(entry)
        self._waiting.append(entry)
        if len(self._waiting) >= GROUP_ROWS or time.monotonic() - self._folded_at > GROUP_SECONDS:
            self.fold()

    def fold(self) -> None:
        """Move what waits in this process's spool into the table."""
        if self._waiting and self._spool is not None:
            self._table.append([entry.row() for entry in self._waiting])
            self._waiting = []
            self._spool.clear()
            self._folds += 1
            if self._folds % SMALL_FRAGMENTS == 0:  # a slow teacher makes many small commits in its days
                self._table.compact()
        self._folded_at = time.monotonic()

    def close(self) -> None:
        """Fold, and remove the spool. Safe to call twice.

        Where folding fails the spool is left as a dead process leaves it: the next `recover` of anyone folds it.
        """
        folded = False
        try:
            self.fold()
            folded = True
        finally:
            spool, self._spool, self._waiting = self._spool, None, []
            if spool is not None:
                spool.close(keep=not folded)
        if spool is not None:
            self._table.compact()


class _Spool:
    """One process's file of answers that are not in the table yet."""

    def __init__(self, folder: Path) -> None:
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
            self._lock = FileLock(f"{self._path}.lock")
            self._lock.acquire()
            self._file = self._path.open("ab", buffering=0)
        self._synced_at = time.monotonic()

    def write(self, entry: Entry) -> None:
        line = json.dumps(entry.row(), ensure_ascii=False).encode() + b"\n"
        with storage_errors(self._path):
            written = self._file.write(line)
            if written != len(line):
                whole = os.fstat(self._file.fileno()).st_size - written
                self._file.truncate(whole)  # what comes next must not grow onto a torn line
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if time.monotonic() - self._synced_at > SYNC_SECONDS:
                os.fdatasync(self._file.fileno())
                self._synced_at = time.monotonic()

    def clear(self) -> None:
        with storage_errors(self._path):
            self._file.truncate(0)

    def close(self, keep: bool) -> None:
        """Let go of the file and its lock, and remove it unless it is to be kept for the next `recover`."""
        self._file.close()
        if not keep:
            self._path.unlink(missing_ok=True)
        self._lock.release()
        Path(f"{self._path}.lock").unlink(missing_ok=True)


def _read_spool(path: Path) -> Iterator[Entry]:
    for line in path.read_bytes().splitlines():
        try:
            yield Entry(**json.loads(line))
        except (ValueError, TypeError):
            continue  # the last line of a process killed while writing it: not yet acknowledged to anyone
