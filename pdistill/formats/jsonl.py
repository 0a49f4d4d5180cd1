"""Reads jsonl (one JSON object per line), guessing a type for every key from all its values.

It must not know what a key means.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pdistill.errors import UsageError
from pdistill.formats.columns import as_text, is_text
from pdistill.formats.table import LONGEST_CELL, Table, pieces

_NULL: pa.DataType = pa.null()
_TEXT, _INT, _FLOAT, _BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()
_WAY_OUT = 'Write one object per line, like {"id": "a", "title": "mug"}.'


def open_jsonl(path: Path) -> Table:
    """Keys are columns, in order of first appearance; a missing key is null. Raises UsageError naming the line."""
    types: dict[str, pa.DataType] = {}
    total = 0
    for row in _rows(path):
        total += 1
        for name, value in row.items():
            known, found = types.get(name, _NULL), _type(value)
            if known is not found or name not in types:
                types[name] = _joined(known, found)
    types = {name: _settled(type_) for name, type_ in types.items()}

    def stream(columns: Sequence[str], as_written: Collection[str]) -> Iterator[pa.RecordBatch]:
        for some in pieces(_rows(path), _weight):
            arrays = [pa.array([_fitted(row.get(name), types[name]) for row in some], types[name]) for name in columns]
            yield pa.RecordBatch.from_arrays(arrays, list(columns))

    return Table(path, pa.schema(list(types.items())), total, stream)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_CELL), b""), 1):
            text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8").strip()
            if not text:
                continue
            try:
                row = json.loads(text)
            except (ValueError, RecursionError) as error:
                said = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be taken apart"
                raise UsageError(f"Line {number} of '{path}' is not JSON: {said}.", _WAY_OUT) from error
            if not isinstance(row, dict):
                raise UsageError(f"Line {number} of '{path}' is not a JSON object.", _WAY_OUT)
            yield row


def _weight(row: dict[str, Any]) -> int:
    return sum(len(value) for value in row.values() if isinstance(value, str | list))


def _type(value: Any) -> pa.DataType:
    if isinstance(value, str):
        return _TEXT
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return _BOOL
    if isinstance(value, int):
        return _INT if -(2**63) <= value < 2**63 else _TEXT
    if isinstance(value, float):
        return _FLOAT
    if isinstance(value, list):
        inner = _NULL
        for each in value:
            inner = _joined(inner, _TEXT if isinstance(each, list | dict) else _type(each))
        return pa.list_(inner)
    return _TEXT


def _joined(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The narrowest type that holds both; text where nothing else does."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if pa.types.is_list(one) and pa.types.is_list(other):
        return pa.list_(_joined(one.value_type, other.value_type))
    return _FLOAT if {one, other} == {_INT, _FLOAT} else _TEXT


def _settled(type_: pa.DataType) -> pa.DataType:
    """`type_` with text in the place of what no value was ever seen of."""
    if pa.types.is_list(type_):
        return pa.list_(_settled(type_.value_type))
    return _TEXT if pa.types.is_null(type_) else type_


def _fitted(value: Any, type_: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_list(type_):
        return [_fitted(each, type_.value_type) for each in value]
    return as_text(value) if is_text(type_) else value
