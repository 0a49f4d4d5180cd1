"""Reads a catalog's source, a folder or a table, into a stream of records; and persona files into texts.

It owns what a record is made of; it must not know the project, nor decode pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pdistill import folders, formats
from pdistill.errors import ImageError, UsageError
from pdistill.fetching import Fetcher, Patience, in_order, shown
from pdistill.fields import Fields, first_of, free_names, may_be_text, refuse_unknown, resolved
from pdistill.formats.columns import as_text, holds_bytes, is_text
from pdistill.images import Limits

PERSONA_TEXT = ("persona", "text", "persona_text", "description", "professional_persona", "profile", "prompt", "bio")
PERSONA_ID = ("id", "persona_id", "uuid", "key")


@dataclass(frozen=True)
class Record:
    """One item as a source has it; exactly one of `data` and `error` is set.

    Attributes:
        id: None where the source has none.
        title, text: "" where the source has none.
        product: what pictures of one product have in common, or None.
        source: the picture's path or address as the source has it, or 'row 12' counted from 1.
        data: the picture's bytes, not decoded.
        error: why there are no bytes, in words.
        attributes: column -> value for all other columns, with the types of `Source.attributes`.
    """

    id: str | None
    title: str
    text: str
    product: str | None
    source: str
    data: bytes | None = None
    error: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A catalog's source, opened: what it holds is known, and its records can be read, any number of times.

    Attributes:
        path: the folder or file.
        fields: the columns as chosen or guessed; None where there is none; all None for a folder.
        attributes: names and types of the other columns, under the names that records use.
        renamed: column -> its name in records, for those whose own name is taken.
        left_out: columns of bytes, which are no attributes.
        total: how many records there will be.
    """

    path: Path
    fields: Fields
    attributes: list[pa.Field]
    renamed: dict[str, str]
    left_out: list[str]
    total: int | None
    limits: Limits
    _work: Callable[[Fetcher], Iterator[Callable[[], Record]]]

    def fields_used(self) -> dict[str, str]:
        """Meaning -> column, for the columns that were chosen or guessed."""
        return {meaning: column for meaning, column in asdict(self.fields).items() if column is not None}

    def records(self, threads: int = 16, patience: Patience | None = None) -> Iterator[Record]:
        """The records in the source's order; pictures are read by `threads` threads a little ahead of the reader.

        Raises: UsageError if the source itself turns out to be damaged; a picture that cannot be read is a record
            with an error.
        """
        folder = self.path if self.path.is_dir() else self.path.parent
        with Fetcher(folder, self.limits.max_bytes, patience) as fetcher:
            yield from in_order(lambda work: work(), self._work(fetcher), threads, ahead=2 * threads)


def open_source(path: Path, chosen: Fields | None = None, limits: Limits | None = None) -> Source:
    """Open a folder of pictures, or a csv, tsv, jsonl or parquet file that names or holds them.

    Args:
        path: the folder or file; paths in a file are relative to the file's own folder.
        chosen: which columns hold what, where the guess would be wrong; a folder has none.
        limits: `max_bytes` bounds what is read of one picture.

    Raises: UsageError in words, with the way out: nothing there, no pictures, no rows, an unknown format, a damaged
        file, a chosen column that does not exist, no column of images.
    """
    path, chosen, limits = Path(path), chosen or Fields(), limits or Limits()
    if path.is_dir():
        if chosen != Fields():
            raise UsageError(f"'{path}' is a folder and has no columns.", "Leave the fields out, or give a table.")
        return _open_folder(path, limits)
    if not path.exists():
        raise UsageError(f"There is no file or folder '{path}'.", "Check the path.")
    if path.suffix.lower() not in formats.SUFFIXES:
        raise UsageError(
            f"'{path}' is no catalog that is understood.",
            f"Give a folder of pictures, or a file ending in {', '.join(formats.SUFFIXES)}.",
        )
    return _open_table(path, chosen, limits)


def _open_folder(path: Path, limits: Limits) -> Source:
    total = sum(1 for _ in folders.walk(path))
    if total == 0:
        tables = sorted(each.name for each in path.iterdir() if each.suffix.lower() in formats.SUFFIXES)
        way_out = f"Did you mean '{path / tables[0]}'?" if tables else "Give a folder with .jpg, .png or .webp files."
        raise UsageError(f"The folder '{path}' holds no pictures.", way_out)

    def work(fetcher: Fetcher) -> Iterator[Callable[[], Record]]:
        for found in folders.walk(path):
            yield partial(_read_found, fetcher, path, found)

    return Source(path, Fields(), [pa.field("folder", pa.string())], {}, [], total, limits, work)


