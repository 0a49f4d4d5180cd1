"""The tournament stage asks what is missing and nothing else, and never shows a persona the same item twice."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pdistill import catalog, choosing, personas, tournament, training
from pdistill.contracts import Answer, Question, Shown
from pdistill.errors import MissingArtifactError, PluginError, ServiceError, UsageError
from pdistill.store.project import Project
from pdistill.store.records import CELLS, TRAIN
from tests.conftest import write_catalog
from tests.doubles import Scripted


class Dying(Scripted):
    """Cannot be reached any more after some answers."""

    def __init__(self, answers: int, **options: Any) -> None:
        super().__init__(**options)
        self.left = answers

    def rank(self, questions: Iterable[Question]) -> Iterator[Answer]:
        for answer in super().rank(questions):
            if not self.left:
                raise ServiceError("The server is gone.", "Start it again.")
            self.left -= 1
            yield answer


def asked(project: Project) -> list[dict[str, Any]]:
    columns = ["key", "persona_id", "items", "ranking", "student", "purpose"]
    return project.ledger.rows(columns, {"purpose": "train"}).to_pylist()


def pairs(project: Project) -> Counter[tuple[str, str]]:
    """How often each persona was shown each item."""
    return Counter((row["persona_id"], item) for row in asked(project) for item in row["items"])


def standings(project: Project) -> dict[tuple[str, str], list[list[str]]]:
    rows = project.standings.read(["split", "persona_id", "levels"]).to_pylist()
    found = {(row["split"], row["persona_id"]): row["levels"] for row in rows}
    assert len(found) == len(rows)
    return found


def test_every_training_persona_gets_its_rankings(project: Project) -> None:
    teacher = Scripted()
    outcome = tournament.label(project, teacher)
    train, items = project.personas().of(TRAIN), set(project.items().of(TRAIN).ids)
    # Two rankings (SETTINGS of the fixture) of four items each.
    assert Counter(row["persona_id"] for row in asked(project)) == dict.fromkeys(train.ids, 2)
    assert all(len(row["items"]) == 4 and set(row["items"]) <= items for row in asked(project))
    assert {row["student"] for row in asked(project)} == {"tiny-v0"}
    calls = 2 * len(train)
    assert outcome.result == {
        "calls": calls,
        "images": 4 * calls,
        "cached": 0,
        "failed": 0,
        "tokens": 12 * calls,
        "student": "tiny-v0",
        "personas": len(train),
        "items": len(items),
    }
    assert (outcome.failures, outcome.warnings) == ([], [])


def test_a_second_run_asks_nothing(project: Project) -> None:
    first = tournament.label(project, Scripted(fails=0.3))
    before = asked(project)
    teacher = Scripted(fails=0.3)
    second = tournament.label(Project(project.root), teacher)
    assert teacher.history == []
    assert second.result["calls"] == 0
    assert second.result["cached"] == first.result["calls"]
    assert asked(project) == before


def test_no_version_shows_a_persona_what_it_has_seen(project: Project) -> None:
    for cycle in range(2):
        tournament.label(project, Scripted())
        assert training.train(project).result["student"] == f"tiny-v{cycle + 1}"
    tournament.label(project, Scripted())
    # Three versions, two rankings each.
    assert Counter(Counter(row["persona_id"] for row in asked(project)).values()) == {
        6: len(project.personas().of(TRAIN))
    }
    assert {row["student"] for row in asked(project)} == {"tiny-v0", "tiny-v1", "tiny-v2"}
    assert set(pairs(project).values()) == {1}


def test_when_every_item_was_seen_nothing_is_asked(project: Project) -> None:
    count = len(project.items().of(TRAIN))
    flags = {"tournament": {"items_per_question": 4, "rankings_per_persona": 20}}
    whole = Project(project.root, flags)
    tournament.label(whole, Scripted())
    shown = pairs(whole)
    assert set(shown.values()) == {1}
    # A single item left over is no question.
    assert set(Counter(persona for persona, _ in shown).values()) == {count - (count % 4 == 1)}
    training.train(whole)
    assert tournament.label(Project(project.root, flags), Scripted()).result["calls"] == 0


@pytest.mark.parametrize("fails", [0.0, 0.3])
@pytest.mark.parametrize("answers", [1, 20, 36])
def test_an_interrupted_run_goes_on_to_the_same_end(
    project_folder: Path, project: Project, answers: int, fails: float
) -> None:
    other = Project(shutil.copytree(project_folder, project_folder.parent / "other"))
    whole = tournament.label(other, Scripted(fails=fails))
    with pytest.raises(ServiceError):
        tournament.label(project, Dying(answers, fails=fails))
    assert len(asked(project)) == answers
    teacher = Scripted(fails=fails)
    rest = tournament.label(Project(project.root), teacher)
    assert rest.result["calls"] == len(teacher.history) == whole.result["calls"] - answers
    assert asked(project) == asked(other)


def grow(project: Project, folder: Path) -> None:
    """Ten more kinds of things."""
    more = write_catalog(folder / "more", tuple(f"gadget{number}" for number in range(5)))
    before = len(project.items())
    for number, file in enumerate(sorted((folder / "more").glob("*.png"))):
        Image.new("RGB", (24, 24), (8 * number, 255 - 8 * number, 77)).save(file)
    assert catalog.add(project, more).result["added"] == 30
    assert len(project.items()) == before + 30


@pytest.mark.parametrize("answers", [None, 11])
def test_a_catalog_that_has_grown_since_gets_no_more_than_its_share(
    project: Project, tmp_path: Path, answers: int | None
) -> None:
    if answers is None:
        tournament.label(project, Scripted())
    else:
        with pytest.raises(ServiceError):
            tournament.label(project, Dying(answers))
    grow(project, tmp_path)
    teacher = Scripted()
    tournament.label(project, teacher)
    train = project.personas().of(TRAIN)
    assert Counter(row["persona_id"] for row in asked(project)) == dict.fromkeys(train.ids, 2)
    assert len(teacher.history) == (0 if answers is None else 2 * len(train) - answers)
    assert set(pairs(project).values()) == {1}


def test_personas_that_came_later_are_asked_about_and_the_others_are_not(project: Project, tmp_path: Path) -> None:
    tournament.label(project, Scripted(fails=0.3))
    before = {row["key"] for row in asked(project)}
    known = set(project.personas().ids)
    personas.generate(project, 10, seed=3)
    teacher = Scripted()
    tournament.label(project, Scripted(fails=0.3))
    new = [row for row in asked(project) if row["key"] not in before]
    assert teacher.history == []
    assert {row["persona_id"] for row in new} == set(project.personas().of(TRAIN).ids) - known


def test_the_sampler_sees_the_newest_student(project: Project) -> None:
    """What v1 is asked about is chosen from its own scores: other personas' questions differ from those of v0."""
    tournament.label(project, Scripted())
    training.train(project)
    outcome = tournament.label(project, Scripted())
    assert outcome.result["student"] == "tiny-v1"
    assert outcome.result["cached"] == 0


