"""The personas stage: generated and imported texts, what is dropped and counted, what is kept beside them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pdistill import personas
from pdistill.errors import MissingArtifactError, UnknownNameError, UsageError
from pdistill.store.project import PERSONAS, Project

ANGLER = "I spend my weekends at the lake. I cook what I catch. My boat is older than my children."


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "project", embedded=True)


def jsonl(folder: Path, rows: list[dict[str, Any]], name: str = "people.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def counts(outcome: Any) -> dict[str, int]:
    """What was counted, without the zeros."""
    return {
        name: outcome.result[name] for name in ("added", "unchanged", "duplicates", "empty") if outcome.result[name]
    }


def all_of(project: Project) -> list[tuple[str, str, str]]:
    everyone = project.personas()
    return list(zip(everyone.ids, everyone.texts, everyone.splits, strict=True))


def test_the_same_count_and_seed_make_the_same_personas(tmp_path: Path) -> None:
    one, same, other = (Project.create(tmp_path / name, embedded=True) for name in ("one", "same", "other"))
    assert counts(personas.generate(one, 50, seed=3)) == {"added": 50}
    personas.generate(same, 50, seed=3)
    personas.generate(other, 50, seed=4)
    assert all_of(one) == all_of(same)
    assert len({text for _, text, _ in all_of(one)}) == 50
    assert {text for _, text, _ in all_of(one)} != {text for _, text, _ in all_of(other)}


def test_generating_again_adds_only_what_is_missing(project: Project) -> None:
    personas.generate(project, 50)
    before = all_of(project)
    assert counts(personas.generate(project, 50)) == {"unchanged": 50}
    assert all_of(project) == before
    # A longer run with the same seed starts with the same personas.
    outcome = personas.generate(project, 80)
    assert counts(outcome) == {"added": 30, "unchanged": 50}
    assert outcome.result["personas"] == 80
    assert set(before) < set(all_of(project))


def test_a_fifth_is_kept_for_tests_and_the_split_stays(project: Project) -> None:
    outcome = personas.generate(project, 400)
    before = {persona: split for persona, _, split in all_of(project)}
    # 20 % of 400 are 80, give or take four deviations of √(400 · .2 · .8) = 8.
    assert 48 <= outcome.result["test"] <= 112
    assert outcome.result["train"] + outcome.result["test"] == 400
    personas.generate(Project(project.root, {"split": {"test_personas": 0.9}}), 500)
    after = {persona: split for persona, _, split in all_of(project)}
    assert {persona: after[persona] for persona in before} == before


def test_the_split_hangs_on_the_words_alone(tmp_path: Path) -> None:
    """Whoever imports the same people under other ids gets the same split."""
    one, other = (Project.create(tmp_path / name, embedded=True) for name in ("one", "other"))
    personas.generate(one, 60)
    texts = [text for _, text, _ in all_of(one)]
    rows = [{"id": f"other-{number}", "persona": text.upper()} for number, text in enumerate(texts)]
    personas.import_file(other, jsonl(tmp_path, rows))
    splits = {text.upper(): split for _, text, split in all_of(one)}
    kept = {text: split for _, text, split in all_of(other)}
    assert len(kept) > 50  # a few generated personas are near-duplicates, which an import drops
    assert kept == {text: splits[text] for text in kept}


@pytest.mark.parametrize("count", [0, -3])
def test_a_count_below_one_is_refused(project: Project, count: int) -> None:
    with pytest.raises(UsageError, match=f"{count} personas"):
        personas.generate(project, count)


def test_an_unknown_generator_names_the_nearest(project: Project) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'composed'"):
        personas.generate(project, 3, generator="compose")


def test_near_duplicates_are_dropped_and_counted(project: Project, tmp_path: Path) -> None:
    rows = [
        {"id": "first", "persona": ANGLER},
        {
            "id": "shuffled",
            "persona": "My boat is older than my children. I spend my weekends at the lake. I cook what I catch.",
        },
        {"id": "shouted", "persona": ANGLER.upper().replace(".", "!")},
        # 15 different words of 16 in either: 15 / 16 = .94 is above .9.
        {"id": "one word more", "persona": ANGLER + " Often."},
        # "boat" for "dog": 14 words in common of 16 in both: .875 is below .9.
        {"id": "another pet", "persona": ANGLER.replace("boat", "dog")},
        {"id": "someone else", "persona": "I collect stamps and hate the water."},
    ]
    assert len(set(personas._words(ANGLER).split())) == 15
    outcome = personas.import_file(project, jsonl(tmp_path, rows))
    assert counts(outcome) == {"added": 3, "duplicates": 3}
    assert [persona for persona, _, _ in all_of(project)] == ["another pet", "first", "someone else"]


def test_no_near_duplicate_slips_through(project: Project, tmp_path: Path) -> None:
    """200 people of 20 words each, and each of them again with one word more: 20 / 21 = .95 is above .9."""
    people = [" ".join(f"w{person}x{word}" for word in range(20)) for person in range(200)]
    rows = [{"persona": text} for text in (*people, *(f"{text} really" for text in people))]
    assert counts(personas.import_file(project, jsonl(tmp_path, rows))) == {"added": 200, "duplicates": 200}


def test_near_duplicates_of_what_is_there_are_dropped_too(project: Project, tmp_path: Path) -> None:
    personas.import_file(project, jsonl(tmp_path, [{"id": "a", "persona": ANGLER}]))
    rows = [{"id": "b", "persona": ANGLER.upper()}, {"id": "c", "persona": "A quiet reader of old books."}]
    assert counts(personas.import_file(project, jsonl(tmp_path, rows))) == {"added": 1, "duplicates": 1}


def test_importing_again_changes_nothing(project: Project, tmp_path: Path) -> None:
    rows = [{"id": "a", "persona": ANGLER}, {"id": "b", "persona": "A quiet reader of old books."}]
    path = jsonl(tmp_path, rows)
    personas.import_file(project, path)
    before = all_of(project)
    assert counts(personas.import_file(project, path)) == {"unchanged": 2}
    assert all_of(project) == before


def test_without_ids_the_text_makes_them(project: Project, tmp_path: Path) -> None:
    path = jsonl(tmp_path, [{"persona": ANGLER}, {"persona": "A quiet reader of old books."}])
    assert counts(personas.import_file(project, path)) == {"added": 2}
    assert counts(personas.import_file(project, path)) == {"unchanged": 2}
    assert all(len(persona) == 12 for persona, _, _ in all_of(project))


def test_an_id_that_is_taken_by_other_words_does_not_overwrite_them(project: Project, tmp_path: Path) -> None:
    personas.import_file(project, jsonl(tmp_path, [{"id": "a", "persona": ANGLER}]))
    path = jsonl(tmp_path, [{"id": "a", "persona": "A quiet reader of old books."}])
    assert counts(personas.import_file(project, path)) == {"added": 1}
    texts = {persona: text for persona, text, _ in all_of(project)}
    assert texts["a"] == ANGLER and len(texts) == 2
    assert counts(personas.import_file(project, path)) == {"unchanged": 1}


def test_other_columns_are_kept_with_their_types(project: Project, tmp_path: Path) -> None:
    people = {
        "id": ["a", "b"],
        "persona": [ANGLER, "A quiet reader of old books."],
        "age": pa.array([61, None], pa.int64()),
        "weight": [0.5, 1.5],
        "split": ["hers", "his"],  # a name that the project has for itself
    }
    pq.write_table(pa.table(people), tmp_path / "people.parquet")
    personas.import_file(project, tmp_path / "people.parquet")
    columns = {field.name: field.type for field in project.persona_table.columns() if field.name not in PERSONAS.names}
    assert columns == {"age": pa.int64(), "weight": pa.float64(), "split_": pa.string()}
    rows = project.persona_table.read(["id", "age", "weight", "split_"]).sort_by("id").to_pylist()
    assert rows == [
        {"id": "a", "age": 61, "weight": 0.5, "split_": "hers"},
        {"id": "b", "age": None, "weight": 1.5, "split_": "his"},
    ]


def test_a_column_of_another_type_is_refused_and_nothing_is_stored(project: Project, tmp_path: Path) -> None:
    personas.import_file(project, jsonl(tmp_path, [{"id": "a", "persona": ANGLER, "age": 61}]))
    second = [{"id": "b", "persona": "A quiet reader of old books.", "age": "old", "town": "Ulm"}]
    with pytest.raises(UsageError) as caught:
        personas.import_file(project, jsonl(tmp_path, second, "more.jsonl"))
    assert "'age'" in caught.value.message and "int64" in caught.value.message
    assert [persona for persona, _, _ in all_of(project)] == ["a"]
    assert "town" not in [field.name for field in project.persona_table.columns()]


def test_empty_texts_are_counted(project: Project, tmp_path: Path) -> None:
    rows = [{"persona": ""}, {"persona": "   "}, {"persona": "…!"}, {"persona": ANGLER}]
    assert counts(personas.import_file(project, jsonl(tmp_path, rows))) == {"added": 1, "empty": 3}


def test_a_persona_of_ten_thousand_characters_is_kept_with_a_warning(project: Project, tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(1300))[:10_000]
    assert len(words) == 10_000
    rows = [{"id": "long", "persona": words}, {"id": "short", "persona": ANGLER}]
    outcome = personas.import_file(project, jsonl(tmp_path, rows))
    assert counts(outcome) == {"added": 2}
    assert len(outcome.warnings) == 1 and outcome.warnings[0].startswith("1 persona ")
    assert {persona: text for persona, text, _ in all_of(project)}["long"] == words


def test_the_text_column_may_be_named(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f'who,says\nann,"{ANGLER}"\nbob,A quiet reader of old books.\n')
    with pytest.raises(UsageError, match="--text-field"):
        personas.import_file(project, path)
    with pytest.raises(UsageError, match="Did you mean 'says'"):
        personas.import_file(project, path, field="say")
    personas.import_file(project, path, field="says", id_field="who")
    assert [(persona, text) for persona, text, _ in all_of(project)] == [
        ("ann", ANGLER),
        ("bob", "A quiet reader of old books."),
    ]


def test_without_personas_the_way_out_is_named(project: Project) -> None:
    with pytest.raises(MissingArtifactError, match="personas generate"):
        project.personas()
