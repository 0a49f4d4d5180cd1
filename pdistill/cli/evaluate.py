"""`pdistill eval`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session

MAIN = "mean_percentile_rank"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(name="eval")(with_globals(evaluate))


def evaluate(
    context: typer.Context,
    student: Annotated[
        list[str] | None,
        typer.Option(metavar="VERSION", help="Only this version; may be repeated. All versions by default."),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose standings; else the teacher of pdistill.toml.")
    ] = None,
) -> None:
    """Measure the student against the teacher.

    Every version is measured on four splits (personas and items seen in training or not), with 95 % intervals, and
    compared with version 0, the student as it comes.
    """
    from pdistill import evaluating
    from pdistill.cli.tournament import chosen

    session = Session.of(context)
    project = session.open(chosen(teacher=teacher))
    versions = [project.version(name) for name in student] if student else None
    outcome = evaluating.evaluate(project, versions, session.progress)
    session.finish(outcome, lambda result: show_evaluation(session, result))


def show_evaluation(session: Session, result: dict[str, Any]) -> None:
    """One table per split: each version's metrics, and its difference to version 0; intervals are 95 %."""
    compared = {(row["a"], row["split"]): row for row in result["comparisons"] if row["metric"] == MAIN}
    for split in dict.fromkeys(system["split"] for system in result["systems"]):
        systems = [system for system in result["systems"] if system["split"] == split]
        rows = []
        for system in systems:
            metrics, against = system["metrics"], compared.get((system["student"], split))
            rows.append(
                [
                    system["student"].rpartition("-")[2],
                    _interval(metrics[MAIN]),
                    f"{metrics['median_percentile_rank']['value']:.1f}",
                    _interval(metrics["top10_mean_percentile"]),
                    *(_difference(against) if against else ("", "")),
                ]
            )
        name = systems[0]["student"].rpartition("-")[0]
        title = f"{split}: {systems[0]['personas']} personas, {systems[0]['items']:,} items, {name}"
        columns = ["", "percentile rank", "median", "its top 10", "against v0", "p"]
        session.table(columns, rows, title)
        session.print()
    session.print("Percentile rank: where the student puts the teacher's favourite (and its top 10); 100 is first,")
    session.print("50 is chance. In brackets 95 % intervals. Recall and reciprocal ranks are in --json.")


def _interval(value: dict[str, float]) -> str:
    return f"{value['value']:.1f} [{value['low']:.1f}, {value['high']:.1f}]"


def _difference(row: dict[str, float]) -> tuple[str, str]:
    chance = "< 0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}"
    return f"{row['difference']:+.1f} [{row['low']:.1f}, {row['high']:.1f}]", chance


def show_comparison(session: Session, result: dict[str, Any]) -> None:
    """One table: mean percentile rank of version 0 and of another version on each split, side by side."""
    systems = {(system["student"], system["split"]): system for system in result["systems"]}
    rows = []
    for row in result["comparisons"]:
        if row["metric"] != MAIN:
            continue
        old, new = (systems[row[which], row["split"]]["metrics"][row["metric"]] for which in ("b", "a"))
        rows.append([row["split"], _interval(old), _interval(new), *_difference(row)])
    session.table(["", "before", "after", "difference", "p"], rows, "Mean percentile rank")
