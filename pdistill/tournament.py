"""The tournament stage: rankings to train on, and standings to evaluate against.

`label` asks about items that the sampler chooses from the current student's scores; `judge` plays whole tournaments.
Both do only what is missing. It knows the project, the engine and the registry; it never trains.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from pdistill import encoding, registry
from pdistill.choosing import Chooser, asked_before
from pdistill.contracts import SILENT, Cost, Outcome, Progress, Ranking, Sampler, Strategy, Teacher
from pdistill.engine import Engine, Play, Shelf, Tally, one_round
from pdistill.errors import MissingArtifactError, UsageError
from pdistill.fingerprint import fingerprint, fraction
from pdistill.store.project import Project
from pdistill.store.records import CELLS, TRAIN, Items, Personas

FEW_TEXTS = 10
"""A text-reading teacher is warned about when so many items share a text on average."""


def teacher_of(project: Project) -> Teacher:
    """The project's teacher with its options."""
    chosen = project.settings.teacher
    teacher: Teacher = registry.create("teacher", chosen.name, chosen.options())
    return teacher


def label(project: Project, teacher: Teacher | None = None, progress: Progress = SILENT) -> Outcome:
    """Ask for rankings of M items per training persona, chosen from the current student's scores.

    Source: arXiv 2510.12014, preference-aligned sampling; what is chosen is up to the sampler.

    Args:
        teacher: the project's teacher, if it is made already.

    Raises: MissingArtifactError without items or personas; ServiceError if the teacher cannot be reached.
    """
    settings = project.settings
    everything = project.items()
    items, personas = everything.of(TRAIN), project.personas().of(TRAIN)
    _require(len(items) >= 2, "fewer than two training items", "Add more: pdistill catalog add FOLDER_OR_TABLE")
    _require(len(personas) > 0, "no training persona", "Add more: pdistill personas generate --count 300")
    version = project.versions(settings.student.name)[-1]
    sampler: Sampler = registry.create("sampler", settings.sampler.name, settings.sampler.options())
    student = encoding.load_student(project, version)
    teacher = teacher or teacher_of(project)
    shelf = _shelf(project, items, teacher)
    progress.note(f"Choosing what to ask from the scores of {version.id}")
    chooser = Chooser(
        sampler,
        vectors=encoding.encode_items(project, student, items, progress),
        ids=items.ids,
        m=min(settings.tournament.items_per_question, len(items)),
        rankings=settings.tournament.rankings_per_persona,
        salt=(settings.seed, version.id),
    )
    queries = encoding.encode_texts(project, student, personas.texts, progress)
    engine = Engine(teacher, settings.teacher.name, shelf, project.ledger, "train", settings.seed)
    plays = [Play(persona, text, one_round([]), student=version.id) for persona, text in personas]
    before = asked_before(project, items, personas, version)
    chosen = chooser.questions(queries, personas, before, lambda row, group: engine.key(plays[row], group))
    for play, groups in zip(plays, chosen, strict=True):
        play.rounds = one_round(groups)
    tally = engine.run(plays, sum(map(len, chosen)), "Asking the teacher", progress)
    more = {"student": version.id, "personas": len(personas), "items": len(items)}
    return _outcome(tally, more, _blind_spots(project, teacher, everything))


def judge(
    project: Project,
    teacher: Teacher | None = None,
    splits: list[str] | None = None,
    progress: Progress = SILENT,
) -> Outcome:
    """Find the teacher's standings of each split's items for a sample of its personas.

    Source: arXiv 2510.12014, evaluation by tournament; METHOD of the strategy in its own module.

    Args:
        splits: which of the four splits; all by default.

    Raises: as `label`.
    """
    settings = project.settings
    teacher = teacher or teacher_of(project)
    strategy: Strategy = registry.create("strategy", settings.strategy.name, settings.strategy.options())
    all_items, all_personas = project.items(), project.personas()
    tally, result, warnings = Tally(), {}, _blind_spots(project, teacher, all_items)
    for split in splits or list(CELLS):
        persona_split, item_split = CELLS[split]
        items = _sample(all_items.of(item_split), settings.tournament.eval_items)
        personas = _sample(all_personas.of(persona_split), settings.tournament.eval_personas)
        if len(items) < 2 or not len(personas):
            warnings.append(f"The split {split} is empty: {len(personas)} personas, {len(items)} items.")
            continue
        cost = strategy.plan(len(items))
        played, dropped, there = _judge_split(project, teacher, strategy, split, items, personas, cost, progress)
        tally.add(played)
        if dropped:
            warnings.append(
                f"{dropped} tournaments of {split} are not kept: most of their questions got no valid answer."
            )
        result[split] = {
            "personas": len(personas),
            "items": len(items),
            "calls_per_persona": cost.calls,
            "judged_before": there,
        }
    return _outcome(tally, {"splits": result}, warnings)


