"""`pdistill personas generate | import | list`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pdistill.cli.options import HELP_OPTIONS, between, with_globals
from pdistill.cli.session import Session
from pdistill.contracts import Outcome

LONGEST_SHOWN = 200
"""Characters of a persona in a list."""

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings=HELP_OPTIONS, callback=between)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(group, name="personas", help="Make, import and list the people the teacher ranks for.")


@group.command()
@with_globals
def generate(
    context: typer.Context,
    count: Annotated[int, typer.Option(metavar="N", help="How many.")] = 300,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed makes the same personas.")] = 0,
    generator: Annotated[str, typer.Option(metavar="NAME", help="Which registered generator.")] = "composed",
) -> None:
    """Make personas: gift-givers' phrases and plain descriptions."""
    from pdistill import personas

    session = Session.of(context)
    outcome = personas.generate(session.open(), count, seed, generator, session.progress)
    session.finish(outcome, lambda result: _show(session, result))


@group.command(name="import")
@with_globals
def import_file(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A csv, tsv, jsonl or parquet file.", show_default=False)
    ],
    text_field: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the persona's text.")] = None,
    id_field: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the id.")] = None,
) -> None:
    """Add personas from a file.

    Near-duplicates are dropped and counted.
    """
    from pdistill import personas

    session = Session.of(context)
    outcome = personas.import_file(session.open(), file, text_field, id_field, session.progress)
    session.finish(outcome, lambda result: _show(session, result))


@group.command(name="list")
@with_globals
def list_personas(
    context: typer.Context,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", help="How many to show.", min=1)] = 20,
) -> None:
    """Show the personas of the project."""
    session = Session.of(context)
    everyone = session.open().personas()
    shown = everyone.take(list(range(min(count, len(everyone)))))
    rows = [list(row) for row in zip(shown.ids, shown.splits, shown.texts, strict=True)]
    names = ("id", "split", "text")
    result = {"personas": len(everyone), "first": [dict(zip(names, row, strict=True)) for row in rows]}

    def show(result: dict[str, Any]) -> None:
        session.table(list(names), [[own, split, _short(text)] for own, split, text in rows])
        session.print(f"\n{result['personas']:,} personas.")

    session.finish(Outcome(result), show)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"


def _show(session: Session, result: dict[str, Any]) -> None:
    words = {"unchanged": "there already", "duplicates": "near-duplicates", "empty": "empty"}
    dropped = [f"{result[name]:,} {word}" for name, word in words.items() if result[name]]
    session.print(f"{result['added']:,} added" + (f" (left out: {', '.join(dropped)})." if dropped else "."))
    session.print(
        f"The project has {result['personas']:,} personas: "
        f"{result['train']:,} to train on, {result['test']:,} to test on."
    )
