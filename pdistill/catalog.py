"""The catalog stage: pictures and their texts from a source into the project, each once, the split decided by hash.

It knows the project and the sources, and nothing of teachers or students.
"""

from __future__ import annotations

import difflib
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from pdistill import images, sources
from pdistill.contracts import SILENT, Outcome, Progress
from pdistill.errors import ImageError, UnknownNameError, UsageError
from pdistill.fingerprint import fingerprint, fraction
from pdistill.store.project import ITEMS, Project
from pdistill.store.records import TEST, TRAIN

COUNTS = ("added", "updated", "unchanged", "duplicates", "failed")
AT_ONCE = 64
STORE_ROWS = 512
STORE_SECONDS = 3.0
"""Items are stored when either is reached: an interruption costs seconds of work."""


def add(project: Project, path: Path, fields: sources.Fields | None = None, progress: Progress = SILENT) -> Outcome:
    """Add what is new in a source: a folder of pictures, or a table that names or holds them.

    Pictures of one product (the product field, else the same title, else the same content) fall into one split.
    An item whose text or picture changed is replaced. Items that fail are listed and the rest goes on.

    Args:
        fields: which columns hold what; guessed where not given.

    Raises: UsageError if the source cannot be read as one.
    """
    own = project.settings.images
    limits = images.Limits(max_pixels=own.max_pixels, max_bytes=own.max_bytes, max_side=own.max_side)
    source = sources.open_source(path, fields or sources.Fields(), limits)
    warnings = [f"The column '{old}' is kept as '{new}'." for old, new in source.renamed.items()]
    if source.left_out:
        warnings.append(f"Columns of bytes are not kept: {', '.join(source.left_out)}.")
    with project.writing("adding to the catalog"), progress.task("Adding pictures", source.total) as advance:
        adding = _Adding(project, source.attributes, path)
        with ThreadPoolExecutor(thread_name_prefix="prepare") as pool:
            for records in _batched(source.records(), AT_ONCE):
                prepared = pool.map(lambda record: _prepare(record, limits), records)
                for record, stored in zip(records, prepared, strict=True):
                    adding.take(record, stored)
                adding.store_when_due()
                advance(len(records))
        adding.store()
        project.item_table.compact()
    splits = project.item_table.read(["split"])["split"].to_pylist()
    result = {**adding.counts, "items": len(splits), TRAIN: splits.count(TRAIN), TEST: splits.count(TEST)}
    if not splits:
        warnings.append("The catalog is still empty.")
    return Outcome({**result, "fields": source.fields_used()}, adding.failures, warnings)


def _prepare(record: sources.Record, limits: images.Limits) -> images.Stored | str:
    """The picture ready to be stored, or why it cannot be used."""
    if record.data is None:
        return record.error or "no picture"
    try:
        return images.prepare(record.data, limits, record.source)
    except ImageError as error:
        return str(error)


