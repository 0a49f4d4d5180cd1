"""Searches: scores by hand, what should be found, which version answers, and what is said when it is not the newest."""

import json
from pathlib import Path

import numpy as np
import pytest

from pdistill import catalog, cycles, encoding, images, indexing
from pdistill.cli.app import main
from pdistill.errors import MissingArtifactError, UsageError
from pdistill.searching import Searcher, newest_indexed
from pdistill.store.project import Project
from pdistill.students.efficientnet_minilm import EfficientNetMiniLM
from tests.small_shop import small_project

NAME = "efficientnet-minilm"


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Forty items, one cycle, versions 0 and 1 indexed."""
    project = small_project(tmp_path_factory.mktemp("taught"), items=40, people=40)
    cycles.run(project, 1)
    for version in project.versions(NAME):
        indexing.index(project, version)
    return project


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    return small_project(tmp_path, items=8, people=12)


def test_scores_are_cosines_computed_by_hand(taught: Project) -> None:
    """From the stored picture and the query's text to the score, without the project's caches."""
    query = "something for a friend who loves the sea"
    hits = Searcher(taught).search(query, top=100)
    items = taught.items()
    assert sorted(hit.id for hit in hits) == items.ids
    student = EfficientNetMiniLM()
    state = encoding.load_student(taught, taught.versions(NAME)[1]).state()
    weight, bias = (state[name].double().numpy() for name in ("projection.weight", "projection.bias"))
    text = student.encode_text([query])[0].astype(float)
    pictures = taught.pictures([hit.id for hit in hits])
    for hit in hits[::13]:
        pixels = student.preprocess(images.decode(pictures[hit.id]))
        lands = student.features(pixels[None])[0].astype(float) @ weight + bias
        cosine = float(lands @ text / (np.linalg.norm(lands) * np.linalg.norm(text)))
        assert hit.score == pytest.approx(cosine, abs=1e-3)


def test_hits_are_ranked_from_one_best_first_with_titles_and_places(taught: Project) -> None:
    hits = Searcher(taught).search("a present", top=7)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5, 6, 7]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    everything = Searcher(taught).search("a present", top=1000)
    assert len(everything) == 40 and everything[:7] == hits
    items = taught.items()
    for hit in hits:
        at = items.ids.index(hit.id)
        assert (hit.title, hit.image) == (items.titles[at], items.sources[at])
        assert Path(hit.image).is_file()


def test_after_training_items_are_found_by_what_they_are(taught: Project) -> None:
    """Each training item, searched by its own text: where among 40 it comes, on the mean, before and after."""
    items = taught.items()
    places: dict[str, list[int]] = {}
    for version in taught.versions(NAME):
        searcher = Searcher(taught, version)
        places[version.id] = [
            [hit.id for hit in searcher.search(text, 40)].index(item)
            for item, text, split in zip(items.ids, items.texts, items.splits, strict=True)
            if split == "train"
        ]
    before, after = np.array(places[f"{NAME}-v0"]), np.array(places[f"{NAME}-v1"])
    assert after.mean() < 2
    assert (after == 0).mean() > 0.6
    # Chance is 19.5; without training, line art is found hardly better.
    assert before.mean() > 8


def test_equal_scores_come_in_the_order_of_ids(fresh: Project, tmp_path: Path) -> None:
    shown = fresh.items().sources[0]
    twins = tmp_path / "twins.csv"
    twins.write_text("id,image,title\n" + "".join(f"twin-{letter},{shown},Twin {letter}\n" for letter in "cab"))
    catalog.add(fresh, twins)
    indexing.index(fresh)
    hits = Searcher(fresh).search("anything", top=100)
    same = [hit for hit in hits if hit.image == shown]
    assert len({hit.score for hit in same}) == 1
    assert [hit.id for hit in same] == sorted(hit.id for hit in same) and len(same) == 4
    # Cutting through equals leaves out the last ids, and is a cut of the whole list.
    first = same[0].rank
    assert Searcher(fresh).search("anything", top=first + 1) == hits[: first + 1]


def test_a_search_answers_with_the_newest_indexed_version_unless_told(taught: Project) -> None:
    zero, one = taught.versions(NAME)
    assert Searcher(taught).version == one == newest_indexed(taught)
    before, after = Searcher(taught, zero), Searcher(taught, one)
    assert before.version == zero
    assert [hit.score for hit in before.search("a mug")] != [hit.score for hit in after.search("a mug")]


def test_without_an_index_the_way_out_is_named(fresh: Project) -> None:
    with pytest.raises(MissingArtifactError, match="pdistill index"):
        Searcher(fresh)
    indexing.index(fresh)
    cycles.run(fresh, 1)
    with pytest.raises(MissingArtifactError, match=f"pdistill index --student {NAME}-v1"):
        Searcher(fresh, fresh.versions(NAME)[1])


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query_is_refused(taught: Project, query: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        Searcher(taught).search(query)


@pytest.mark.parametrize("query", ["'); drop table items; --", "🪴" * 50, "a" * 10_000, "\x00"])
def test_any_other_query_is_data(taught: Project, query: str) -> None:
    hits = Searcher(taught).search(query, top=3)
    assert len(hits) == 3 and all(-1 <= hit.score <= 1 for hit in hits)


def test_items_removed_since_are_not_shown(fresh: Project) -> None:
    indexing.index(fresh)
    hits = Searcher(fresh).search("a present", top=8)
    fresh.item_table.delete("id", [hits[0].id])
    left = Searcher(fresh).search("a present", top=8)
    assert [hit.id for hit in left] == [hit.id for hit in hits[1:]]


def test_a_newer_version_without_index_is_told(fresh: Project, capsys: pytest.CaptureFixture[str]) -> None:
    indexing.index(fresh)
    search = ["-P", str(fresh.root), "search", "a mug", "--json"]
    assert main(search) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []
    cycles.run(fresh, 1)
    assert main(search) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["result"]["student"] == f"{NAME}-v0"
    assert len(said["warnings"]) == 1
    assert f"{NAME}-v1" in said["warnings"][0] and "pdistill index" in said["warnings"][0]
    assert main([*search, "--student", f"{NAME}-v0"]) == 0  # asked for by name: no warning
    assert json.loads(capsys.readouterr().out)["warnings"] == []
    indexing.index(fresh)
    assert main(search) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["result"]["student"] == f"{NAME}-v1" and said["warnings"] == []


def test_a_damaged_index_table_of_another_version_does_not_matter(fresh: Project) -> None:
    """Rows without a table, as after a kill amid dropping: the search says what to do."""
    indexing.index(fresh)
    indexing.table_of(fresh, fresh.versions(NAME)[0], 384).drop()
    with pytest.raises(MissingArtifactError, match="pdistill index"):
        Searcher(fresh)
