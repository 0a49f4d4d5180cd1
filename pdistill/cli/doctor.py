"""`pdistill doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session
from pdistill.contracts import Outcome
from pdistill.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(with_globals(doctor))


def doctor(context: typer.Context) -> None:
    """Check Python, torch, extras, project, disk and model hub."""
    from pdistill import doctor as examination
    from pdistill.store.project import find_root

    session = Session.of(context)
    try:
        root = find_root(session.project_dir)
    except UsageError:
        root = None
    checks = examination.examine(root)
    bad = [{"id": check.what, "error": f"{check.found} {check.hint}".strip()} for check in checks if check.ok is False]

    def show(result: dict[str, Any]) -> None:
        rows = [
            ["ok" if check.ok else "bad" if check.ok is False else "-", check.what, check.found] for check in checks
        ]
        session.table(["", "what", "found"], rows)

    session.finish(Outcome({"checks": [asdict(check) for check in checks]}, bad), show)
