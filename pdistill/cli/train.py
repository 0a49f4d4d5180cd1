"""`pdistill train`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session
from pdistill.cli.tournament import chosen


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(with_globals(train))


def train(
    context: typer.Context,
    student: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who learns; else the student of pdistill.toml.")
    ] = None,
    loss: Annotated[str | None, typer.Option(metavar="NAME", help="Which loss; else that of pdistill.toml.")] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME", help="How it learns; else the recipe of pdistill.toml.")
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose rankings; with --cycles, who is asked.")
    ] = None,
    cycles: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Ask and train in turn until the student has been through N cycles; done ones are not repeated.",
            min=1,
        ),
    ] = None,
) -> None:
    """Train a new version of the student on all rankings.

    Nothing is overwritten: older versions stay and can be searched and evaluated.
    """
    from pdistill import cycles as cycling
    from pdistill import training

    session = Session.of(context)
    uses = ("student", "recipe", "loss", *(("teacher", "sampler") if cycles else ()))
    project = session.open(chosen(student=student, loss=loss, recipe=recipe, teacher=teacher), uses)
    outcome = cycling.run(project, cycles, session.progress) if cycles else training.train(project, session.progress)
    session.finish(outcome, lambda result: _show(session, result))


def _show(session: Session, result: dict[str, Any]) -> None:
    name, rankings = result["student"], f"{result['rankings']:,} rankings"
    trained = result.get("trained", [name] if result["new"] else [])
    if trained:
        session.print(f"Trained {', '.join(trained)}; {name} has learned from {rankings}.")
    else:
        session.print(f"Nothing new to learn: {name} has learned from all {rankings} already.")
    if "teacher" in result:
        asked = result["teacher"]
        session.print(
            f"The teacher answered {asked['calls']:,} questions; {asked['cached']:,} answers came from the ledger."
        )
    session.talk(f"Next: {session.program} index, {session.program} eval")
