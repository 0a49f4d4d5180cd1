"""The only module that knows LanceDB: tables opened, read and written, and its errors told in words.

It knows nothing of what the tables mean; their schemas are given to it.
"""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pdistill.errors import StorageError
from pdistill.fingerprint import fingerprint

if TYPE_CHECKING:
    import lancedb

SMALL_FRAGMENTS = 100
"""Compact a table when it has more small fragments than this: one-row appends are ruinous for Lance."""

KEEP_VERSIONS = timedelta(minutes=30)
"""Old versions younger than this stay, since another process may be reading them."""

_IDS_PER_FILTER = 2_000


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Turn failures of the disk below `place` into StorageError sentences; other errors pass."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = _os_error(error)
        if number == errno.ENOSPC:
            raise StorageError(
                f"The disk that holds {place} is full.", "Free some space and run the same command again: it goes on."
            ) from error
        if number == errno.EDQUOT:
            raise StorageError(
                f"The disk quota for {place} is used up.", "Free some space and run it again."
            ) from error
        if number == errno.EFBIG:
            raise StorageError(
                f"A file in {place} would be larger than the file system or `ulimit -f` allows.",
                "Raise the limit and run it again.",
            ) from error
        if number in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise StorageError(f"{place} cannot be written: the folder is read-only.", "Change its rights.") from error
        raise


def _os_error(error: Exception) -> int | None:
    """The operating system's number; LanceDB tells it only in its text."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    text = str(error)
    if found := re.search(r"os error (\d+)\b", text):
        return int(found.group(1))
    known = {"No space left": errno.ENOSPC, "Permission denied": errno.EACCES}
    return next((number for words, number in known.items() if words in text), None)


def quote(text: str) -> str:
    """A string as an SQL literal: what comes from catalogs and personas is data."""
    return "'" + text.replace("'", "''") + "'"


def safe_name(text: str) -> str:
    """`text` as a table or file name: as it is where possible, else odd characters replaced and a fingerprint added."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text)
    return plain if plain == text else f"{plain}-{fingerprint(text, 8)}"


def blob_field(name: str) -> pa.Field:
    """A field for pictures, which is read only when asked for."""
    import lancedb

    return lancedb.blob(name)


