"""`pdistill search`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session
from pdistill.contracts import Outcome


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(with_globals(search))


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="What is looked for, and for whom.", show_default=False)
    ],
    top: Annotated[int, typer.Option("-t", "--top", metavar="N", help="How many items.", min=1)] = 10,
    student: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="NAME-v0 is the student as it comes; else the newest that is indexed."),
    ] = None,
) -> None:
    """Find the items that fit a persona best."""
    from pdistill.searching import Searcher

    session = Session.of(context)
    project = session.open()
    with session.progress.task("Loading the student", None):
        searcher = Searcher(project, project.version(student) if student else None)
        hits = searcher.search(query, top)
    newest = project.versions(searcher.version.name)[-1]
    stale = not student and newest.id != searcher.version.id
    warnings = [f"Searched with {searcher.version.id}; {newest.id} is newer: pdistill index"] if stale else []
    result = {"query": query, "student": searcher.version.id, "hits": [asdict(hit) for hit in hits]}

    def show(result: dict[str, Any]) -> None:
        rows = [[hit.rank, f"{hit.score:.3f}", hit.id, hit.title, hit.image] for hit in hits]
        session.table(["", "score", "id", "title", "image"], rows)

    session.finish(Outcome(result, warnings=warnings), show)
