"""`pdistill index`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(with_globals(index))


def index(
    context: typer.Context,
    student: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="A version (NAME-v3) or a student (its newest version); else the student of pdistill.toml.",
        ),
    ] = None,
) -> None:
    """Embed the catalog with the student, to be searched.

    Only what is new is embedded.
    """
    from pdistill import indexing

    session = Session.of(context)
    project = session.open()
    version = project.version(student) if student else None

    def show(result: dict[str, Any]) -> None:
        changes = f"{result['added']:,} embedded, {result['removed']:,} removed, in {result['seconds']:.1f} s"
        session.print(f"{result['items']:,} items are indexed for {result['student']} ({changes}).")
        session.talk(f'Next: {session.program} search "gift for gardener mom"')

    session.finish(indexing.index(project, version, session.progress), show)
