"""The evaluation on standings made by hand from the student's own scores, and on those of the real teacher."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdistill import catalog, cycles, encoding, evaluating, tournament
from pdistill.errors import MissingArtifactError
from pdistill.metrics import METRICS
from pdistill.store.project import Project
from pdistill.store.records import CELLS, TEST, TRAIN
from tests.small_shop import reopened, small_project

NAME = "efficientnet-minilm"
ZERO, ONE = f"{NAME}-v0", f"{NAME}-v1"
SPLIT = "new-personas"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Sixteen items; nothing asked yet."""
    made = small_project(tmp_path, items=16, people=40)
    assert len(made.personas().of(TEST)) >= 5
    return made


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Sixty gift ideas, the teacher's standings, and one trained version."""
    folder = tmp_path_factory.mktemp("taught")
    small_project(folder, items=60, people=120)
    project = reopened(folder, {"tournament": {"eval_personas": 24}})
    tournament.judge(project)
    cycles.run(project, 1)
    return project


def own_order(project: Project) -> dict[str, list[str]]:
    """For each test persona the training items as version 0 ranks them, best first."""
    items, people = project.items().of(TRAIN), project.personas().of(TEST)
    student = encoding.load_student(project, project.versions(NAME)[0])
    scores = encoding.encode_texts(project, student, people.texts) @ encoding.encode_items(project, student, items).T
    return {
        persona: [items.ids[position] for position in np.argsort(-row)]
        for persona, row in zip(people.ids, scores, strict=True)
    }


def stand(project: Project, levels: dict[str, list[list[str]]], made_at: float = 1.0, **more: Any) -> None:
    """Standings as a tournament would have stored them."""
    row = {"split": SPLIT, "teacher": "caption", "strategy": "by hand", "calls": 9, "failed": 0, "made_at": made_at}
    project.standings.append(
        [
            {**row, "key": f"{persona} {made_at}", "persona_id": persona, "levels": own, **more}
            for persona, own in levels.items()
        ]
    )


def values(outcome: Any, student: str = ZERO, split: str = SPLIT) -> dict[str, float]:
    """The metrics of one version on one split, without their intervals."""
    (system,) = (each for each in outcome.result["systems"] if (each["student"], each["split"]) == (student, split))
    return {name: metric["value"] for name, metric in system["metrics"].items()}


def test_without_standings_the_way_out_is_named(project: Project) -> None:
    with pytest.raises(MissingArtifactError, match="tournament --for eval"):
        evaluating.evaluate(project)


def test_a_student_that_agrees_with_the_teacher_gets_the_best_there_is(project: Project) -> None:
    stand(project, {persona: [[item] for item in order] for persona, order in own_order(project).items()})
    outcome = evaluating.evaluate(project)
    n = len(project.items().of(TRAIN))
    assert n >= 10
    # The teacher's ten best are the student's ten best, with ranks 0 to 9: 100 · (1 − 4.5 / n) on the mean.
    assert values(outcome) == pytest.approx(
        {
            "mean_percentile_rank": 100,
            "median_percentile_rank": 100,
            "top10_mean_percentile": 100 * (1 - 4.5 / n),
            "recall@10": 1,
            "mrr": 1,
        }
    )


def test_a_student_that_sees_it_the_other_way_round_gets_the_worst(project: Project) -> None:
    stand(project, {persona: [[item] for item in order[::-1]] for persona, order in own_order(project).items()})
    n = len(project.items().of(TRAIN))
    found = values(evaluating.evaluate(project))
    # The winner has rank n − 1, the ten best n − 1 down to n − 10; 20 − n of them are among the student's ten best.
    assert found["mean_percentile_rank"] == pytest.approx(100 / n)
    assert found["top10_mean_percentile"] == pytest.approx(100 * (1 - (n - 5.5) / n))
    assert found["recall@10"] == pytest.approx((20 - n) / 10)
    assert found["mrr"] == pytest.approx(1 / n)