def _judge_split(
    project: Project,
    teacher: Teacher,
    strategy: Strategy,
    split: str,
    items: Items,
    personas: Personas,
    cost: Cost,
    progress: Progress,
) -> tuple[Tally, int, int]:
    """Play what is missing of one split; the tally, how many standings were not worth keeping, how many were there."""
    settings = project.settings
    chosen = settings.strategy
    shelf = _shelf(project, items, teacher)
    same = fingerprint(
        [
            teacher.fingerprint,
            chosen.name,
            chosen.options(),
            settings.seed,
            [shelf.key(item) for item in items.ids],
            items.ids,
        ]
    )
    keys = {persona: fingerprint([same, split, persona, text]) for persona, text in personas}
    there = set(project.standings.read(["key"], {"split": split})["key"].to_pylist())
    missing = [(persona, text) for persona, text in personas if keys[persona] not in there]
    finished = _Finished(project, split)
    engine = Engine(teacher, settings.teacher.name, shelf, project.ledger, "eval", settings.seed)
    plays = []
    for persona, text in missing:
        rng = np.random.default_rng(int(fingerprint([settings.seed, split, persona], 15), 16))
        done = finished.keeper(keys[persona], cost.calls)
        plays.append(Play(persona, text, strategy.play(items.ids, rng), done))
    if not plays:
        return Tally(), 0, len(personas)
    try:
        tally = engine.run(plays, len(plays) * cost.calls, f"Tournaments, {split}", progress)
    finally:
        finished.store()
    return tally, finished.dropped, len(personas) - len(missing)


class _Finished:
    """Standings on their way into the project, stored in groups of tournaments."""

    def __init__(self, project: Project, split: str) -> None:
        self._project = project
        self._split = split
        self._rows: list[dict[str, Any]] = []
        self.dropped = 0

    def keeper(self, key: str, calls: int) -> Callable[[Play, Ranking | None], None]:
        def keep(play: Play, standings: Ranking | None) -> None:
            if play.failed * 2 > calls:
                self.dropped += 1
                return  # a failed answer is no vote: these standings would be chance
            self._rows.append(
                {
                    "key": key,
                    "split": self._split,
                    "persona_id": play.persona_id,
                    "teacher": self._project.settings.teacher.name,
                    "strategy": self._project.settings.strategy.name,
                    "levels": [list(level) for level in standings or ()],
                    "calls": calls,
                    "failed": play.failed,
                    "made_at": time.time(),
                }
            )

        return keep

    def store(self) -> None:
        rows, self._rows = self._rows, []
        self._project.standings.append(rows)


def _sample(column: Any, most: int) -> Any:
    """At most `most` of the items or personas, always the same ones: by the hash of their ids."""
    if len(column) <= most:
        return column
    order = sorted(range(len(column)), key=lambda position: fraction("evaluation", column.ids[position]))
    return column.take(sorted(order[:most]))


def _shelf(project: Project, items: Items, teacher: Teacher) -> Shelf:
    if teacher.uses_text and not teacher.uses_images and not any(items.texts):
        raise UsageError(
            f"The teacher {project.settings.teacher.name} ranks by text, and no item has any.",
            "Add the catalog with --title-field or --text-field, or use a teacher that looks at pictures.",
        )
    return Shelf(items, teacher, project.pictures)


def _blind_spots(project: Project, teacher: Teacher, items: Items) -> list[str]:
    """Why a teacher that reads and does not look cannot tell these items apart."""
    if teacher.uses_images or not teacher.uses_text:
        return []
    texts = [text for text in items.texts if text]
    distinct = len(set(texts))
    if distinct * FEW_TEXTS > len(texts):
        return []
    return [
        f"{len(texts):,} items have only {distinct} different texts, and the teacher {project.settings.teacher.name} "
        "sees nothing else: it cannot tell them apart. Give them titles or descriptions of their own."
    ]


def _require(condition: bool, what: str, hint: str) -> None:
    if not condition:
        raise MissingArtifactError(f"The project has {what}.", hint)


def _outcome(tally: Tally, more: dict[str, Any], warnings: list[str] | None = None) -> Outcome:
    result = {
        "calls": tally.calls,
        "images": tally.images,
        "cached": tally.cached,
        "failed": tally.failed,
        "tokens": tally.tokens,
        **more,
    }
    failures = [{"id": f"{count} questions", "error": error} for error, count in tally.errors.items()]
    return Outcome(result, failures if tally.failed else [], warnings or [])
