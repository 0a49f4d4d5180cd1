"""Streams csv, tsv, jsonl and parquet files as typed batches, whatever their size.

It owns the choice of the reader; it must not know what a column means, nor catalogs, pictures or personas.
"""

from __future__ import annotations

from pathlib import Path

from pdistill.errors import UsageError
from pdistill.formats import delimited, jsonl, parquet
from pdistill.formats.table import Table, explained

_READERS = {
    ".csv": delimited.open_csv,
    ".tsv": delimited.open_tsv,
    ".jsonl": jsonl.open_jsonl,
    ".ndjson": jsonl.open_jsonl,
    ".parquet": parquet.open_parquet,
}

SUFFIXES = tuple(_READERS)


def open_table(path: Path) -> Table:
    """Read a file's schema; csv and jsonl files are read through once, to type their columns and to find faults early.

    Raises: UsageError for a missing file, an unknown suffix, a damaged file (with its line where known), two columns
        of one name, or no rows.
    """
    if not path.is_file():
        raise UsageError(f"There is no file '{path}'.", "Check the path.")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(SUFFIXES)
        raise UsageError(f"'{path}' is in no format that is understood.", f"Understood are files ending in {known}.")
    with explained(path):
        table = reader(path)
    if table.total == 0:
        raise UsageError(f"'{path}' has no rows.", "Give a file with at least one.")
    return table