def test_ties_of_the_teacher_are_ties_in_the_metric(project: Project) -> None:
    """The teacher's winners are the student's first, third and fourth: any of them would be right."""
    orders = own_order(project)
    levels = {
        persona: [[order[3], order[0], order[2]], [order[1]], *([item] for item in order[4:])]
        for persona, order in orders.items()
    }
    stand(project, levels)
    found = values(evaluating.evaluate(project))
    n = len(project.items().of(TRAIN))
    # Ranks 0, 2 and 3 are 5/3 on the mean; the best of them is on top, whichever way the tie is told.
    assert found["mean_percentile_rank"] == pytest.approx(100 * (1 - 5 / 3 / n))
    assert found["mrr"] == pytest.approx(1)
    stand(project, {persona: [own[0][::-1], *own[1:]] for persona, own in levels.items()}, made_at=2.0)
    assert values(evaluating.evaluate(project)) == found


def test_all_tied_is_the_middle(project: Project) -> None:
    stand(project, {persona: [order] for persona, order in own_order(project).items()})
    n = len(project.items().of(TRAIN))
    found = values(evaluating.evaluate(project))
    # Every rank from 0 to n − 1 counts the same: (n − 1) / 2.
    assert found["mean_percentile_rank"] == pytest.approx(100 * (1 - (n - 1) / 2 / n))


def test_the_newest_standings_count(project: Project) -> None:
    orders = own_order(project)
    stand(project, {persona: [[item] for item in order[::-1]] for persona, order in orders.items()}, made_at=1.0)
    stand(project, {persona: [[item] for item in order] for persona, order in orders.items()}, made_at=3.0)
    stand(project, {persona: [order] for persona, order in orders.items()}, made_at=2.0)
    assert values(evaluating.evaluate(project))["mean_percentile_rank"] == 100


def test_standings_of_another_teacher_do_not_count(project: Project) -> None:
    stand(project, {persona: [order] for persona, order in own_order(project).items()}, teacher="someone else")
    with pytest.raises(MissingArtifactError):
        evaluating.evaluate(project)


def test_items_that_are_gone_and_personas_that_are_unknown_are_left_out(project: Project) -> None:
    orders = own_order(project)
    levels = {persona: [[item] for item in order] for persona, order in orders.items()}
    stand(project, {**levels, "nobody": [["nothing"]]})
    first = next(iter(orders.values()))[0]
    project.item_table.delete("id", [first])
    outcome = evaluating.evaluate(project)
    (system,) = outcome.result["systems"]
    assert system["personas"] == len(orders)
    assert system["items"] == len(project.items().of(TRAIN))
    assert values(outcome)["mean_percentile_rank"] == 100


def test_only_items_that_all_standings_hold_are_compared(project: Project, tmp_path: Path) -> None:
    """Some personas were judged before the catalog grew: all are measured on what all have in common."""
    orders = own_order(project)
    levels = {persona: [[item] for item in order] for persona, order in orders.items()}
    persona = next(iter(levels))
    levels[persona] = [level for level in levels[persona] if level[0] not in orders[persona][:2]]
    stand(project, levels)
    outcome = evaluating.evaluate(project)
    assert outcome.result["systems"][0]["items"] == len(orders[persona]) - 2
    assert values(outcome)["mean_percentile_rank"] == 100


def test_missing_splits_and_failed_questions_are_told(project: Project) -> None:
    orders = own_order(project)
    stand(project, {persona: [[item] for item in order] for persona, order in orders.items()}, failed=2)
    warnings = evaluating.evaluate(project).warnings
    missing = [split for split in CELLS if any(f"split {split}." in warning for warning in warnings)]
    assert missing == [split for split in CELLS if split != SPLIT]
    assert any(f"{2 * len(orders)} questions" in warning and SPLIT in warning for warning in warnings)


