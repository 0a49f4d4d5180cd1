"""The demo: an example shop of gift ideas taken through every stage, by the very code of the commands.

It strings stages together as a user would and keeps what they gave; it has no logic of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pdistill import catalog, cycles, evaluating, example, indexing, pages, personas, settings, tournament
from pdistill.contracts import SILENT, Outcome, Progress
from pdistill.metrics import METRICS
from pdistill.searching import Hit, Searcher
from pdistill.statistics import Comparison, Interval
from pdistill.store.project import Project
from pdistill.store.records import Version

PERSONAS = 300
CYCLES = 3
TOP = 10
QUERIES = ("gift for gardener mom", "something for a child who loves dinosaurs", "for a friend who plays guitar")
PAGE = "before-after.html"
SPLITS = {
    "in-domain": "Known personas, known items",
    "new-personas": "New personas, known items",
    "new-items": "Known personas, new items",
    "new-both": "New personas, new items",
}
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
        folder: becomes a project; its pictures and its page lie in it too.
        progress: where to say how far it is.
        told: called after each stage.
    """
    started = time.monotonic()
    project = Project(folder) if (folder / settings.FILE_NAME).exists() else Project.create(folder, embedded=True)
    steps, given = [], None
    for title, command, stage in _stages(project, progress):
        progress.note(f"\n{title}\n  $ pdistill -P {folder} {command}" if command else f"\n{title}")
        began = time.monotonic()
        given = stage()
        steps.append(Step(title, command, round(time.monotonic() - began, 1)))
        told(steps[-1])
    assert given is not None
    versions = project.versions(project.settings.student.name)
    found = _searches(project, versions[0], versions[-1], progress)
    page = folder / PAGE
    page.write_text(_page(project, given.result, found), encoding="utf-8")
    result = {
        "project": str(folder),
        "page": str(page),
        "steps": [asdict(each) for each in steps],
        "seconds": round(time.monotonic() - started, 1),
        "before": versions[0].id,
        "after": versions[-1].id,
        "systems": given.result["systems"],
        "comparisons": given.result["comparisons"],
        "searches": [
            {"query": query, "before": [asdict(hit) for hit in old], "after": [asdict(hit) for hit in new]}
            for query, old, new in found
        ],
    }
    return Outcome(result, warnings=given.warnings)


def _stages(project: Project, progress: Progress) -> list[tuple[str, str, Callable[[], Any]]]:
    """What the demo does: title, the command that does the same in this project, and the stage behind it."""
    shop = project.root / "shop"
    teacher = tournament.teacher_of(project)

    def evaluate() -> Outcome:
        versions = project.versions(project.settings.student.name)
        return evaluating.evaluate(project, [versions[0], versions[-1]], progress)

    return [
        ("Drawing the pictures of an example shop", "", lambda: example.build(shop, progress)),
        (
            "Adding the catalog: pictures checked, resized, identified by their content",
            f"catalog add {shop / 'catalog.csv'}",
            lambda: catalog.add(project, shop / "catalog.csv", progress=progress),
        ),
        (
            "Making personas: the people who are shopped for",
            f"personas generate --count {PERSONAS}",
            lambda: personas.generate(project, PERSONAS, progress=progress),
        ),
        (
            "Tournaments: the teacher's standings, the yardstick of the evaluation",
            "tournament --for eval",
            lambda: tournament.judge(project, teacher, progress=progress),
        ),
        (
            "Distilling: the teacher ranks what the student would show, the student learns, and again",
            f"train --cycles {CYCLES}",
            lambda: cycles.run(project, CYCLES, progress),
        ),
        (
            "Indexing the catalog with the distilled student",
            "index",
            lambda: indexing.index(project, progress=progress),
        ),
        ("Evaluating, also on personas and items never trained on", "eval", evaluate),
    ]


_Found = list[tuple[str, list[Hit], list[Hit]]]


def _searches(project: Project, first: Version, last: Version, progress: Progress) -> _Found:
    """Each example query with what the two versions find."""
    indexing.index(project, first, progress)
    before, after = Searcher(project, first), Searcher(project, last)
    return [(query, before.search(query, TOP), after.search(query, TOP)) for query in QUERIES]


def _page(project: Project, evaluated: dict[str, Any], found: _Found) -> str:
    wanted = {hit.id for _, old, new in found for hit in (*old, *new)}
    pictures = {item: pages.thumbnail(data, side=240) for item, data in project.pictures(sorted(wanted)).items()}

    def hits(given: list[Hit]) -> list[pages.Hit]:
        return [pages.Hit(hit.rank, hit.title, hit.score, pictures.get(hit.id), hit.id) for hit in given]

    searches = [pages.Search(query, hits(old), hits(new)) for query, old, new in found]
    intro = (
        "What the same searches find before distillation, with the student as it comes, and after it. "
        "New personas and new items were never trained on. A mark on a picture says that it was not found before."
    )
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
        rows.append(pages.MetricRow(SPLITS[split], METRICS[metric].label, Interval(**old), Interval(**new), difference))
    return rows
