"""The index stage: the embeddings of one student version for every item, as one table that searches read.

It never trains and never searches. The version searched is switched only when its index is whole.
"""

from __future__ import annotations

import time

import numpy as np

from pdistill import encoding
from pdistill.contracts import SILENT, Outcome, Progress
from pdistill.store.indexes import table_of
from pdistill.store.project import Project
from pdistill.store.records import Version
from pdistill.store.vectors import vector_table

ITEMS_AT_ONCE = 10_000


def index(project: Project, version: Version | None = None, progress: Progress = SILENT) -> Outcome:
    """Bring the index of a version (the newest by default) in line with the catalog: only what differs is touched."""
    version = version or project.versions(project.settings.student.name)[-1]
    items = project.items()
    with project.writing("indexing"):
        student = encoding.load_student(project, version)
        table = table_of(project, version, student.dimension)
        there = dict(zip(*table.read(["id", "hash"]).to_pydict().values(), strict=True))
        hashes = dict(zip(items.ids, items.hashes, strict=True))
        gone = [item for item, content in there.items() if hashes.get(item) != content]
        new = [position for position, item in enumerate(items.ids) if there.get(item) != items.hashes[position]]
        started = time.monotonic()
        table.delete("id", gone)
        for start in range(0, len(new), ITEMS_AT_ONCE):
            part = items.take(new[start : start + ITEMS_AT_ONCE])
            vectors = encoding.encode_items(project, student, part, progress)
            table.append(vector_table({"id": part.ids, "hash": part.hashes}, np.ascontiguousarray(vectors)))
        row = {"version": version.id, "name": version.name, "table": table.name, "items": len(items)}
        if new or gone or not project.indexes.read(["version"], {"version": version.id}).num_rows:
            project.indexes.append([{**row, "made_at": time.time()}])
    result = {"student": version.id, "items": len(items), "added": len(new), "removed": len(gone)}
    return Outcome({**result, "seconds": round(time.monotonic() - started, 2)})
