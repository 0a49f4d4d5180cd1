"""`pdistill plugins`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session
from pdistill.contracts import Outcome


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(with_globals(plugins))


def plugins(context: typer.Context) -> None:
    """Every registered teacher, student, loss, sampler, strategy, recipe and generator, and whether it loads."""
    from pdistill import registry

    session = Session.of(context)
    found = registry.statuses()
    broken = [{"id": f"{each.kind} {each.name}", "error": each.health} for each in found if each.health != "ok"]

    def show(result: dict[str, Any]) -> None:
        rows = [[each.kind, each.name, each.package, each.version, each.health] for each in found]
        session.table(["kind", "name", "package", "version", "health"], rows)

    session.finish(Outcome({"plugins": [asdict(each) for each in found]}, broken), show)