def test_many_personas_are_taken_in_blocks(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # 3 personas at a time.
    monkeypatch.setattr(choosing, "SCORES_AT_ONCE", 3 * len(project.items().of(TRAIN)))
    tournament.label(project, Scripted())
    train = project.personas().of(TRAIN)
    assert Counter(row["persona_id"] for row in asked(project)) == dict.fromkeys(train.ids, 2)
    assert set(pairs(project).values()) == {1}


def test_judge_keeps_the_standings_of_all_four_splits(project: Project) -> None:
    outcome = tournament.judge(project, Scripted())
    items, people = project.items(), project.personas()
    found = standings(project)
    for split, (of_persona, of_items) in CELLS.items():
        assert {persona for own, persona in found if own == split} == set(people.of(of_persona).ids)
        for (own, _), levels in found.items():
            if own == split:
                assert sorted(item for level in levels for item in level) == items.of(of_items).ids
        told = outcome.result["splits"][split]
        assert (told["personas"], told["items"]) == (len(people.of(of_persona)), len(items.of(of_items)))
    assert outcome.result["calls"] == project.ledger.count()
    assert (outcome.result["failed"], outcome.failures, outcome.warnings) == (0, [], [])


def test_without_noise_the_teachers_favourite_wins(project: Project) -> None:
    teacher = Scripted()
    tournament.judge(project, teacher)
    items = project.items()
    text_of = dict(project.personas())
    for (_, persona), levels in standings(project).items():
        likings = [
            {teacher.liking(text_of[persona], Shown(item, items.texts[items.ids.index(item)])) for item in level}
            for level in levels
        ]
        # A level holds items liked equally, and the first the best.
        assert [len(level) for level in likings] == [1] * len(levels)
        assert likings[0] == {max(liking for level in likings for liking in level)}


def test_a_second_judgement_asks_nothing_and_changes_nothing(project: Project) -> None:
    tournament.judge(project, Scripted(noise=0.2))
    before = standings(project)
    teacher = Scripted(noise=0.2)
    again = tournament.judge(Project(project.root), teacher)
    assert teacher.history == []
    assert (again.result["calls"], again.result["cached"]) == (0, 0)
    assert standings(project) == before


def test_an_interrupted_judgement_goes_on_to_the_same_end(project_folder: Path, project: Project) -> None:
    other = Project(shutil.copytree(project_folder, project_folder.parent / "other"))
    whole = tournament.judge(other, Scripted(noise=0.2))
    with pytest.raises(ServiceError):
        tournament.judge(project, Dying(40, noise=0.2))
    teacher = Scripted(noise=0.2)
    tournament.judge(Project(project.root), teacher)
    assert len(teacher.history) == whole.result["calls"] - 40
    assert standings(project) == standings(other)


def test_tournaments_that_ended_before_an_interruption_are_kept(project: Project) -> None:
    tournament.judge(project, Scripted(), ["new-both"])
    done = standings(project)
    assert {split for split, _ in done} == {"new-both"}
    with pytest.raises(ServiceError):
        tournament.judge(project, Dying(5))
    assert {key: value for key, value in standings(project).items() if key in done} == done


def test_items_that_the_teacher_ties_stay_tied(project: Project) -> None:
    """Five things of one colour are one to a teacher that looks at the colour alone."""

    class Colours(Scripted):
        def liking(self, persona: str, item: Shown) -> float:
            return float(item.text.split()[0] in persona)

    tournament.judge(project, Colours())
    text_of = dict(project.personas())
    for (_, persona), levels in standings(project).items():
        present = {item for level in levels for item in level}
        liked = {item for item in present if item.split("-")[0] in text_of[persona]}
        assert set(levels[0]) == (liked or present)
        assert all(set(level) <= liked or not set(level) & liked for level in levels)


def test_other_settings_are_judged_anew_and_the_old_standings_stay(project: Project) -> None:
    tournament.judge(project, Scripted(), ["new-both"])
    before = project.standings.count()
    knockout = Project(project.root, {"strategy": {"name": "knockout"}})
    outcome = tournament.judge(knockout, Scripted(), ["new-both"])
    assert outcome.result["calls"] > 0
    rows = project.standings.read(["strategy"])["strategy"].to_pylist()
    assert Counter(rows) == {"successive-halving": before, "knockout": before}


def test_the_evaluation_takes_a_fixed_sample_of_what_is_too_many(project: Project) -> None:
    flags = {"tournament": {"eval_personas": 3, "eval_items": 6}}
    tournament.judge(Project(project.root, flags), Scripted(), ["in-domain"])
    first = standings(project)
    assert len(first) == 3
    assert {len([item for level in levels for item in level]) for levels in first.values()} == {6}
    assert tournament.judge(Project(project.root, flags), Scripted(), ["in-domain"]).result["calls"] == 0


def test_standings_that_would_be_chance_are_not_kept(project: Project) -> None:
    outcome = tournament.judge(project, Scripted(fails=1.0), ["new-both"])
    assert standings(project) == {}
    assert outcome.result["failed"] > 0
    assert outcome.failures[0]["error"] == "cannot say"


def test_an_empty_split_is_a_warning(tmp_path: Path, doubles: None) -> None:
    project = _project(tmp_path, "[split]\ntest_items = 0.0\ntest_personas = 0.0\n")
    catalog.add(project, write_catalog(tmp_path / "pictures", ("boots", "lamp")))
    personas.generate(project, 5)
    outcome = tournament.judge(project, Scripted())
    assert list(outcome.result["splits"]) == ["in-domain"]
    assert [warning.split(":")[0] for warning in outcome.warnings] == [
        f"The split {split} is empty" for split in ("new-personas", "new-items", "new-both")
    ]


def _project(folder: Path, settings: str = "") -> Project:
    root = Project.create(folder / "own").root
    (root / "pdistill.toml").write_text(f'teacher.name = "scripted"\nstudent.name = "tiny"\n{settings}')
    return Project(root)


@pytest.mark.usefixtures("doubles")
def test_stages_run_too_early_say_what_is_missing(tmp_path: Path) -> None:
    project = _project(tmp_path)
    for stage in (tournament.label, tournament.judge):
        with pytest.raises(MissingArtifactError, match="catalog is empty"):
            stage(project, Scripted())
    catalog.add(project, write_catalog(tmp_path / "pictures", ("boots",)))
    for stage in (tournament.label, tournament.judge):
        with pytest.raises(MissingArtifactError, match="no personas"):
            stage(project, Scripted())


@pytest.mark.usefixtures("doubles")
def test_a_teacher_that_only_reads_needs_text(tmp_path: Path) -> None:
    project = _project(tmp_path)
    write_catalog(tmp_path / "pictures", ("boots", "lamp"))
    (tmp_path / "pictures" / "catalog.csv").unlink()
    for number, file in enumerate(sorted((tmp_path / "pictures").glob("*.png"))):
        file.rename(file.with_name(f"{number:04}.png"))  # a name that says nothing
    catalog.add(project, tmp_path / "pictures")
    assert not any(project.items().texts)
    personas.generate(project, 10)
    for stage in (tournament.label, tournament.judge):
        with pytest.raises(UsageError, match="scripted ranks by text, and no item has any") as caught:
            stage(project, Scripted())
        assert "--title-field" in caught.value.hint
        assert stage(project, Scripted(uses_text=False, uses_images=True)).result["calls"] > 0


def test_a_reading_teacher_is_warned_about_items_with_the_same_text(project: Project, tmp_path: Path) -> None:
    # The project's 30 items have a text each; 420 more are called by their colour: 36 texts for 450 items.
    assert tournament.judge(project, Scripted(), ["new-both"]).warnings == []
    source = write_catalog(tmp_path / "more", tuple(f"thing{number}" for number in range(70)))
    lines = source.read_text(encoding="utf-8").splitlines()
    same = [",".join([*line.split(",")[:2], line.split(",")[2].split()[0], "1"]) for line in lines[1:]]
    source.write_text("\n".join([lines[0], *same]) + "\n", encoding="utf-8")
    catalog.add(project, source)
    (warning,) = tournament.judge(project, Scripted(), ["new-both"]).warnings
    assert "450 items have only 36 different texts" in warning and "scripted" in warning
    assert tournament.judge(project, Scripted(uses_text=False, uses_images=True), ["new-both"]).warnings == []


def test_a_teacher_that_takes_few_items_is_told_of(project: Project) -> None:
    with pytest.raises(UsageError, match="4 items is more than the teacher scripted takes: 3"):
        tournament.label(project, Scripted(max_images=3))


def test_options_of_the_settings_reach_the_teacher(project: Project) -> None:
    own = Project(project.root, {"teacher": {"name": "scripted", "scripted": {"noise": 0.5}}})
    assert tournament.teacher_of(own).fingerprint == Scripted(noise=0.5).fingerprint
    with pytest.raises(UsageError, match="no option 'nose'"):
        tournament.teacher_of(Project(project.root, {"teacher": {"name": "scripted", "scripted": {"nose": 1}}}))
    with pytest.raises(PluginError, match="'qwen2-vl' is not installed"):
        tournament.teacher_of(Project(project.root, {"teacher": {"name": "qwen2-vl"}}))