def _read_found(fetcher: Fetcher, root: Path, found: folders.Found) -> Record:
    name = found.path.relative_to(root).as_posix()
    record = Record(found.id, found.title, "", found.product, name, attributes={"folder": found.folder})
    try:
        name.encode()
    except UnicodeEncodeError:
        own_id, name = (each.encode(errors="backslashreplace").decode() for each in (found.id, name))
        return Record(own_id, "", "", None, name, error="Its file name is not UTF-8.", attributes={"folder": ""})
    try:
        text = found.sidecar.read_text(encoding="utf-8-sig").strip() if found.sidecar else ""
        return replace(record, text=text, data=fetcher.read(found.path, name))
    except ImageError as error:
        return replace(record, error=str(error))
    except (OSError, UnicodeDecodeError):
        return replace(record, error=f"The text beside '{name}' cannot be read as UTF-8.")


def _open_table(path: Path, chosen: Fields, limits: Limits) -> Source:
    table = formats.open_table(path)
    found = resolved(table.schema, chosen, path)
    used = {column for column in asdict(found).values() if column is not None}
    others = [each for each in table.schema if each.name not in used]
    left_out = [each.name for each in others if holds_bytes(each.type)]
    kept = [each for each in others if not holds_bytes(each.type)]
    names = free_names([each.name for each in kept])

    def work(fetcher: Fetcher) -> Iterator[Callable[[], Record]]:
        number = 0
        for batch in table.batches([*sorted(used), *names], as_written=used):
            for row in batch.to_pylist():
                number += 1
                yield partial(_read_row, fetcher, found, names, row, number)

    return Source(
        path=path,
        fields=found,
        attributes=[pa.field(names[each.name], each.type) for each in kept],
        renamed={own: name for own, name in names.items() if own != name},
        left_out=left_out,
        total=table.total,
        limits=limits,
        _work=work,
    )


def _read_row(fetcher: Fetcher, found: Fields, names: dict[str, str], row: dict[str, Any], number: int) -> Record:
    def text(column: str | None) -> str:
        return as_text(row[column]).strip() if column else ""

    reference = row[str(found.image)]
    record = Record(
        id=text(found.id) or None,
        title=text(found.title),
        text=text(found.text),
        product=text(found.product) or None,
        source=shown(reference.strip()) if isinstance(reference, str) and reference.strip() else f"row {number}",
        attributes={name: row[own] for own, name in names.items()},
    )
    try:
        return replace(record, data=fetcher.fetch(reference))
    except ImageError as error:
        return replace(record, error=str(error))


def read_texts(
    path: Path, field: str | None = None, id_field: str | None = None
) -> Iterator[tuple[str | None, str, dict[str, Any]]]:
    """The rows of a persona file as (id or None, text, the other scalar columns); an empty text is "".

    Args:
        path: csv, tsv, jsonl or parquet.
        field: the column of the text; guessed if None.
        id_field: the column of the id; guessed if None, and there need not be one.

    Raises: UsageError at once, as `open_source`, or while reading if the file is damaged further on.
    """
    path = Path(path)
    table = formats.open_table(path)
    for column in (field, id_field):
        refuse_unknown(column, table.schema, path)
    texts = [each.name for each in table.schema if is_text(each.type)]
    field = field or first_of(PERSONA_TEXT, texts) or (texts[0] if len(texts) == 1 else None)
    if field is None:
        raise UsageError(
            f"'{path}' has no column that is known to hold personas. Its columns: {', '.join(table.schema.names)}.",
            "Name it: --text-field NAME",
        )
    id_field = id_field or first_of(PERSONA_ID, [each.name for each in table.schema if each.name != field])
    return _texts(table, field, id_field)


def _texts(table: formats.Table, field: str, id_field: str | None) -> Iterator[tuple[str | None, str, dict[str, Any]]]:
    own = [field] if id_field in (None, field) else [field, str(id_field)]
    more = [each.name for each in table.schema if each.name not in own and may_be_text(each.type)]
    for batch in table.batches([*own, *more], as_written=own):
        for row in batch.to_pylist():
            own_id = as_text(row[id_field]).strip() if id_field else ""
            yield own_id or None, as_text(row[field]).strip(), {name: row[name] for name in more}
