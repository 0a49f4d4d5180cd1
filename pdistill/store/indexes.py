"""Where the embeddings of a student version lie; it must not know how they are made or searched."""

from __future__ import annotations

import pyarrow as pa

from pdistill.store.database import Table, safe_name
from pdistill.store.project import Project
from pdistill.store.records import Version
from pdistill.store.vectors import vector_schema


def table_of(project: Project, version: Version, dimension: int) -> Table:
    """The table that holds a version's embeddings: id, hash, vector (D,)."""
    return Table(
        project.database,
        safe_name(f"index_{version.id}"),
        vector_schema({"id": pa.string(), "hash": pa.string()}, dimension),
    )
