"""`pdistill plugins`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import typer

from pdistill.cli.options import ORDER, with_globals
from pdistill.cli.session import Session
from pdistill.contracts import Outcome

if TYPE_CHECKING:
    from pdistill.registry import Status


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(with_globals(plugins))


def plugins(context: typer.Context) -> None:
    """List teachers, students, losses and the rest, with health.

    Every registered teacher, student, loss, sampler, strategy, recipe, persona generator and third-party command, with
    its package, and whether it loads.
    """
    from pdistill import registry

    session = Session.of(context)
    found = [_unless_hidden(each) for each in registry.statuses()]
    broken = [{"id": f"{each.kind} {each.name}", "error": each.health} for each in found if each.health != "ok"]

    def show(result: dict[str, Any]) -> None:
        rows = [[each.kind, each.name, each.package, each.version, each.health] for each in found]
        session.table(["kind", "name", "package", "version", "health"], rows)

    session.finish(Outcome({"plugins": [asdict(each) for each in found]}, broken), show)


def _unless_hidden(status: Status) -> Status:
    """A third-party command that bears the name of one of ours is never run, and said so."""
    if status.kind == "command" and status.name in ORDER:
        return replace(
            status,
            health=f"The command '{status.name}' of the package {status.package} is never run: "
            "pdistill has one of that name.",
        )
    return status
