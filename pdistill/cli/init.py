"""`pdistill init`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session
from pdistill.contracts import Outcome


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(name="init")(with_globals(init))


def init(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The new project's folder.", show_default=False)],
    embedded: Annotated[
        bool,
        typer.Option(
            "--embedded", help="Use the teacher and the student that come as packages: no GPU, no download from a hub."
        ),
    ] = False,
) -> None:
    """Make a project: pdistill.toml, with comments, and a database.

    All that later commands make lies in this folder. Its settings can be changed in pdistill.toml.
    """
    from pdistill import registry
    from pdistill.store.project import Project

    session = Session.of(context)
    project = Project.create(directory, embedded)
    settings = project.settings
    missing = [
        f"The {kind} {name} is not installed, so it cannot be used yet: pdistill plugins lists what is."
        for kind, name in (("teacher", settings.teacher.name), ("student", settings.student.name))
        if name not in registry.names(kind)
    ]
    result = {"project": str(directory), "teacher": settings.teacher.name, "student": settings.student.name}

    def show(result: dict[str, str]) -> None:
        session.print(f"Made {directory}: teacher {result['teacher']}, student {result['student']}.")
        session.talk(f"Next: pdistill -P {shlex.quote(str(directory))} catalog add FOLDER_OR_TABLE")

    session.finish(Outcome(result, warnings=missing), show)
