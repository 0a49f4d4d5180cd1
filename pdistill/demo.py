"""The demo: an example shop of gift ideas taken through every stage, by the very code of the commands.

It strings stages together as a user would and keeps what they gave; it has no logic of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pdistill import catalog, cycles, evaluating, example, indexing, pages, personas, settings, tournament
from pdistill.contracts import SILENT, Outcome, Progress
from pdistill.metrics import METRICS
from pdistill.searching import Hit, Searcher
from pdistill.statistics import Comparison, Interval
from pdistill.store.project import Project

PERSONAS = 300
CYCLES = 3
TOP = 10
QUERIES = (
    "gift for gardener mom",
    "something for a student who drinks too much coffee",
    "birthday present for a grandpa who loves fishing",
)
PAGE = "before-after.html"
ATTRIBUTION = "Pictures: OpenMoji (openmoji.org), CC BY-SA 4.0."


@dataclass(frozen=True)
class Step:
    """One stage of the demo: the command that does the same, and how long it took."""

    title: str
    command: str
    seconds: float


def run(folder: Path, progress: Progress = SILENT, told: Callable[[Step], None] = lambda step: None) -> Outcome:
    """Go through all stages in `folder`; what an earlier demo did there is not done again.

    Args:
        told: called after each stage.
    """
    steps: list[Step] = []

    def step(title: str, command: str, stage: Callable[[], Any]) -> Any:
        progress.note(f"\n{title}\n  pdistill {command}")
        started = time.monotonic()
        given = stage()
        steps.append(Step(title, command, round(time.monotonic() - started, 1)))
        told(steps[-1])
        return given

    project = Project(folder) if (folder / settings.FILE_NAME).exists() else Project.create(folder, embedded=True)
    at = f"-P {folder}"
    table = step("Drawing the shop's pictures (OpenMoji)", "demo", lambda: example.build(folder / "shop", progress))
    step(
        "Adding the catalog: each picture decoded, resized, identified by its content",
        f"{at} catalog add {table}",
        lambda: catalog.add(project, table, progress=progress),
    )
    step(
        "Making personas: who is looked for",
        f"{at} personas generate --count {PERSONAS}",
        lambda: personas.generate(project, PERSONAS, progress=progress),
    )
    teacher = tournament.teacher_of(project)
    step(
        "Judging: the teacher's tournaments, the yardstick for the student",
        f"{at} tournament --for eval",
        lambda: tournament.judge(project, teacher, progress=progress),
    )
    step(
        "Teaching: rankings of pictures the student is unsure of, and training, in turn",
        f"{at} train --cycles {CYCLES}",
        lambda: cycles.run(project, CYCLES, progress),
    )
    step("Indexing the distilled student", f"{at} index", lambda: indexing.index(project, progress=progress))
    name = project.settings.student.name
    first, last = project.versions(name)[0], project.versions(name)[-1]
    indexing.index(project, first, progress)
    evaluated = step(
        "Evaluating on personas and items never trained on",
        f"{at} eval",
        lambda: evaluating.evaluate(project, [first, last], progress),
    )
    before, after = Searcher(project, first), Searcher(project, last)
    found = [(query, before.search(query, TOP), after.search(query, TOP)) for query in QUERIES]
    page = folder / PAGE
    page.write_text(_page(project, evaluated.result, found), encoding="utf-8")
    result = {
        "project": str(folder),
        "page": str(page),
        "steps": [vars(each) for each in steps],
        "seconds": round(sum(each.seconds for each in steps), 1),
        "before": first.id,
        "after": last.id,
        "systems": evaluated.result["systems"],
        "comparisons": evaluated.result["comparisons"],
        "searches": [
            {"query": query, "before": [hit.title for hit in old], "after": [hit.title for hit in new]}
            for query, old, new in found
        ],
    }
    return Outcome(result, warnings=evaluated.warnings)


def _page(project: Project, evaluated: dict[str, Any], found: list[tuple[str, list[Hit], list[Hit]]]) -> str:
    wanted = {hit.id for _, old, new in found for hit in (*old, *new)}
    pictures = {item: pages.thumbnail(data) for item, data in project.pictures(sorted(wanted)).items()}

    def hits(given: list[Hit]) -> list[pages.Hit]:
        return [pages.Hit(hit.rank, hit.title, hit.score, pictures.get(hit.id), hit.id) for hit in given]

    searches = [pages.Search(query, hits(old), hits(new)) for query, old, new in found]
    intro = "What the same searches find before distillation (the student as it comes) and after it."
    return pages.before_after("Gift ideas, before and after", intro, _metric_rows(evaluated), searches, ATTRIBUTION)


def _metric_rows(evaluated: dict[str, Any]) -> list[pages.MetricRow]:
    rows = []
    systems = {(each["student"], each["split"]): each for each in evaluated["systems"]}
    for compared in evaluated["comparisons"]:
        if compared["metric"] != "mean_percentile_rank":
            continue
        metric, split = compared["metric"], compared["split"]
        old, new = (systems[compared[which], split]["metrics"][metric] for which in ("b", "a"))
        difference = Comparison(
            compared["difference"],
            compared["low"],
            compared["high"],
            compared["p_value"],
            systems[compared["a"], split]["personas"],
        )
        rows.append(pages.MetricRow(split, METRICS[metric].label, Interval(**old), Interval(**new), difference))
    return rows
