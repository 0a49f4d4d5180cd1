"""The search stage: a query's text against the index of one student version, exactly, in memory.

It reads the index and the catalog and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pdistill import encoding
from pdistill.contracts import Student
from pdistill.errors import MissingArtifactError, UsageError
from pdistill.store.indexes import table_of
from pdistill.store.project import Project
from pdistill.store.records import Version
from pdistill.store.vectors import to_matrix


@dataclass(frozen=True, slots=True)
class Hit:
    """One item found: rank from 1, cosine score in [-1, 1], `image` is where its picture came from."""

    rank: int
    id: str
    score: float
    title: str
    image: str


class Searcher:
    """Searches one project; warm after the first query.

    Args:
        version: search with this one; by default the newest that is indexed.

    Raises: MissingArtifactError if it is not indexed.
    """

    def __init__(self, project: Project, version: Version | None = None) -> None:
        self._project = project
        self.version = version or newest_indexed(project)
        self._ids, hashes, self._vectors = _read_index(project, self.version, self._student)
        self._same = encoding.same_pictures(hashes)

    @cached_property
    def _student(self) -> Student:
        return encoding.load_student(self._project, self.version)

    def search(self, query: str, top: int = 10) -> list[Hit]:
        """The best items for a query, best first; equal scores in the order of their ids.

        Raises: UsageError for an empty query.
        """
        if not query.strip():
            raise UsageError("The query is empty.", 'Say what is looked for: pdistill search "gift for gardener mom"')
        scores = (self._vectors @ self._student.encode_text([query])[0])[self._same]
        best = _best(scores, top)
        ids = [self._ids[position] for position in best]
        rows = self._project.item_table.read_in(["id", "title", "source"], "id", ids).to_pylist()
        shown = {row["id"]: row for row in rows}
        return [
            Hit(rank, item, float(scores[position]), shown[item]["title"] or "", shown[item]["source"])
            for rank, (item, position) in enumerate(zip(ids, best, strict=True), start=1)
            if item in shown
        ]


def newest_indexed(project: Project) -> Version:
    """The newest indexed version of the project's student. Raises MissingArtifactError if none is."""
    name = project.settings.student.name
    indexed = set(project.indexes.read(["version"], {"name": name})["version"].to_pylist())
    for version in reversed(project.versions(name)):
        if version.id in indexed:
            return version
    raise MissingArtifactError(f"The student {name} has no index.", "Make it: pdistill index")


def _read_index(project: Project, version: Version, student: Student) -> tuple[list[str], list[str], np.ndarray]:
    """Ids, hashes of pictures, and vectors, by id."""
    rows = table_of(project, version, student.dimension).read(["id", "hash", "vector"])
    if not rows.num_rows:
        raise MissingArtifactError(
            f"The version {version.id} has no index.", f"Make it: pdistill index --student {version.id}"
        )
    rows = rows.sort_by("id")
    return rows["id"].to_pylist(), rows["hash"].to_pylist(), to_matrix(rows["vector"])


def _best(scores: np.ndarray, top: int) -> list[int]:
    """Positions of the highest scores, best first, equal ones by position."""
    if top < len(scores):
        cut = np.partition(scores, -top)[-top]
        candidates = np.flatnonzero(scores >= cut)
    else:
        candidates = np.arange(len(scores))
    order = np.argsort(-scores[candidates], kind="stable")[:top]
    return candidates[order].tolist()
