"""Cycles: teacher calls and training in turn, each choosing its questions with the student that the last one made.

The only place besides the command line that strings stages together.
"""

from __future__ import annotations

from pdistill import tournament, training
from pdistill.contracts import SILENT, Outcome, Progress
from pdistill.store.project import Project


def run(project: Project, cycles: int, progress: Progress = SILENT) -> Outcome:
    """Bring the project's student to `cycles` cycles; those it has been through already are not repeated.

    Source: arXiv 2510.12014, the training cycle.

    Returns: the last training's result, with what all cycles asked; `trained` lists the versions made.
    """
    teacher = tournament.teacher_of(project)
    name = project.settings.student.name
    trained, failures = [], []
    asked = {"calls": 0, "images": 0, "cached": 0, "failed": 0, "tokens": 0}
    outcome: Outcome | None = None
    while (cycle := project.versions(name)[-1].cycle) < cycles:
        progress.note(f"Cycle {cycle + 1} of {cycles}")
        labelled = tournament.label(project, teacher, progress)
        for key in asked:
            asked[key] += labelled.result[key]
        failures += labelled.failures
        outcome = training.train(project, progress)
        if not outcome.result["new"]:
            break  # no unseen pair is left to ask about
        trained.append(outcome.result["student"])
    last = project.versions(name)[-1]
    result = (
        outcome.result
        if outcome
        else {"student": last.id, "new": False, "cycle": last.cycle, "rankings": last.rankings}
    )
    return Outcome({**result, "trained": trained, "teacher": asked}, failures)
