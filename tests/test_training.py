"""The training stage: which rankings it learns from, when there is nothing new to learn, what a version keeps."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdistill import catalog, encoding, personas, tournament, training
from pdistill.errors import MissingArtifactError
from pdistill.store.ledger import Entry
from pdistill.store.project import Project
from pdistill.store.records import TEST, TRAIN
from tests.small_shop import picture, reopened, small_project

NAME = "efficientnet-minilm"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Items and personas, nothing asked yet."""
    return small_project(tmp_path, items=16, people=14)


@pytest.fixture
def labelled(project: Project) -> Project:
    tournament.label(project)
    return project


def entry(project: Project, items: list[str], ranking: list[list[int]] | None, number: int = 0, **more: Any) -> Entry:
    """One answer of the project's teacher to its first training persona."""
    people = project.personas().of(TRAIN)
    given = {
        "key": f"by hand {number}",
        "purpose": "train",
        "persona_id": people.ids[0],
        "persona": people.texts[0],
        "teacher": project.settings.teacher.name,
        "error": None if ranking is not None else "no answer",
        **more,
    }
    return Entry(
        items=items,
        ranking=ranking,
        scores=None,
        raw="",
        model="hand",
        teacher_fingerprint="hand",
        prompt_version="",
        student=f"{NAME}-v0",
        seed=0,
        tokens_in=0,
        tokens_out=0,
        latency_s=0.0,
        **given,
    )


def keep(project: Project, *entries: Entry) -> None:
    for each in entries:
        project.ledger.append(each)
    project.ledger.close()


def test_without_rankings_the_way_out_is_named(project: Project) -> None:
    with pytest.raises(MissingArtifactError) as caught:
        training.train(project)
    assert "caption" in caught.value.message
    assert "pdistill tournament" in caught.value.hint


