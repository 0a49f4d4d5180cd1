"""The training stage: all rankings of the project's teacher in, one new student version out.

It reads the ledger and writes a version; it never asks a teacher. The same rankings are never trained on twice.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from pdistill import encoding, ranking, registry
from pdistill.contracts import SILENT, Loss, Outcome, Progress, Recipe, Student, TrainingData
from pdistill.errors import MissingArtifactError
from pdistill.fingerprint import content_hash, fingerprint
from pdistill.store.database import safe_name
from pdistill.store.project import Project
from pdistill.store.records import TRAIN, Items, Personas, Version


def train(project: Project, progress: Progress = SILENT) -> Outcome:
    """Train a new version of the project's student on all valid rankings of the project's teacher.

    Training starts from the student as it comes, so that a version depends on the rankings, on what they are about
    and on the settings alone.

    Raises: MissingArtifactError without rankings; UnknownNameError; what the recipe raises.
    """
    settings = project.settings
    items, personas = project.items().of(TRAIN), project.personas().of(TRAIN)
    rankings = _rankings(project, items, personas)
    if not rankings["persona"]:
        registry.get("teacher", settings.teacher.name)  # a name that is none is the likelier cause
        raise MissingArtifactError(
            f"There are no rankings of the teacher {settings.teacher.name} to train on.",
            "Ask for some: pdistill tournament",
        )
    with project.writing("training"):
        versions = project.versions(settings.student.name)
        made_from = _made_from(project, items, personas, rankings)
        for version in versions:
            if version.made_from == made_from:
                return Outcome(_describe(version, new=False), warnings=_not_newest(version, versions[-1]))
        base = versions[0]
        student = encoding.load_student(project, base)
        data = _training_data(project, student, items, personas, rankings, progress)
        recipe: Recipe = registry.create("recipe", settings.recipe.name, settings.recipe.options())
        loss: Loss = registry.create("loss", settings.loss.name, settings.loss.options())
        progress.note(f"Training {base.name} on {len(rankings['persona']):,} rankings ({settings.recipe.name})")
        started = time.monotonic()
        notes = recipe.fit(student, data, loss, settings.seed, progress)
        notes["seconds"] = round(time.monotonic() - started, 2)
        version = _register(project, student, versions[-1], made_from, len(rankings["persona"]), notes)
    return Outcome(_describe(version, new=True))


def _rankings(project: Project, items: Items, personas: Personas) -> dict[str, list[Any]]:
    """Persona position, item positions and grades of each valid ranking whose persona and items still train."""
    rows = project.ledger.rows(
        ["persona_id", "items", "ranking"], {"purpose": "train", "teacher": project.settings.teacher.name}
    )
    item_at = {item: position for position, item in enumerate(items.ids)}
    persona_at = {persona: position for position, persona in enumerate(personas.ids)}
    found: dict[str, list[Any]] = {"persona": [], "items": [], "grades": []}
    for row in rows.to_pylist():
        shown, levels = row["items"], row["ranking"]
        if levels is None or row["persona_id"] not in persona_at:
            continue
        grades = ranking.grades(tuple(tuple(shown[position] for position in level) for level in levels), tuple(shown))
        kept = [(item_at[item], grade) for item, grade in zip(shown, grades, strict=True) if item in item_at]
        if len(kept) < 2:
            continue
        found["persona"].append(persona_at[row["persona_id"]])
        found["items"].append([position for position, _ in kept])
        found["grades"].append([grade for _, grade in kept])
    return found


def _made_from(project: Project, items: Items, personas: Personas, rankings: dict[str, list[Any]]) -> str:
    """Of all items, since all of them shape the layer; of personas only those that rankings are for."""
    settings = project.settings
    chosen = [[choice.name, choice.options()] for choice in (settings.student, settings.recipe, settings.loss)]
    asked = [personas.texts[position] for position in rankings["persona"]]
    learnt = [asked, rankings["items"], rankings["grades"]]
    return fingerprint([chosen, settings.seed, items.hashes, items.texts, learnt])


def _training_data(
    project: Project,
    student: Student,
    items: Items,
    personas: Personas,
    rankings: dict[str, list[Any]],
    progress: Progress,
) -> TrainingData:
    import torch

    matrix = encoding.features(project, student, items, progress)
    has_text = np.array([bool(text) for text in items.texts])
    prior = np.empty((len(items), student.dimension), np.float32)
    prior[has_text] = encoding.encode_texts(project, student, [text for text in items.texts if text], progress)
    prior[~has_text] = encoding.project_features(student, matrix[~has_text])
    width = max(len(shown) for shown in rankings["items"])
    index = np.zeros((len(rankings["items"]), width), np.int64)
    targets = np.full(index.shape, np.nan, np.float32)
    for row, (shown, grades) in enumerate(zip(rankings["items"], rankings["grades"], strict=True)):
        index[row, : len(shown)] = shown
        targets[row, : len(shown)] = grades
    queries = encoding.encode_texts(project, student, personas.texts, progress)
    return TrainingData(
        features=torch.from_numpy(matrix),
        prior=torch.from_numpy(prior),
        has_text=torch.from_numpy(has_text),
        personas=torch.from_numpy(queries),
        persona_index=torch.tensor(rankings["persona"]),
        item_index=torch.from_numpy(index),
        targets=torch.from_numpy(targets),
    )


def _register(
    project: Project, student: Student, parent: Version, made_from: str, rankings: int, notes: dict[str, float]
) -> Version:
    from safetensors.torch import save

    settings = project.settings
    number = parent.number + 1
    data = save({name: tensor.contiguous() for name, tensor in student.state().items()})
    file_name = safe_name(f"{parent.name}-v{number}") + ".safetensors"
    project.write_weights(file_name, data)
    version = Version(
        id=f"{parent.name}-v{number}",
        name=parent.name,
        number=number,
        cycle=parent.cycle + 1,
        teacher=settings.teacher.name,
        recipe=settings.recipe.name,
        loss=settings.loss.name,
        rankings=rankings,
        made_from=made_from,
        weights=file_name,
        weights_sha256=content_hash(data),
        notes=dict(notes),
    )
    project.add_version(version)
    return version


def _not_newest(version: Version, newest: Version) -> list[str]:
    if version.id == newest.id:
        return []
    return [f"{newest.id} is newer and is what index and search use; name the other with --student {version.id}."]


def _describe(version: Version, new: bool) -> dict[str, Any]:
    return {
        "student": version.id,
        "new": new,
        "cycle": version.cycle,
        "rankings": version.rankings,
        "recipe": version.recipe,
        "loss": version.loss,
        "notes": version.notes,
    }
