"""The types that columns may have, and how values of other types become them. Pure."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

_KEPT = (
    pa.types.is_integer,
    pa.types.is_boolean,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_date32,
)


def plain_type(type_: pa.DataType) -> pa.DataType | None:
    """The type that filters understand and that holds the values of `type_`; None if it holds bytes.

    Plain are whole numbers, floats, truths, dates, times, text, and lists of these; all else becomes text, mappings
    and lists of lists as JSON.
    """
    if holds_bytes(type_):
        return None
    inner: pa.DataType | None = getattr(type_, "value_type", None)  # of a list or a dictionary
    if inner is not None and pa.types.is_dictionary(type_):
        return plain_type(inner)
    if any(is_kept(type_) for is_kept in _KEPT):
        return type_
    if pa.types.is_float16(type_):
        return pa.float32()
    if pa.types.is_decimal(type_):
        return pa.float64()
    if pa.types.is_date(type_):
        return pa.date32()
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", type_.tz)
    if inner is not None and is_list(type_) and not pa.types.is_nested(inner):
        return pa.list_(plain_type(inner) or inner)
    return pa.string()


def is_list(type_: pa.DataType) -> bool:
    """Whether values are lists, of any of Arrow's kinds."""
    return pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_)


def holds_bytes(type_: pa.DataType) -> bool:
    """Whether values are bytes or have bytes somewhere inside."""
    if pa.types.is_dictionary(type_):
        return holds_bytes(type_.value_type)
    if pa.types.is_nested(type_):
        return any(holds_bytes(type_.field(number).type) for number in range(type_.num_fields))
    return (
        pa.types.is_binary(type_)
        or pa.types.is_large_binary(type_)
        or pa.types.is_fixed_size_binary(type_)
        or pa.types.is_binary_view(type_)
    )


def is_text(type_: pa.DataType) -> bool:
    """Whether values are text."""
    return pa.types.is_string(type_)


def as_plain(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """`array` as the plain type that `plain_type` named for it, or unchanged if it holds bytes."""
    if array.type == type_:
        return array
    if isinstance(array, pa.DictionaryArray):
        return as_plain(array.dictionary_decode(), type_)
    if is_text(type_) and not pa.types.is_large_string(array.type):
        return pa.array([None if value is None else as_text(value) for value in array.to_pylist()], pa.string())
    return array.cast(type_, safe=False)


def as_text(value: Any) -> str:
    """A value in the words of its column: 7.0 is '7', a list or a mapping is JSON, None and NaN are ''."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)
