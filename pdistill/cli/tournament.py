"""`pdistill tournament`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session
from pdistill.contracts import Outcome


class Purpose(StrEnum):
    """What the teacher is asked for."""

    train = "train"
    eval = "eval"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(with_globals(tournament))


def tournament(
    context: typer.Context,
    teacher: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who ranks; else the teacher of pdistill.toml.")
    ] = None,
    purpose: Annotated[
        Purpose | None,
        typer.Option("--for", help="Only rankings to train on, or only standings to evaluate against; else both."),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="How standings are found; else as in pdistill.toml.")
    ] = None,
    sampler: Annotated[
        str | None, typer.Option(metavar="NAME", help="How the items to train on are chosen; else as in pdistill.toml.")
    ] = None,
) -> None:
    """Ask the teacher for rankings and for its standings.

    Rankings of a few items per persona are what the student is trained on; standings of all test items are what it
    is evaluated against. Every answer is kept; running again asks only what is missing.
    """
    from pdistill import tournament as stage

    session = Session.of(context)
    uses = {None: ("teacher", "student", "sampler", "strategy"), Purpose.train: ("teacher", "student", "sampler")}
    project = session.open(
        chosen(teacher=teacher, strategy=strategy, sampler=sampler), uses.get(purpose, ("teacher", "strategy"))
    )
    made = stage.teacher_of(project)
    outcomes: list[tuple[str, Outcome]] = []
    if purpose in (None, Purpose.train):
        outcomes.append(("train", stage.label(project, made, session.progress)))
    if purpose in (None, Purpose.eval):
        outcomes.append(("eval", stage.judge(project, made, None, session.progress)))
    session.finish(_merged(outcomes), lambda result: _show(session, result))


def chosen(**names: str | None) -> dict[str, Any]:
    """Flags that choose plugins, as settings."""
    return {kind: {"name": name} for kind, name in names.items() if name is not None}


def _merged(outcomes: list[tuple[str, Outcome]]) -> Outcome:
    result: dict[str, Any] = dict.fromkeys(("calls", "images", "cached", "failed", "tokens"), 0)
    for purpose, outcome in outcomes:
        for name in tuple(result):
            if name in outcome.result and isinstance(result[name], int):
                result[name] += outcome.result[name]
        result[purpose] = outcome.result
    failures = [failure for _, outcome in outcomes for failure in outcome.failures]
    return Outcome(
        result, failures, list(dict.fromkeys(warning for _, outcome in outcomes for warning in outcome.warnings))
    )


def _show(session: Session, result: dict[str, Any]) -> None:
    rows = []
    for purpose in ("train", "eval"):
        if purpose in result:
            own = result[purpose]
            rows.append([purpose, own["calls"], own["images"], own["cached"], own["failed"], own["tokens"]])
    session.table(["for", "calls", "images shown", "from the ledger", "failed", "tokens"], rows)
    if "eval" in result:
        splits = [
            [name, own["personas"], own["items"], own["judged_before"]]
            for name, own in result["eval"]["splits"].items()
        ]
        session.table(["split judged", "personas", "items", "judged before"], splits)
    session.talk(f"Next: {session.program} train")
