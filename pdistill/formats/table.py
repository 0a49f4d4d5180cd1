"""What every format's reader gives: a table that is read in batches, and errors in words.

It must not know any one format.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from pdistill.errors import UsageError

Row = TypeVar("Row")

BATCH_ROWS = 1024
BATCH_BYTES = 8 * 2**20
"""A batch ends at either: no more of a file is in memory at once."""

LONGEST_CELL = 2**27
"""The longest cell of csv and the longest line of jsonl, in characters and bytes: room for a picture as base64."""


@dataclass(frozen=True)
class Table:
    """One file of rows.

    Attributes:
        path: the file.
        schema: its columns with types that filters understand (see `columns.plain_type`); a column that holds bytes
            keeps its own type.
        total: how many rows there are.
        stream: columns to read, and those of them to leave as written -> batches.
    """

    path: Path
    schema: pa.Schema
    total: int
    stream: Callable[[Sequence[str], Collection[str]], Iterator[pa.RecordBatch]]

    def batches(self, columns: Sequence[str], as_written: Collection[str] = ()) -> Iterator[pa.RecordBatch]:
        """The rows in order, from the first at every call.

        Args:
            columns: which to read, in this order.
            as_written: of these, the ones that a csv file gives as the text in it, without a type.

        Raises: UsageError if the file turns out to be damaged, or was changed since it was opened.
        """
        with explained(self.path):
            yield from self.stream(columns, as_written)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what readers raise into UsageError."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    except OSError as error:
        # Arrow's own I/O errors have no errno: they are about the content.
        damaged = error.errno is None
        cause = _first_line(error) if damaged else str(error.strerror)
        raise UsageError(f"'{path}' cannot be read: {cause}.", _DAMAGED if damaged else "") from error
    except (pa.ArrowException, KeyError) as error:
        raise UsageError(f"'{path}' cannot be read: {_first_line(error)}.", _DAMAGED) from error


_DAMAGED = "It may be damaged, cut off, or changed while it was read: make it again."


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _not_utf8(path: Path) -> UsageError:
    where = f"'{path}'"
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                where = f"Line {number} of '{path}'"
                break
    return UsageError(f"{where} is not UTF-8.", "Save the file in the encoding UTF-8.")


def refuse_twins(names: Sequence[str], path: Path) -> None:
    """Raises UsageError if two columns have one name."""
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"The column '{name}' appears more than once in '{path}'.", "Rename one of them.")


def pieces(rows: Iterable[Row], weigh: Callable[[Row], int]) -> Iterator[list[Row]]:
    """Rows in lists that end at BATCH_ROWS rows or BATCH_BYTES of weight."""
    some: list[Row] = []
    weight = 0
    for row in rows:
        some.append(row)
        weight += weigh(row)
        if len(some) == BATCH_ROWS or weight >= BATCH_BYTES:
            yield some
            some, weight = [], 0
    if some:
        yield some
