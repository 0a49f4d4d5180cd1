"""The project directory: one place that knows where everything a run makes lies, and hands it out as plain records.

It must not know any stage, nor how anything in it is computed.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from pdistill import __version__, settings
from pdistill.errors import MissingArtifactError, StorageError, UnknownNameError, UsageError
from pdistill.store.database import Database, Table, safe_name, storage_errors
from pdistill.store.ledger import Ledger
from pdistill.store.records import Items, Personas, Version, version_zero
from pdistill.store.vectors import VectorStore

SCHEMA_VERSION = 1
MARKER = "project.json"
LOCK_SECONDS = 10.0

ITEMS = pa.schema(
    [
        ("id", pa.string()),
        ("hash", pa.string()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("image", pa.large_binary()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("source", pa.string()),
        ("product", pa.string()),
        ("split", pa.string()),
        ("digest", pa.string()),
        ("added_at", pa.float64()),
    ]
)
PERSONAS = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("split", pa.string()),
        ("source", pa.string()),
        ("added_at", pa.float64()),
    ]
)
STUDENTS = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("number", pa.int32()),
        ("cycle", pa.int32()),
        ("teacher", pa.string()),
        ("recipe", pa.string()),
        ("loss", pa.string()),
        ("rankings", pa.int64()),
        ("made_from", pa.string()),
        ("weights", pa.string()),
        ("weights_sha256", pa.string()),
        ("notes", pa.string()),
        ("made_at", pa.float64()),
    ]
)
STANDINGS = pa.schema(
    [
        ("key", pa.string()),
        ("split", pa.string()),
        ("persona_id", pa.string()),
        ("teacher", pa.string()),
        ("strategy", pa.string()),
        ("levels", pa.list_(pa.list_(pa.string()))),
        ("calls", pa.int64()),
        ("failed", pa.int64()),
        ("made_at", pa.float64()),
    ]
)
INDEXES = pa.schema(
    [
        ("version", pa.string()),
        ("name", pa.string()),
        ("table", pa.string()),
        ("items", pa.int64()),
        ("made_at", pa.float64()),
    ]
)
EVALUATIONS = pa.schema(
    [
        ("evaluation", pa.string()),
        ("student", pa.string()),
        ("split", pa.string()),
        ("persona_id", pa.string()),
        ("metrics", pa.string()),
        ("made_at", pa.float64()),
    ]
)


class Project:
    """An opened project.

    Args:
        root: the directory that holds pdistill.toml.
        flags: settings that beat the environment and the file, nested as in the file.

    Raises: UsageError if there is no project or its settings are wrong; StorageError if it was made by a newer
        pdistill or cannot be read.
    """

    def __init__(self, root: Path | str, flags: Mapping[str, Any] | None = None) -> None:
        self.root = Path(root)
        if not (self.root / settings.FILE_NAME).is_file():
            raise UsageError(f"{self.root} is not a pdistill project.", f"Make one: pdistill init {self.root}")
        self._check_schema()
        self.settings = settings.load(self.root / settings.FILE_NAME, flags)
        self._vectors: dict[str, VectorStore] = {}

    @classmethod
    def create(cls, root: Path, embedded: bool = False) -> Project:
        """Make a new project. Raises UsageError if there is one already, StorageError if the folder refuses."""
        file = root / settings.FILE_NAME
        if file.exists():
            raise UsageError(f"{root} is a pdistill project already.", f"Use it: pdistill -P {root} catalog add ...")
        for folder in (root, *root.parents):
            if folder.exists() and not folder.is_dir():
                raise UsageError(f"{folder} is a file, not a folder.", "Give the project a folder of its own.")
        teacher, student = ("caption", "efficientnet-minilm") if embedded else ("qwen2-vl", "openclip")
        with storage_errors(root):
            (root / "lance").mkdir(parents=True, exist_ok=True)
            marker = {"schema_version": SCHEMA_VERSION, "made_by": f"pdistill {__version__}"}
            (root / MARKER).write_text(json.dumps(marker) + "\n", encoding="utf-8")
            file.write_text(settings.template(teacher, student), encoding="utf-8")
        return cls(root)

    def _check_schema(self) -> None:
        try:
            version = int(json.loads((self.root / MARKER).read_text(encoding="utf-8"))["schema_version"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(
                f"{self.root / MARKER} cannot be read: {error}.", "Restore it, or make a new project."
            ) from error
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"The project {self.root} has schema version {version}; "
                f"this pdistill {__version__} reads up to {SCHEMA_VERSION}.",
                "Upgrade: pip install --upgrade pdistill",
            )

    @cached_property
    def database(self) -> Database:
        return Database(self.root / "lance")

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.database, self.root / "spool")

    @cached_property
    def item_table(self) -> Table:
        return Table(self.database, "items", ITEMS, blob="image")

    @cached_property
    def persona_table(self) -> Table:
        return Table(self.database, "personas", PERSONAS)

    @cached_property
    def standings(self) -> Table:
        return Table(self.database, "standings", STANDINGS)

    @cached_property
    def evaluations(self) -> Table:
        return Table(self.database, "evaluations", EVALUATIONS)

    @cached_property
    def indexes(self) -> Table:
        return Table(self.database, "indexes", INDEXES)

    @cached_property
    def _students(self) -> Table:
        return Table(self.database, "students", STUDENTS)

    def vectors(self, kind: str, tower: str) -> VectorStore:
        """The stored vectors of one frozen tower; `kind` is `features` or `texts`."""
        name = safe_name(f"{kind}_{tower}")
        if name not in self._vectors:
            self._vectors[name] = VectorStore(self.database, name)
        return self._vectors[name]

    @contextmanager
    def writing(self, what: str) -> Iterator[None]:
        """Hold the project for one writer. Raises UsageError if another has held it for LOCK_SECONDS."""
        with storage_errors(self.root):
            lock = FileLock(self.root / "project.lock")
            try:
                lock.acquire(timeout=LOCK_SECONDS)
            except Timeout as error:
                raise UsageError(
                    f"Another pdistill command is writing to {self.root}, so {what} cannot begin.",
                    "Wait until it is done.",
                ) from error
        try:
            yield
        finally:
            lock.release()

    def items(self) -> Items:
        """All items. Raises MissingArtifactError if the catalog is empty."""
        rows = self.item_table.read(["id", "hash", "title", "text", "split", "source"]).sort_by("id")
        if not rows.num_rows:
            raise MissingArtifactError("The catalog is empty.", "Fill it: pdistill catalog add FOLDER_OR_TABLE")
        columns = rows.to_pydict()
        texts = [join_text(title, text) for title, text in zip(columns["title"], columns["text"], strict=True)]
        return Items(columns["id"], columns["hash"], columns["title"], texts, columns["split"], columns["source"])

    def personas(self) -> Personas:
        """All personas. Raises MissingArtifactError if there are none."""
        rows = self.persona_table.read(["id", "text", "split"]).sort_by("id")
        if not rows.num_rows:
            raise MissingArtifactError(
                "There are no personas.", "Make some: pdistill personas generate --count 300, or personas import FILE"
            )
        columns = rows.to_pydict()
        return Personas(columns["id"], columns["text"], columns["split"])

    def pictures(self, ids: list[str]) -> dict[str, bytes]:
        """The stored pictures of these items: id -> JPEG or PNG bytes."""
        return self.item_table.blobs("id", ids)

    def versions(self, name: str) -> list[Version]:
        """All versions of a student, oldest first; version 0 is always there."""
        rows = self._students.read(list(STUDENTS.names), {"name": name}).to_pylist()
        trained = [Version(**{**row, "notes": json.loads(row["notes"])}) for row in rows]
        return [version_zero(name), *sorted(trained, key=lambda version: version.number)]

    def version(self, text: str) -> Version:
        """The version called `NAME-vN`, `vN` of the project's student, or the newest of `NAME`.

        Raises: UnknownNameError.
        """
        if re.fullmatch(r"v\d+", text):
            text = f"{self.settings.student.name}-{text}"
        name, _, number = text.rpartition("-v")
        if not (name and number.isdigit()):
            return self.versions(text)[-1]
        for version in self.versions(name):
            if version.id == text:
                return version
        known = ", ".join(version.id for version in self.versions(name))
        raise UnknownNameError(f"There is no student version '{text}' in {self.root}.", f"There are: {known}.")

    def add_version(self, version: Version) -> None:
        """Register a version whose weights lie in place already."""
        self._students.append([{**asdict(version), "notes": json.dumps(version.notes), "made_at": time.time()}])

    def weights_path(self, file_name: str) -> Path:
        return self.root / "weights" / file_name

    def write_weights(self, file_name: str, data: bytes) -> None:
        """Put a weights file in place whole or not at all."""
        path = self.weights_path(file_name)
        with storage_errors(path):
            path.parent.mkdir(exist_ok=True)
            temporary = path.with_suffix(f".{os.getpid()}.tmp")
            try:
                with temporary.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)


def join_text(title: str | None, text: str | None) -> str:
    """Title and description as the one text that text-reading teachers see."""
    parts = [part.strip() for part in (title, text) if part and part.strip()]
    return ". ".join(dict.fromkeys(parts))


def find_root(given: Path | None) -> Path:
    """The project directory: as given, else PDISTILL_PROJECT, else the nearest parent folder with a pdistill.toml."""
    if given is not None:
        return given
    if named := os.environ.get("PDISTILL_PROJECT"):
        return Path(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / settings.FILE_NAME).is_file():
            return folder
    raise UsageError(
        f"There is no pdistill project in {here} or above it.",
        "Make one: pdistill init DIR; or name one: pdistill -P DIR ...",
    )