class Table:
    """One table; it comes into being with its first rows.

    Args:
        schema: the fields as rows are given; `blob` names the field stored as a blob, if any.
    """

    def __init__(self, database: Database, name: str, schema: pa.Schema, blob: str | None = None) -> None:
        self._database = database
        self.name = name
        self.schema = schema
        self._blob = blob
        self._handle: lancedb.table.Table | None = None

    def _open(self) -> lancedb.table.Table | None:
        if self._handle is None and self.name in self._database.names():
            self._handle = self._database.connection.open_table(self.name)
        return self._handle

    def _open_or_create(self) -> lancedb.table.Table:
        handle = self._open()
        if handle is None:
            fields = [blob_field(field.name) if field.name == self._blob else field for field in self.schema]
            with storage_errors(self._database.path):
                handle = self._database.connection.create_table(self.name, schema=pa.schema(fields), exist_ok=True)
            self._handle = handle
        return handle

    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self._open() is not None

    def columns(self) -> list[pa.Field]:
        """The fields as they are now, added ones included."""
        handle = self._open()
        return list(handle.schema) if handle is not None else list(self.schema)

    def fit_columns(self, fields: Iterable[pa.Field]) -> None:
        """Add the fields that the table does not have yet; rows before it get nulls."""
        handle = self._open_or_create()
        new = [field for field in fields if field.name not in handle.schema.names]
        if new:
            with storage_errors(self._database.path):
                handle.add_columns(pa.schema(new))

    def append(self, rows: pa.Table | Sequence[dict[str, Any]]) -> None:
        """Add rows in one commit. Raises StorageError if the disk refuses."""
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows), schema=self.schema)
        if not table.num_rows:
            return
        handle = self._open_or_create()
        with storage_errors(self._database.path):
            _retry(lambda: handle.add(table))

    def upsert(self, rows: pa.Table, key: str) -> None:
        """Add rows, replacing those with the same key."""
        handle = self._open_or_create()
        with storage_errors(self._database.path):
            _retry(
                lambda: handle.merge_insert(key).when_matched_update_all().when_not_matched_insert_all().execute(rows)
            )

    def delete(self, column: str, values: Sequence[str]) -> None:
        """Remove the rows whose column has one of the values."""
        handle = self._open()
        if handle is None:
            return
        for start in range(0, len(values), _IDS_PER_FILTER):
            chosen = ", ".join(quote(value) for value in values[start : start + _IDS_PER_FILTER])
            with storage_errors(self._database.path):
                handle.delete(f"{column} in ({chosen})")

    def count(self) -> int:
        handle = self._open()
        return handle.count_rows() if handle is not None else 0

    def read(self, columns: Sequence[str], equal: dict[str, str] | None = None) -> pa.Table:
        """The named columns, of the rows whose string columns equal the given values; empty if nothing is there."""
        handle = self._open()
        if handle is None:
            return pa.schema([self.schema.field(name) for name in columns]).empty_table()
        query = handle.search().select(list(columns))
        if equal:
            query = query.where(" and ".join(f"{name} = {quote(value)}" for name, value in equal.items()))
        with storage_errors(self._database.path):
            return query.to_arrow()

    def read_in(self, columns: Sequence[str], column: str, values: Sequence[str]) -> pa.Table:
        """The named columns of the rows whose column has one of the values, in any order."""
        handle = self._open()
        parts = [pa.schema([self.schema.field(name) for name in columns]).empty_table()] if handle is None else []
        for start in range(0, len(values), _IDS_PER_FILTER) if handle is not None else ():
            assert handle is not None
            chosen = ", ".join(quote(value) for value in values[start : start + _IDS_PER_FILTER])
            parts.append(handle.search().select(list(columns)).where(f"{column} in ({chosen})").to_arrow())
        return pa.concat_tables(parts) if parts else self.read(columns).slice(0, 0)

    def blobs(self, key: str, values: Sequence[str]) -> dict[str, bytes]:
        """The blob of each row whose key column has one of the values."""
        handle = self._open()
        found: dict[str, bytes] = {}
        if handle is None or self._blob is None:
            return found
        for start in range(0, len(values), _IDS_PER_FILTER):
            chosen = ", ".join(quote(value) for value in values[start : start + _IDS_PER_FILTER])
            rows = handle.search().select([key]).where(f"{key} in ({chosen})").with_row_id(True).to_arrow()
            data = handle.fetch_blobs(self._blob, rows["_rowid"].to_pylist())
            found.update(zip(rows[key].to_pylist(), data.to_pylist(), strict=True))
        return found

    def compact(self) -> None:
        """Merge small fragments when there are many of them."""
        handle = self._open()
        if handle is None:
            return
        # Typed as a dataclass by LanceDB 0.40 and returned as a dict.
        statistics: Any = handle.stats()
        if statistics["fragment_stats"]["num_small_fragments"] > SMALL_FRAGMENTS:
            with storage_errors(self._database.path):
                _retry(lambda: handle.optimize(cleanup_older_than=KEEP_VERSIONS))

    def drop(self) -> None:
        if self._open() is not None:
            self._database.connection.drop_table(self.name)
            self._handle = None


class Database:
    """A LanceDB directory."""

    def __init__(self, path: Path) -> None:
        import lancedb

        self.path = path
        with storage_errors(path):
            # Interval 0: rows that another process writes are seen at once.
            self.connection = lancedb.connect(path, read_consistency_interval=timedelta(0))

    def names(self) -> list[str]:
        found: list[str] = []
        token = None
        while True:
            page = self.connection.list_tables(page_token=token, limit=1000)
            found += page.tables
            token = page.page_token
            if not token:
                return found


def _retry(write: Any, attempts: int = 5) -> None:
    """Repeat a commit that lost against other writers (Lance itself gives up after 20 tries)."""
    for attempt in range(attempts):
        try:
            write()
            return
        except RuntimeError as error:
            if "Commit conflict" not in str(error) or attempt == attempts - 1:
                raise
            time.sleep(0.05 * 2**attempt)