class _Adding:
    """One run of `add`: what is there, what comes, what is counted."""

    def __init__(self, project: Project, attributes: list[pa.Field], path: Path) -> None:
        self._project = project
        self._from_folder = path.is_dir()
        self._folder = path if path.is_dir() else path.parent
        rows = project.item_table.read(["id", "hash", "product", "split", "digest"]).to_pydict()
        self._digests = dict(zip(rows["id"], rows["digest"], strict=True))
        self._splits = dict(zip(rows["hash"], rows["split"], strict=True))
        self._products = dict(zip(rows["product"], rows["split"], strict=True))
        self._attributes = attributes
        self._met: set[str] = set()
        self._new: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []
        self._stored_at = time.monotonic()
        self.counts = dict.fromkeys(COUNTS, 0)
        self.failures: list[dict[str, str]] = []

    def take(self, record: sources.Record, stored: images.Stored | str) -> None:
        if isinstance(stored, str):
            self._fail(record, stored)
            return
        item = record.id or stored.hash[:16]
        digest = fingerprint(
            [stored.hash, record.title, record.text, {k: str(v) for k, v in record.attributes.items()}]
        )
        if item in self._met:
            self._fail(record, f"the id '{item}' stands twice in the source; the first one is kept")
        elif self._digests.get(item) == digest:
            self.counts["unchanged"] += 1
        elif item in self._digests:
            self.counts["updated"] += 1
            self._changed.append(self._row(record, stored, item, digest))
        elif self._from_folder and stored.hash in self._splits:
            self.counts["duplicates"] += 1
        else:
            self.counts["added"] += 1
            self._new.append(self._row(record, stored, item, digest))
        self._met.add(item)

    def _fail(self, record: sources.Record, error: str) -> None:
        self.counts["failed"] += 1
        self.failures.append({"id": record.id or record.source, "error": error})

    def _row(self, record: sources.Record, stored: images.Stored, item: str, digest: str) -> dict[str, Any]:
        product = record.product or record.title.casefold().strip() or stored.hash
        split = self._split(stored.hash, product)
        return {
            **record.attributes,
            "id": item,
            "hash": stored.hash,
            "title": record.title,
            "text": record.text,
            "image": stored.data,
            "width": stored.width,
            "height": stored.height,
            "source": self._place(record.source),
            "product": product,
            "split": split,
            "digest": digest,
            "added_at": time.time(),
        }

    def _split(self, content: str, product: str) -> str:
        """Decided once: a picture stays in the split where it was first, whatever its title says now; a new one of a
        known product joins that, whatever the settings say now."""
        settings = self._project.settings.split
        split = self._splits.get(content) or self._products.get(product)
        if split is None:
            split = TEST if fraction("item", str(settings.seed), product) < settings.test_items else TRAIN
        self._splits[content] = split
        self._products.setdefault(product, split)
        return split

    def _place(self, source: str) -> str:
        """Where the picture came from, so that it can be opened from anywhere: an absolute path, or as it was given."""
        place = self._folder / source
        return str(place.resolve()) if place.is_file() else source

    def store_when_due(self) -> None:
        if len(self._new) + len(self._changed) >= STORE_ROWS or time.monotonic() - self._stored_at > STORE_SECONDS:
            self.store()

    def store(self) -> None:
        table = self._project.item_table
        new, changed = self._new, self._changed
        self._new, self._changed, self._stored_at = [], [], time.monotonic()
        if new or changed:
            # The rows are made before the table gets its columns: a source that is refused leaves no trace.
            kinds = {field.name: field.type for field in (*self._attributes, *table.columns())}
            added, replaced = self._table(new, kinds), self._table(changed, kinds)
            table.fit_columns(self._attributes)
            table.append(added)
            if changed:
                table.upsert(replaced, "id")

    def _table(self, rows: list[dict[str, Any]], kinds: dict[str, pa.DataType]) -> pa.Table:
        fields = {field.name: kinds[field.name] for field in self._attributes}
        fields.update({field.name: field.type for field in ITEMS})
        columns = {}
        for name, kind in fields.items():
            try:
                columns[name] = pa.array([row.get(name) for row in rows], kind)
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise UsageError(
                    f"The column '{name}' holds {kind} in this project and something else in this source: {error}.",
                    "Rename the column in the source, or leave it out.",
                ) from error
        return pa.table(columns)


def _batched(records: Iterator[sources.Record], size: int) -> Iterator[list[sources.Record]]:
    while batch := list(islice(records, size)):
        yield batch


def attributes_of(project: Project) -> list[pa.Field]:
    """The catalog's own columns, kept for filters."""
    return [field for field in project.item_table.columns() if field.name not in ITEMS.names]


def overview(project: Project, count: int) -> dict[str, Any]:
    """Numbers about the catalog and its first `count` items by id."""
    items = project.items()
    shown = items.take(list(range(min(count, len(items)))))
    rows = zip(shown.ids, shown.titles, shown.splits, shown.sources, strict=True)
    return {
        "items": len(items),
        "splits": dict(Counter(items.splits)),
        "with_text": sum(bool(text) for text in items.texts),
        "pictures": len(set(items.hashes)),
        "columns": {field.name: str(field.type) for field in attributes_of(project)},
        "first": [{"id": i, "title": title, "split": split, "source": source} for i, title, split, source in rows],
    }


def show(project: Project, item: str) -> dict[str, Any]:
    """All that is kept of one item, but for the picture itself. Raises UnknownNameError."""
    columns = [field.name for field in project.item_table.columns() if field.name != "image"]
    rows = project.item_table.read(columns, {"id": item}).to_pylist()
    if not rows:
        near = difflib.get_close_matches(item, project.items().ids, n=1)
        meant = f"Did you mean '{near[0]}'?" if near else "See: pdistill catalog list"
        raise UnknownNameError(f"There is no item '{item}' in the catalog.", meant)
    return rows[0]
