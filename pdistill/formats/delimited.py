"""Reads csv and tsv, guessing a type for every column from all its cells.

It must not know what a column means. Python's reader is used for its line numbers and unbounded cells.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pdistill.errors import UsageError
from pdistill.formats.columns import is_text
from pdistill.formats.table import LONGEST_CELL, Table, pieces, refuse_twins

_MISSING = pa.array(["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none"])
"""Cells that mean 'no value' in columns of numbers, truths and times; in a column of text only '' does."""

_EMPTY = pa.array([""])

_NUMBER = r"-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_KINDS: dict[str, tuple[str, pa.DataType]] = {
    # A leading zero is an article number or a postcode, so '007' stays text.
    "int": (r"-?(0|[1-9][0-9]*)", pa.int64()),
    "float": (_NUMBER, pa.float64()),
    "bool": (r"(?i:true|false)", pa.bool_()),
    "date": (_DAY, pa.date32()),
    "time": (_DAY + r"([ T][0-9:.]+)?", pa.timestamp("us")),
    "time_utc": (_DAY + r"[ T][0-9:.]+(Z|[-+][0-9:]+)", pa.timestamp("us", "UTC")),
}
"""What every cell of a column must look like for the column to have a type, narrowest type first."""

# Python's default of 128 KiB per cell is less than a data URL; the limit is the process's, so it is only ever raised.
csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))


def open_csv(path: Path) -> Table:
    """Cells separated by whichever of `,` `;` tab `|` the header has most of. Raises UsageError naming the line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
    return _open(path, max(",;\t|", key=header.count))


def open_tsv(path: Path) -> Table:
    """Cells separated by tabs. Raises UsageError naming the line."""
    return _open(path, "\t")


def _open(path: Path, delimiter: str) -> Table:
    rows = _rows(path, delimiter)
    header = [name.strip() or f"column_{number}" for number, name in enumerate(next(rows, []), 1)]
    refuse_twins(header, path)
    kinds = {name: set(_KINDS) for name in header}
    filled = set()
    total = 0
    for batch in _batches(rows, header):
        total += batch.num_rows
        for name in header:
            if kinds[name]:
                cells = batch[name].filter(pc.invert(pc.is_in(batch[name], _MISSING)))
                if len(cells):
                    filled.add(name)
                    kinds[name] = {kind for kind in kinds[name] if _all_are(cells, kind)}
    types = {name: _narrowest(kinds[name]) if name in filled else pa.string() for name in header}

    def stream(columns: Sequence[str], as_written: Collection[str]) -> Iterator[pa.RecordBatch]:
        again = _rows(path, delimiter)
        next(again, None)
        for batch in _batches(again, header):
            cells = [batch[name] if name in as_written else _typed(batch[name], types[name]) for name in columns]
            yield pa.RecordBatch.from_arrays(cells, list(columns))

    return Table(path, pa.schema(list(types.items())), total, stream)


def _rows(path: Path, delimiter: str) -> Iterator[list[str]]:
    """The header, then the rows, each as long as the header; empty lines are passed over."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        width, begins = 0, 1
        try:
            for row in reader:
                width = width or len(row)
                if row and len(row) != width:
                    cells = "cell" if len(row) == 1 else "cells"
                    raise UsageError(
                        f"Line {begins} of '{path}' has {len(row)} {cells}, but the header has {width}.",
                        f"Put a cell that contains '{delimiter}' or a line break in quotes.",
                    )
                if row:
                    yield row
                begins = reader.line_num + 1
        except csv.Error as error:
            raise UsageError(
                f"The row that begins at line {begins} of '{path}' cannot be read: {error}.",
                'A quote may be left open; a quote inside a quoted cell is written twice: "5"" pipe".',
            ) from error


def _batches(rows: Iterable[list[str]], header: list[str]) -> Iterator[pa.RecordBatch]:
    for some in pieces(rows, lambda row: sum(map(len, row))):
        yield pa.RecordBatch.from_arrays([pa.array(cells, pa.string()) for cells in zip(*some, strict=True)], header)


def _all_are(cells: pa.Array, kind: str) -> bool:
    pattern, type_ = _KINDS[kind]
    if not pc.all(pc.match_substring_regex(cells, f"^(?:{pattern})$")).as_py():
        return False
    try:
        cells.cast(type_)
    except pa.ArrowInvalid:  # it looks like one, but is the 45th of a month or beyond 64 bits
        return False
    return True


def _narrowest(kinds: set[str]) -> pa.DataType:
    return next((type_ for kind, (_, type_) in _KINDS.items() if kind in kinds), pa.string())


def _typed(cells: pa.Array, type_: pa.DataType) -> pa.Array:
    missing = pc.is_in(cells, _EMPTY if is_text(type_) else _MISSING)
    return pc.if_else(missing, pa.scalar(None, pa.string()), cells).cast(type_)
