"""`pdistill eval`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pdistill.cli.options import with_globals
from pdistill.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(name="eval")(with_globals(evaluate))


def evaluate(
    context: typer.Context,
    student: Annotated[
        list[str] | None, typer.Option(help="Only this version; may be repeated. All versions by default.")
    ] = None,
    teacher: Annotated[str | None, typer.Option(help="Whose standings; else the teacher of pdistill.toml.")] = None,
) -> None:
    """Measure every version of the student against the teacher, with intervals, and compare with version 0."""
    from pdistill import evaluating
    from pdistill.cli.tournament import chosen

    session = Session.of(context)
    project = session.open(chosen(teacher=teacher))
    versions = [project.version(name) for name in student] if student else None
    outcome = evaluating.evaluate(project, versions, session.progress)
    session.finish(outcome, lambda result: show_evaluation(session, result))


def show_evaluation(session: Session, result: dict[str, Any]) -> None:
    """One table per split: each version's metrics with intervals, and its difference to version 0."""
    from pdistill.metrics import METRICS

    compared = {(row["a"], row["split"], row["metric"]): row for row in result["comparisons"]}
    for split in dict.fromkeys(system["split"] for system in result["systems"]):
        systems = [system for system in result["systems"] if system["split"] == split]
        rows = []
        for system in systems:
            row = [system["student"]]
            for name, metric in METRICS.items():
                row.append(_interval(system["metrics"][name], 1 if metric.unit else 2))
            difference = compared.get((system["student"], split, "mean_percentile_rank"))
            row.append(_difference(difference) if difference else "")
            rows.append(row)
        title = f"{split}: {systems[0]['personas']} personas, {systems[0]['items']:,} items"
        labels = [metric.label for metric in METRICS.values()]
        session.table(["student", *labels, "mean against v0"], rows, title)
        session.print()
    session.print("Percentile ranks in percent: 100 is the teacher's favourite on top, 50 is chance. [95 % interval]")


def _interval(value: dict[str, float], digits: int) -> str:
    return f"{value['value']:.{digits}f} [{value['low']:.{digits}f}, {value['high']:.{digits}f}]"


def _difference(row: dict[str, float]) -> str:
    chance = "p < 0.001" if row["p_value"] < 0.001 else f"p = {row['p_value']:.3f}"
    return f"{row['difference']:+.1f} [{row['low']:+.1f}, {row['high']:+.1f}], {chance}"


def show_comparison(session: Session, result: dict[str, Any]) -> None:
    """One table: mean percentile rank of version 0 and of another version on each split, side by side."""
    systems = {(system["student"], system["split"]): system for system in result["systems"]}
    rows = []
    for row in result["comparisons"]:
        if row["metric"] != "mean_percentile_rank":
            continue
        old, new = (systems[row[which], row["split"]]["metrics"][row["metric"]] for which in ("b", "a"))
        rows.append([row["split"], _interval(old, 1), _interval(new, 1), _difference(row)])
    session.table(["mean percentile rank", "before", "after", "difference"], rows)