def test_every_version_is_measured_on_four_splits_and_against_version_0(taught: Project) -> None:
    outcome = evaluating.evaluate(taught)
    systems = [(each["student"], each["split"]) for each in outcome.result["systems"]]
    assert systems == [(version, split) for version in (ZERO, ONE) for split in CELLS]
    compared = [(each["a"], each["b"], each["split"], each["metric"]) for each in outcome.result["comparisons"]]
    assert compared == [(ONE, ZERO, split, metric) for split in CELLS for metric in METRICS]
    for row in outcome.result["comparisons"]:
        own, base = (values(outcome, row[which], row["split"])[row["metric"]] for which in ("a", "b"))
        assert row["difference"] == pytest.approx(own - base)
        assert row["low"] <= row["difference"] <= row["high"]
        assert 0 < row["p_value"] <= 1
    sizes = {each["split"]: (each["personas"], each["items"]) for each in outcome.result["systems"]}
    items, people = taught.items(), taught.personas()
    for split, (of_people, of_items) in CELLS.items():
        assert sizes[split] == (min(24, len(people.of(of_people))), len(items.of(of_items)))


def test_intervals_contain_their_value(taught: Project) -> None:
    for system in evaluating.evaluate(taught).result["systems"]:
        assert set(system["metrics"]) == set(METRICS)
        for metric in system["metrics"].values():
            assert metric["low"] <= metric["value"] <= metric["high"]
        mean = system["metrics"]["mean_percentile_rank"]
        assert mean["low"] < mean["high"]


def test_the_values_of_each_persona_are_kept(taught: Project) -> None:
    outcome = evaluating.evaluate(taught)
    rows = taught.evaluations.read(
        ["student", "split", "persona_id", "metrics"], {"evaluation": outcome.result["evaluation"]}
    ).to_pylist()
    for system in outcome.result["systems"]:
        own = [row for row in rows if (row["student"], row["split"]) == (system["student"], system["split"])]
        assert len({row["persona_id"] for row in own}) == len(own) == system["personas"]
        ranks = [json.loads(row["metrics"])["percentile_rank"] for row in own]
        assert np.mean(ranks) == pytest.approx(system["metrics"]["mean_percentile_rank"]["value"])
        assert np.median(ranks) == pytest.approx(system["metrics"]["median_percentile_rank"]["value"])


def test_measuring_again_gives_the_same_numbers(taught: Project) -> None:
    first, again = (evaluating.evaluate(taught).result for _ in range(2))
    assert first["systems"] == again["systems"] and first["comparisons"] == again["comparisons"]
    assert first["evaluation"] != again["evaluation"]


def test_a_version_asked_for_alone_still_stands_beside_version_0(taught: Project) -> None:
    outcome = evaluating.evaluate(taught, [taught.versions(NAME)[1]])
    assert {each["student"] for each in outcome.result["systems"]} == {ZERO, ONE}
    assert {(each["a"], each["b"]) for each in outcome.result["comparisons"]} == {(ONE, ZERO)}
    assert evaluating.evaluate(taught, [taught.versions(NAME)[0]]).result["comparisons"] == []


def test_distillation_beats_the_student_as_it_comes_on_new_personas(taught: Project) -> None:
    outcome = evaluating.evaluate(taught)
    (found,) = (
        row for row in outcome.result["comparisons"] if (row["split"], row["metric"]) == (SPLIT, "mean_percentile_rank")
    )
    assert found["difference"] > 20 and found["low"] > 10 and found["p_value"] < 0.01
    assert values(outcome, ONE)["mean_percentile_rank"] > 85


def test_items_added_later_are_judged_and_measured(taught: Project, tmp_path: Path) -> None:
    before = {each["split"]: each["items"] for each in evaluating.evaluate(taught).result["systems"]}
    shown = taught.items().sources[0]
    later = tmp_path / "later.csv"
    later.write_text("id,image,title\n" + "".join(f"later-{i},{shown},Later {i}\n" for i in range(3)))
    catalog.add(taught, later)
    judged = tournament.judge(taught)
    assert judged.result["calls"] > 0
    after = {each["split"]: each["items"] for each in evaluating.evaluate(taught).result["systems"]}
    grown = {split for split in CELLS if after[split] == before[split] + 3}
    # One picture, so one split of items, which two of the four cells look at.
    assert len(grown) == 2 and len({CELLS[split][1] for split in grown}) == 1
