"""Cycles: asking and training in turn, done ones not repeated, interrupted ones gone on with."""

from pathlib import Path

import pytest

from pdistill import cycles, tournament, training
from pdistill.errors import MissingArtifactError, ServiceError
from pdistill.store.project import Project
from pdistill.teachers.caption import Caption
from tests.small_shop import reopened, small_project

NAME = "efficientnet-minilm"
FLAGS = {"tournament": {"items_per_question": 4, "rankings_per_persona": 2, "eval_personas": 8}}
"""Eight pairs per persona and cycle: 24 items with about 17 to train on last two cycles."""


def made(folder: Path) -> Project:
    return small_project(folder, items=24, people=12, flags=FLAGS)


def versions(project: Project) -> list[tuple[int, int, int, str]]:
    """What the trained versions are, without the times they were made at."""
    return [(each.number, each.cycle, each.rankings, each.weights_sha256) for each in project.versions(NAME)[1:]]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two cycles without a stop: what every other way must come to."""
    project = made(tmp_path_factory.mktemp("straight"))
    cycles.run(project, 2)
    return project


def test_two_cycles_ask_and_train_twice(tmp_path: Path) -> None:
    project = made(tmp_path)
    people = len(project.personas().of("train"))
    outcome = cycles.run(project, 2)
    assert outcome.result["trained"] == [f"{NAME}-v1", f"{NAME}-v2"]
    # Two questions of four items for each training persona and cycle.
    asked = 2 * 2 * people
    assert outcome.result["teacher"] == {"calls": asked, "images": 4 * asked, "cached": 0, "failed": 0, "tokens": 0}
    assert [each[:3] for each in versions(project)] == [(1, 1, asked // 2), (2, 2, asked)]
    # The second cycle asked with the scores of the first version.
    rows = project.ledger.rows(["student"], {"purpose": "train"})["student"].to_pylist()
    assert sorted(set(rows)) == [f"{NAME}-v0", f"{NAME}-v1"]


def test_no_pair_is_asked_twice(straight: Project) -> None:
    rows = straight.ledger.rows(["persona_id", "items"], {"purpose": "train"}).to_pylist()
    pairs = [(row["persona_id"], item) for row in rows for item in row["items"]]
    assert len(pairs) == len(set(pairs)) > 0


def test_running_again_does_nothing(straight: Project) -> None:
    before = versions(straight)
    answers = straight.ledger.count()
    outcome = cycles.run(Project(straight.root, FLAGS), 2)
    assert outcome.result["trained"] == [] and not outcome.result["new"]
    assert outcome.result["student"] == f"{NAME}-v2"
    assert outcome.result["teacher"]["calls"] == 0
    assert versions(straight) == before and straight.ledger.count() == answers


def test_two_cycles_after_one_go_on_from_there(straight: Project, tmp_path: Path) -> None:
    project = made(tmp_path)
    cycles.run(project, 1)
    outcome = cycles.run(reopened(tmp_path, FLAGS), 2)
    assert outcome.result["trained"] == [f"{NAME}-v2"]
    assert versions(project) == versions(straight)


def test_stages_by_hand_are_the_same_as_cycles(straight: Project, tmp_path: Path) -> None:
    project = made(tmp_path)
    for _ in range(2):
        tournament.label(project)
        training.train(project)
    assert versions(project) == versions(straight)


def test_a_stop_between_asking_and_training_costs_nothing(
    straight: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(tmp_path)
    people = len(project.personas().of("train"))
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(training, "train", killed)
        with pytest.raises(KeyboardInterrupt):
            cycles.run(project, 2)
    assert versions(project) == []
    outcome = cycles.run(reopened(tmp_path, FLAGS), 2)
    # The first cycle's answers are in the ledger; only the second is asked.
    assert outcome.result["teacher"]["cached"] == outcome.result["teacher"]["calls"] == 2 * people
    assert versions(project) == versions(straight)


def test_a_stop_amid_the_questions_costs_none_that_was_answered(
    straight: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(tmp_path)
    rank = Caption.rank
    with monkeypatch.context() as patch:

        def gone_after_five(teacher: Caption, questions):
            for number, answer in enumerate(rank(teacher, questions)):
                if number == 5:
                    raise ServiceError("The teacher is gone.", "")
                yield answer

        patch.setattr(Caption, "rank", gone_after_five)
        with pytest.raises(ServiceError):
            cycles.run(project, 2)
    assert project.ledger.count() == 5
    outcome = cycles.run(reopened(tmp_path, FLAGS), 2)
    assert outcome.result["teacher"]["cached"] == 5
    assert versions(project) == versions(straight)


def test_cycles_end_when_nothing_is_left_to_ask(straight: Project) -> None:
    """About 17 training items and 8 pairs a cycle: the third asks about what is left, and then there is nothing."""
    items = len(straight.items().of("train"))
    last = -(-items // 8) if items % 8 != 1 else items // 8  # one item alone is no question
    outcome = cycles.run(straight, 9)
    assert straight.versions(NAME)[-1].cycle == last
    assert len(outcome.result["trained"]) == last - 2
    again = cycles.run(straight, 9)
    assert again.result["trained"] == [] and again.result["teacher"]["calls"] == 0


def test_without_personas_the_way_out_is_named(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "empty", embedded=True)
    with pytest.raises(MissingArtifactError, match="catalog add"):
        cycles.run(project, 1)
