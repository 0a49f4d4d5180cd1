"""What the columns of a table mean: chosen by the user, else guessed from their usual names. Pure.

It must not know file formats, pictures or the project.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from pdistill.errors import UsageError
from pdistill.formats.columns import holds_bytes, is_list, is_text

RESERVED = frozenset(
    (
        *("id", "title", "text", "image", "hash", "product", "split", "source", "width", "height", "digest"),
        *("added_at", "_rowid", "_rowaddr", "_rowoffset", "_distance", "_score", "_relevance_score"),
    )
)
"""Columns that the catalog and its database have for themselves; a source's column of such a name gets another."""

USUAL: dict[str, tuple[str, ...]] = {
    "image": (
        *("image", "image_path", "img", "img_path", "image_file", "image_filename", "image_name", "picture", "photo"),
        *(
            "image_url",
            "img_url",
            "image_link",
            "main_image",
            "main_image_url",
            "picture_url",
            "photo_url",
            "thumbnail",
        ),
        *("image_bytes", "image_data", "bytes", "path", "file_path", "file", "filename", "file_name", "url", "uri"),
    ),
    "id": ("id", "item_id", "product_id", "sku", "asin", "article_id", "uuid", "key", "item"),
    "title": ("title", "name", "product_name", "product_title", "product_display_name", "prod_name", "item_name"),
    "text": (
        *("description", "text", "caption", "detail_desc", "body", "product_description", "item_description"),
        *("long_description", "short_description", "summary", "details", "about"),
    ),
    "product": (
        *("product", "product_id", "group", "group_id", "item_group_id", "parent", "parent_id", "parent_asin"),
        *("parent_sku", "product_code", "style_id", "model_id"),
    ),
}
"""What the columns of each meaning are usually called, likeliest first; case and signs between words do not matter."""


@dataclass(frozen=True)
class Fields:
    """Which column holds what; None: guessed from its name, and absent if nothing fits (but for the image)."""

    image: str | None = None
    id: str | None = None
    title: str | None = None
    text: str | None = None
    product: str | None = None


def resolved(schema: pa.Schema, chosen: Fields, path: Path) -> Fields:
    """The user's choice, and for the rest the columns with usual names that are free and of a fitting type.

    Raises: UsageError for a chosen column that does not exist, for one that cannot hold pictures, or if no column is
        known to hold them; `path` is named in it.
    """
    found = {meaning: column for meaning, column in asdict(chosen).items() if column is not None}
    for column in found.values():
        refuse_unknown(column, schema, path)
    for meaning, usual in USUAL.items():
        if meaning not in found:
            fits = _may_be_image if meaning == "image" else may_be_text
            free = [each.name for each in schema if each.name not in found.values() and fits(each.type)]
            column = first_of(usual, free)
            if column is not None:
                found[meaning] = column
    if "image" not in found:
        raise UsageError(
            f"'{path}' has no column that is known to hold pictures. Its columns: {', '.join(schema.names)}.",
            "Name the one with their paths, addresses or bytes: --image-field NAME",
        )
    kind = schema.field(found["image"]).type
    if not _may_be_image(kind):
        raise UsageError(
            f"The column '{found['image']}' of '{path}' holds {kind}, neither paths, addresses nor bytes.",
            "Name another: --image-field NAME",
        )
    return Fields(**found)


def refuse_unknown(column: str | None, schema: pa.Schema, path: Path) -> None:
    """Raises UsageError with the nearest name if `column` is given and not in the file."""
    if column is not None and column not in schema.names:
        near = difflib.get_close_matches(column, schema.names, n=1)
        meant = f"Did you mean '{near[0]}'? " if near else ""
        raise UsageError(f"'{path}' has no column '{column}'.", f"{meant}Its columns: {', '.join(schema.names)}.")


def first_of(usual: Sequence[str], names: Sequence[str]) -> str | None:
    """The one of `names` that comes first in `usual`; case and signs between words do not matter."""
    bare = {re.sub(r"[\W_]", "", name).casefold(): name for name in reversed(names)}
    return next((bare[name] for name in (each.replace("_", "") for each in usual) if name in bare), None)


def may_be_text(type_: pa.DataType) -> bool:
    """Whether values have a short form as text: not bytes, not lists."""
    return not pa.types.is_nested(type_) and not holds_bytes(type_)


def _may_be_image(type_: pa.DataType) -> bool:
    return is_text(type_) or (holds_bytes(type_) and not is_list(type_))


def free_names(names: Collection[str]) -> dict[str, str]:
    """Column -> the name it gets: its own where it can, else with dots (nesting) as `_`, or with a trailing `_`."""
    given: dict[str, str] = {}
    taken = set(names)
    for own in names:
        name = own.replace(".", "_")
        while name.casefold() in RESERVED or (name != own and name in taken):
            name += "_"
        taken.add(name)
        given[own] = name
    return given
