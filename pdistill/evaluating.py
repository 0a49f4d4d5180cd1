"""The evaluation stage: every version of a student against the teacher's standings, on four splits, with intervals.

It reads standings and features and writes per-persona numbers; it never asks a teacher.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np

from pdistill import encoding, registry, statistics
from pdistill.contracts import SILENT, Outcome, Progress
from pdistill.errors import MissingArtifactError
from pdistill.metrics import METRICS, measure_all
from pdistill.store.project import Project
from pdistill.store.records import CELLS, Items, Personas, Version


@dataclass(frozen=True)
class Cell:
    """One split's standings: (N,) the items judged, (P,) the personas, and each one's levels of item positions."""

    items: Items
    personas: Personas
    levels: list[list[list[int]]]


def evaluate(project: Project, versions: list[Version] | None = None, progress: Progress = SILENT) -> Outcome:
    """Measure version 0 and other versions of the project's student, all by default, and compare each with version 0.

    Returns: `systems`: one per version and split with each metric's value and 95 % interval; `comparisons`: each
        version minus version 0, paired by persona, with interval and p-value.
    Raises: MissingArtifactError if the teacher has judged nothing.
    """
    cells, warnings = read_cells(project)
    if not cells:
        registry.get("teacher", project.settings.teacher.name)  # a name that is none is the likelier cause
        raise MissingArtifactError(
            "The teacher has judged no test items yet.", "Ask it: pdistill tournament --for eval"
        )
    name = project.settings.student.name
    base = project.versions(name)[0]
    wanted = versions or project.versions(name)
    evaluation, systems, comparisons = uuid.uuid4().hex[:12], [], []
    measured: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    with progress.task("Evaluating", len(cells) * len({base.id, *(version.id for version in wanted)})) as advance:
        for version in dict.fromkeys([base.id, *(version.id for version in wanted)]):
            student = encoding.load_student(project, project.version(version))
            for split, cell in cells.items():
                vectors = encoding.encode_items(project, student, cell.items, progress)
                queries = encoding.encode_texts(project, student, cell.personas.texts, progress)
                scores = (queries @ vectors.T)[:, encoding.same_pictures(cell.items.hashes)]
                measured[version, split] = measure_all(scores, cell.levels)
                advance(1)
    _keep(project, evaluation, measured, cells)
    for version, split in measured:
        systems.append(_system(version, split, measured[version, split], cells[split], project.settings.seed))
        if version != base.id:
            comparisons += _comparisons(version, base.id, split, measured, project.settings.seed)
    return Outcome({"evaluation": evaluation, "systems": systems, "comparisons": comparisons}, warnings=warnings)


def _system(version: str, split: str, values: dict[str, np.ndarray], cell: Cell, seed: int) -> dict[str, Any]:
    metrics = {}
    for name, metric in METRICS.items():
        interval = statistics.interval(values[metric.key], metric.aggregate, seed)
        metrics[name] = {"value": interval.value, "low": interval.low, "high": interval.high}
    return {
        "student": version,
        "split": split,
        "personas": len(cell.personas),
        "items": len(cell.items),
        "metrics": metrics,
    }


def _comparisons(
    version: str, base: str, split: str, measured: dict[tuple[str, str], dict[str, np.ndarray]], seed: int
) -> list[dict[str, Any]]:
    found = []
    for name, metric in METRICS.items():
        own, other = measured[version, split][metric.key], measured[base, split][metric.key]
        compared = statistics.compare(own, other, metric.aggregate, seed)
        found.append(
            {
                "a": version,
                "b": base,
                "split": split,
                "metric": name,
                "difference": compared.difference,
                "low": compared.low,
                "high": compared.high,
                "p_value": compared.p_value,
            }
        )
    return found


def read_cells(project: Project) -> tuple[dict[str, Cell], list[str]]:
    """The newest standings of the project's teacher for each split, with what was judged."""
    items, personas = project.items(), project.personas()
    item_at = {item: position for position, item in enumerate(items.ids)}
    persona_at = {persona: position for position, persona in enumerate(personas.ids)}
    teacher = project.settings.teacher.name
    cells, warnings = {}, []
    for split in CELLS:
        rows = project.standings.read(
            ["persona_id", "levels", "failed", "calls", "made_at"], {"split": split, "teacher": teacher}
        ).to_pylist()
        newest: dict[str, dict[str, Any]] = {}
        for row in sorted(rows, key=lambda row: row["made_at"]):
            newest[row["persona_id"]] = row
        judged = sorted(persona for persona in newest if persona in persona_at)
        if not judged:
            warnings.append(f"No standings of the teacher {teacher} for the split {split}.")
            continue
        failed = sum(newest[persona]["failed"] for persona in judged)
        if failed:
            warnings.append(f"{failed} questions behind the standings of {split} got no valid answer.")
        cells[split] = _cell(items, item_at, personas.take([persona_at[persona] for persona in judged]), newest)
    return cells, warnings


def _cell(items: Items, item_at: dict[str, int], personas: Personas, newest: dict[str, dict[str, Any]]) -> Cell:
    """One split: only items that every persona's standings hold and that are still in the catalog."""
    common: set[str] | None = None
    for persona in personas.ids:
        named = {item for level in newest[persona]["levels"] for item in level}
        common = named if common is None else common & named
    kept = sorted(item for item in common or () if item in item_at)
    at = {item: position for position, item in enumerate(kept)}
    levels = []
    for persona in personas.ids:
        own = [[at[item] for item in level if item in at] for level in newest[persona]["levels"]]
        levels.append([level for level in own if level])
    return Cell(items.take([item_at[item] for item in kept]), personas, levels)


def _keep(
    project: Project,
    evaluation: str,
    measured: dict[tuple[str, str], dict[str, np.ndarray]],
    cells: dict[str, Cell],
) -> None:
    """Per-persona values into the project, for slices and later comparisons."""
    rows, now = [], time.time()
    for (version, split), values in measured.items():
        for row, persona in enumerate(cells[split].personas.ids):
            own = {key: float(column[row]) for key, column in values.items()}
            rows.append(
                {
                    "evaluation": evaluation,
                    "student": version,
                    "split": split,
                    "persona_id": persona,
                    "metrics": json.dumps(own),
                    "made_at": now,
                }
            )
    project.evaluations.append(rows)
