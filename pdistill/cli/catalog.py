"""`pdistill catalog add | list | show`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pdistill.cli.options import HELP_OPTIONS, between, with_globals
from pdistill.cli.session import Session
from pdistill.contracts import Outcome

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings=HELP_OPTIONS, callback=between)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(group, name="catalog", help="Add and look at the items: pictures with their texts.")


@group.command()
@with_globals
def add(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of pictures, or a csv, tsv, jsonl or parquet file with a column of paths, URLs or bytes.",
            show_default=False,
        ),
    ],
    id_field: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the id.")] = None,
    image_field: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of the picture: path, URL or bytes.")
    ] = None,
    title_field: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the title.")] = None,
    text_field: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the description.")] = None,
    product_field: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column that pictures of the same product share; else the title."),
    ] = None,
) -> None:
    """Add what is new in a folder of pictures or a table.

    Columns named as usual are found without options; all other columns are kept for filters.
    """
    from pdistill import catalog, sources

    session = Session.of(context)
    fields = sources.Fields(id=id_field, image=image_field, title=title_field, text=text_field, product=product_field)
    project = session.open()

    def show(result: dict[str, Any]) -> None:
        counted = {name: result[name] for name in catalog.COUNTS if result[name] or name == "added"}
        words = (f"{count:,} {name.removesuffix('s') if count == 1 else name}" for name, count in counted.items())
        session.print(f"{', '.join(words)}.")
        session.print(
            f"The catalog has {result['items']:,} items: "
            f"{result['train']:,} to train on, {result['test']:,} to test on."
        )
        if result["fields"]:
            session.talk(
                "Read: " + ", ".join(f"{name} from '{column}'" for name, column in result["fields"].items()) + "."
            )

    session.finish(catalog.add(project, source, fields, session.progress), show)


@group.command(name="list")
@with_globals
def list_items(
    context: typer.Context,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", help="How many items to show.", min=1)] = 20,
) -> None:
    """Show what the catalog holds."""
    from pdistill import catalog

    session = Session.of(context)
    result = catalog.overview(session.open(), count)

    def show(result: dict[str, Any]) -> None:
        rows = [[row["id"], row["title"], row["split"], row["source"]] for row in result["first"]]
        session.table(["id", "title", "split", "source"], rows)
        splits = ", ".join(f"{number:,} {split}" for split, number in sorted(result["splits"].items(), reverse=True))
        session.print(
            f"\n{result['items']:,} items ({splits}), {result['with_text']:,} with text, "
            f"{result['pictures']:,} pictures."
        )
        if result["columns"]:
            session.print("Other columns: " + ", ".join(f"{name} ({kind})" for name, kind in result["columns"].items()))

    session.finish(Outcome(result), show)


@group.command()
@with_globals
def show(
    context: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ID", help="The item's id.", show_default=False)],
) -> None:
    """Show all that is kept of one item."""
    from pdistill import catalog

    session = Session.of(context)
    result = catalog.show(session.open(), item)

    def display(result: dict[str, Any]) -> None:
        kept = {name: value for name, value in result.items() if value is not None and name != "digest"}
        kept["added_at"] = datetime.fromtimestamp(result["added_at"]).isoformat(" ", "seconds")
        session.table(["column", "value"], [[name, value] for name, value in kept.items()])

    session.finish(Outcome(result), display)
