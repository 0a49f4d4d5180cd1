"""Ledgers for tests, with answers to put in, and processes of their own that do so and die.

It must not know what is tested.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lancedb

from pdistill.store.database import Database
from pdistill.store.ledger import Entry, Ledger

REPOSITORY = Path(__file__).parents[2]

CHILD = """\
from __future__ import annotations
import os, signal, sys
from pathlib import Path
from pdistill.store import ledger
from pdistill.store.database import Database
from pdistill.store.ledger import Entry, Ledger
folder = Path(sys.argv[1])
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def entry(key: str, **changes: Any) -> Entry:
    own: dict[str, Any] = {
        "key": key,
        "purpose": "train",
        "persona_id": "p1",
        "persona": "somebody",
        "items": ["a", "b", "c"],
        "ranking": [[1], [0, 2]],
        "scores": None,
        "raw": "2, then 1 and 3",
        "error": None,
        "teacher": "scripted",
        "model": "scripted-1",
        "teacher_fingerprint": "f1",
        "prompt_version": "p1",
        "student": "tiny-v0",
        "seed": 0,
        "tokens_in": 10,
        "tokens_out": 3,
        "latency_s": 0.25,
        "asked_at": 1000.0,
    }
    return Entry(**{**own, **changes})


def open_ledger(folder: Path) -> Ledger:
    return Ledger(Database(folder / "lance"), folder / "spool")


def spools(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "spool").iterdir())


def keys(folder: Path) -> list[str]:
    """The keys in the table itself, repeated ones repeated."""
    table = lancedb.connect(folder / "lance").open_table("answers")
    return sorted(table.search().select(["key"]).limit(100_000).to_arrow()["key"].to_pylist())


def child(folder: Path, code: str) -> subprocess.Popen[str]:
    """A process of its own with a ledger on the same folder."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    # The sources, for a process of its own cannot count on finding this file as a module.
    helpers = inspect.getsource(entry) + inspect.getsource(open_ledger)
    command = [sys.executable, "-c", CHILD + helpers + code, str(folder)]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