def test_training_makes_a_version_whose_weights_are_as_registered(labelled: Project) -> None:
    outcome = training.train(labelled)
    zero, one = labelled.versions(NAME)
    people = len(labelled.personas().of(TRAIN))
    assert (zero.id, one.id) == (f"{NAME}-v0", f"{NAME}-v1")
    assert outcome.result["student"] == one.id and outcome.result["new"]
    items = len(labelled.items().of(TRAIN))
    # No pair is shown twice: rounds of eight while unseen items are left, and a last one of what is left, if two.
    rankings = people * (items // 8 + (items % 8 > 1))
    assert one.rankings == outcome.result["rankings"] == rankings
    assert (one.number, one.cycle, one.teacher, one.recipe, one.loss) == (1, 1, "caption", "two-stage", "bradley-terry")
    data = labelled.weights_path(one.weights).read_bytes()
    assert hashlib.sha256(data).hexdigest() == one.weights_sha256
    assert one.notes["loss_last"] < one.notes["loss_first"]


def test_the_same_rankings_are_not_trained_on_twice(labelled: Project, tmp_path: Path) -> None:
    first = training.train(labelled).result
    again = training.train(reopened(tmp_path)).result
    assert not again["new"]
    assert {**again, "new": True} == first
    assert len(labelled.versions(NAME)) == 2
    assert len(list((labelled.root / "weights").iterdir())) == 1


def test_new_rankings_make_a_new_version_and_overwrite_nothing(project: Project) -> None:
    ids = project.items().of(TRAIN).ids
    keep(project, entry(project, ids[:3], [[0], [1], [2]]))
    training.train(project)
    one = project.versions(NAME)[1]
    before = project.weights_path(one.weights).read_bytes()
    keep(project, entry(project, ids[3:6], [[2], [1], [0]], number=1))
    outcome = training.train(project)
    _, same, two = project.versions(NAME)
    assert outcome.result["new"] and outcome.result["rankings"] == 2
    assert (two.number, two.cycle) == (2, 2)
    assert same == one
    assert project.weights_path(one.weights).read_bytes() == before
    assert two.weights_sha256 != one.weights_sha256


def test_a_version_hangs_on_rankings_and_settings_alone(tmp_path: Path) -> None:
    """Two projects with the same things in them come to the same weights, whatever was trained in between."""
    straight, around = (small_project(tmp_path / name, items=16, people=14) for name in ("straight", "around"))
    tournament.label(straight)
    training.train(straight)
    ids = around.items().of(TRAIN).ids
    keep(around, entry(around, ids[:3], [[0], [1], [2]], teacher="someone else"))
    tournament.label(around)
    training.train(Project(around.root, {"seed": 5}))
    training.train(around)
    assert straight.versions(NAME)[-1].weights_sha256 == around.versions(NAME)[-1].weights_sha256


@pytest.mark.parametrize(
    "flags",
    [
        {"seed": 1},
        {"loss": {"name": "bradley-terry", "bradley-terry": {"temperature": 0.5}}},
        {"recipe": {"name": "two-stage", "two-stage": {"alpha_text": 0.25}}},
        {"recipe": {"name": "gradient"}},
    ],
    ids=["seed", "loss option", "recipe option", "recipe"],
)
def test_other_settings_make_another_version_and_the_old_ones_are_known(
    labelled: Project, flags: dict[str, Any]
) -> None:
    training.train(labelled)
    assert training.train(Project(labelled.root, flags)).result["student"] == f"{NAME}-v2"
    back = training.train(labelled).result
    assert (back["student"], back["new"]) == (f"{NAME}-v1", False)
    one, two = labelled.versions(NAME)[1:]
    assert one.weights_sha256 != two.weights_sha256


def test_a_changed_text_or_picture_is_something_new_to_learn(labelled: Project, tmp_path: Path) -> None:
    """The rankings are the same, but the item they are about is not."""
    training.train(labelled)
    item = labelled.items().of(TRAIN).ids[0]
    (tmp_path / "other.png").write_bytes(picture("pink"))
    changed = tmp_path / "changed.csv"
    for number, (image, title) in enumerate(
        ((catalog.show(labelled, item)["source"], "A lamp"), ("other.png", "A lamp")), start=2
    ):
        changed.write_text(f"id,image,title\n{item},{image},{title}\n")
        assert catalog.add(labelled, changed).result["updated"] == 1
        outcome = training.train(labelled)
        assert (outcome.result["student"], outcome.result["new"]) == (f"{NAME}-v{number}", True)
    one, two, three = (version.weights_sha256 for version in labelled.versions(NAME)[1:])
    assert len({one, two, three}) == 3


def test_personas_without_rankings_are_nothing_to_learn_from(labelled: Project) -> None:
    training.train(labelled)
    personas.generate(labelled, 60)
    assert not training.train(labelled).result["new"]


def test_only_valid_rankings_of_the_own_teacher_for_training_count(project: Project) -> None:
    train, test = project.items().of(TRAIN).ids, project.items().of(TEST).ids
    keep(
        project,
        entry(project, train[:4], [[3], [1, 2], [0]]),
        entry(project, train[:4], None, number=1),
        entry(project, train[:4], [[0], [1], [2], [3]], number=2, teacher="someone else"),
        entry(project, train[:4], [[0], [1], [2], [3]], number=3, purpose="eval"),
        entry(project, train[:4], [[0], [1], [2], [3]], number=4, persona_id=project.personas().of(TEST).ids[0]),
        # Of an item that is not for training only the place goes: what stands before and after it stays in order.
        entry(project, [train[5], test[0], train[6]], [[1], [2], [0]], number=5),
        # One item alone is no preference.
        entry(project, [train[7], test[0]], [[0], [1]], number=6),
    )
    people, items = project.personas().of(TRAIN), project.items().of(TRAIN)
    found = training._rankings(project, items, people)
    assert found["persona"] == [0, 0]
    assert found["items"] == [[0, 1, 2, 3], [5, 6]]
    first, second = found["grades"]
    assert first[3] > first[1] == first[2] > first[0]
    assert second[1] > second[0]
    assert training.train(project).result["rankings"] == 2


def test_the_student_learns_the_order_it_was_taught(project: Project) -> None:
    """The order of eight items, back to front of how version 0 sees them; rankings of five, three and two."""
    items = project.items().of(TRAIN)
    people = project.personas().of(TRAIN)
    student = encoding.load_student(project, project.versions(NAME)[0])
    persona = encoding.encode_texts(project, student, people.texts[:1])[0]
    before = encoding.encode_items(project, student, items) @ persona
    order = [items.ids[position] for position in np.argsort(before)[:8]]
    keep(
        project,
        *(
            entry(project, chosen, [[place] for place in range(len(chosen))], number=number)
            for number, chosen in enumerate((order[:5], order[4:7], order[6:8], order[::2], order[1::3]))
        ),
    )
    # α = 1: the rankings alone say where items lie; a light ridge lets the layer follow them.
    flags = {"recipe": {"name": "two-stage", "two-stage": {"alpha_text": 1.0, "ridge": 1.0}}}
    training.train(Project(project.root, flags))
    student = encoding.load_student(project, project.versions(NAME)[-1])
    after = dict(zip(items.ids, encoding.encode_items(project, student, items) @ persona, strict=True))
    learnt = [after[item] for item in order]
    assert learnt == sorted(learnt, reverse=True)
