"""The index: brought in line with the catalog by touching only what differs, one table per version."""

from pathlib import Path

import numpy as np
import pytest

from pdistill import catalog, cycles, encoding, indexing
from pdistill.errors import MissingArtifactError
from pdistill.store.project import Project
from pdistill.store.records import Version
from pdistill.store.vectors import to_matrix
from tests.small_shop import picture, small_project

NAME = "efficientnet-minilm"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return small_project(tmp_path, items=10, people=12)


def rows(project: Project, version: Version) -> tuple[list[str], np.ndarray]:
    """Ids and vectors of a version's index, by id."""
    found = indexing.table_of(project, version, 384).read(["id", "vector"]).sort_by("id")
    return found["id"].to_pylist(), to_matrix(found["vector"])


def changes(project: Project) -> tuple[int, int, int]:
    """Index once more: items, added, removed."""
    result = indexing.index(project).result
    return result["items"], result["added"], result["removed"]


def one_item(folder: Path, item: str, title: str, data: bytes) -> Path:
    """A table of one item."""
    (folder / f"{item}.png").write_bytes(data)
    path = folder / f"{item}.csv"
    path.write_text(f"id,image,title\n{item},{item}.png,{title}\n")
    return path


def assert_in_line(project: Project, version: Version) -> None:
    """The index holds exactly the catalog's items, each with the version's embedding."""
    items = project.items()
    ids, vectors = rows(project, version)
    assert ids == items.ids
    student = encoding.load_student(project, version)
    np.testing.assert_allclose(vectors, encoding.encode_items(project, student, items), atol=1e-6)


def test_the_index_holds_each_item_with_its_embedding(project: Project) -> None:
    outcome = indexing.index(project)
    assert outcome.result["student"] == f"{NAME}-v0"
    assert (outcome.result["items"], outcome.result["added"], outcome.result["removed"]) == (10, 10, 0)
    assert_in_line(project, project.versions(NAME)[0])


def test_indexing_again_touches_nothing(project: Project) -> None:
    indexing.index(project)
    assert changes(project) == (10, 0, 0)
    assert len(rows(project, project.versions(NAME)[0])[0]) == 10


def test_a_new_item_is_embedded_alone(project: Project, tmp_path: Path) -> None:
    indexing.index(project)
    catalog.add(project, one_item(tmp_path, "a-new-one", "New", picture("red")))
    assert changes(project) == (11, 1, 0)
    assert_in_line(project, project.versions(NAME)[0])


def test_a_removed_item_leaves_the_index(project: Project) -> None:
    indexing.index(project)
    project.item_table.delete("id", project.items().ids[3:5])
    assert changes(project) == (8, 0, 2)
    assert_in_line(project, project.versions(NAME)[0])


def test_a_changed_picture_is_embedded_anew_and_a_changed_title_is_not(project: Project, tmp_path: Path) -> None:
    catalog.add(project, one_item(tmp_path, "it", "Title", picture("red")))
    indexing.index(project)
    catalog.add(project, one_item(tmp_path, "it", "Another title", picture("red")))
    assert changes(project) == (11, 0, 0)
    catalog.add(project, one_item(tmp_path, "it", "Another title", picture("blue")))
    assert changes(project) == (11, 1, 1)
    assert_in_line(project, project.versions(NAME)[0])


def test_ids_with_quotes_are_data(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    (tmp_path / "red.png").write_bytes(picture("red"))
    path.write_text('{"id": "o\'brien\'); drop--", "image": "red.png"}\n')
    catalog.add(project, path)
    indexing.index(project)
    (tmp_path / "red.png").write_bytes(picture("blue"))
    catalog.add(project, path)
    assert changes(project) == (11, 1, 1)
    assert_in_line(project, project.versions(NAME)[0])


def test_each_version_has_its_own_index_and_the_newest_is_the_default(project: Project) -> None:
    zero = project.versions(NAME)[0]
    indexing.index(project)
    _, before = rows(project, zero)
    cycles.run(project, 1)
    outcome = indexing.index(project)
    assert (outcome.result["student"], outcome.result["added"]) == (f"{NAME}-v1", 10)
    one = project.versions(NAME)[1]
    assert_in_line(project, one)
    np.testing.assert_array_equal(rows(project, zero)[1], before)
    assert not np.allclose(rows(project, one)[1], before, atol=0.01)
    assert indexing.index(project, zero).result["added"] == 0


def test_an_index_cut_short_is_made_whole_by_the_next_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the first four items: no search finds the index, and the next run embeds the other six."""
    encode = encoding.encode_items
    with monkeypatch.context() as patch:

        def killed(given: Project, student: object, items: object, *rest: object) -> np.ndarray:
            if indexing.table_of(given, given.versions(NAME)[0], 384).count() >= 4:
                raise KeyboardInterrupt
            return encode(given, student, items, *rest)

        patch.setattr(indexing, "ITEMS_AT_ONCE", 4)
        patch.setattr(encoding, "encode_items", killed)
        with pytest.raises(KeyboardInterrupt):
            indexing.index(project)
    assert project.indexes.count() == 0
    assert changes(project) == (10, 6, 0)
    assert_in_line(project, project.versions(NAME)[0])


def test_an_empty_catalog_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifactError, match="catalog add"):
        indexing.index(Project.create(tmp_path / "empty", embedded=True))
