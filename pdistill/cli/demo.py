"""`pdistill demo`."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session

SHOWN = 6
"""Hits of each example search; the page shows more."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(with_globals(demo))


def demo(
    context: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Where the example project is made; else -P; else pdistill-demo."),
    ] = None,
) -> None:
    """See all of it work on an example shop, in three minutes.

    It makes a project with pictures of gift ideas and goes through every stage above; it needs no GPU, no download
    and no key.
    """
    from pdistill import demo as example_run

    session = Session.of(context)
    folder = directory or session.project_dir or Path("pdistill-demo")
    outcome = example_run.run(folder, session.progress, lambda step: _tell(session, step))
    session.finish(outcome, lambda result: _show(session, result))


def _tell(session: Session, step: Any) -> None:
    if not (session.quiet or session.json):
        session.say(f"  {step.seconds:.1f} s", "green")


def _show(session: Session, result: dict[str, Any]) -> None:
    from pdistill.cli.evaluate import show_comparison

    session.print(f"\nBefore ({result['before']}) and after distillation ({result['after']})\n", "bold")
    show_comparison(session, result)
    for search in result["searches"]:
        session.print()
        pairs = list(zip(search["before"], search["after"], strict=True))[:SHOWN]
        rows = [[rank, old["title"], new["title"]] for rank, (old, new) in enumerate(pairs, start=1)]
        session.table(["", "before", "after"], rows, f'pdistill search "{search["query"]}"')
    session.print(f"\nThe same with pictures: {result['page']}")
    session.print(f"All of it took {result['seconds']:.0f} seconds. What to try next:\n")
    program = "pdistill" if shutil.which("pdistill") else os.path.relpath(sys.argv[0])
    at = f"{program} -P {shlex.quote(result['project'])}"
    session.print(f'  {at} search "for a grandpa who loves fishing"')
    session.print(f"  {at} eval")
    session.print(f"  {at} catalog list")
    session.print(f"  {program} init my-shop --embedded")
    session.print(f"  {program} -P my-shop catalog add MY_PHOTOS")
