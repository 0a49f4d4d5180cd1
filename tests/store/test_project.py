"""A project is found, made, refused in words, and written by one at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from pdistill import encoding
from pdistill.errors import MissingArtifactError, StorageError, UnknownNameError, UsageError
from pdistill.fingerprint import content_hash
from pdistill.store import project as module
from pdistill.store.project import MARKER, SCHEMA_VERSION, Project, find_root, join_text
from pdistill.store.records import Version

REPOSITORY = Path(__file__).parents[2]


def version(number: int, data: bytes = b"", name: str = "tiny", **changes: Any) -> Version:
    own: dict[str, Any] = {
        "id": f"{name}-v{number}",
        "name": name,
        "number": number,
        "cycle": number,
        "teacher": "scripted",
        "recipe": "two-stage",
        "loss": "bradley-terry",
        "rankings": 10,
        "made_from": f"f{number}",
        "weights": f"{name}-v{number}.safetensors",
        "weights_sha256": content_hash(data),
        "notes": {"loss_first": 0.5},
    }
    return Version(**{**own, **changes})


def test_a_new_project_can_be_opened(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "deep" / "shop", embedded=True)
    again = Project(str(tmp_path / "deep" / "shop"))
    assert again.root == made.root
    assert (again.settings.teacher.name, again.settings.student.name) == ("caption", "efficientnet-minilm")
    assert json.loads((made.root / MARKER).read_text())["schema_version"] == SCHEMA_VERSION
    assert (made.root / "lance").is_dir()


def test_without_embedded_a_project_asks_for_the_large_models(tmp_path: Path) -> None:
    settings = Project.create(tmp_path / "shop").settings
    assert (settings.teacher.name, settings.student.name) == ("qwen2-vl", "openclip")


def test_a_project_can_be_made_in_a_folder_that_holds_other_things(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    Project.create(tmp_path)
    assert (tmp_path / "photo.jpg").read_bytes() == b"x"


def test_a_project_is_not_made_twice(tmp_path: Path) -> None:
    Project.create(tmp_path / "shop", embedded=True)
    (tmp_path / "shop" / "pdistill.toml").write_text("seed = 7\n")
    with pytest.raises(UsageError, match="is a pdistill project already"):
        Project.create(tmp_path / "shop")
    assert Project(tmp_path / "shop").settings.seed == 7


def test_a_file_is_no_place_for_a_project(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("x")
    with pytest.raises(UsageError, match="is a file, not a folder"):
        Project.create(tmp_path / "shop")
    with pytest.raises(UsageError, match="shop is a file, not a folder"):
        Project.create(tmp_path / "shop" / "inner")


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a pdistill project") as caught:
        Project(tmp_path)
    assert "pdistill init" in caught.value.hint


def test_a_project_of_a_newer_pdistill_is_refused_in_words(tmp_path: Path) -> None:
    root = Project.create(tmp_path / "shop").root
    (root / MARKER).write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(StorageError, match=f"has schema version {SCHEMA_VERSION + 1}.*reads up to {SCHEMA_VERSION}"):
        Project(root)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"7", b'{"schema_version": "new"}', b"{}", b"\xff\xfe"])
def test_a_broken_marker_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    root = Project.create(tmp_path / "shop").root
    (root / MARKER).write_bytes(content)
    with pytest.raises(StorageError, match=r"project\.json cannot be read"):
        Project(root)


def test_a_missing_marker_is_told_in_words(tmp_path: Path) -> None:
    root = Project.create(tmp_path / "shop").root
    (root / MARKER).unlink()
    with pytest.raises(StorageError, match=r"project\.json cannot be read"):
        Project(root)


def test_the_root_is_as_given_else_of_the_environment_else_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = Project.create(tmp_path / "above").root
    inner = Project.create(above / "a" / "inner").root
    (above / "a" / "b").mkdir()
    monkeypatch.chdir(above / "a" / "b")
    assert find_root(None) == above
    monkeypatch.chdir(inner)
    assert find_root(None) == inner
    monkeypatch.setenv("PDISTILL_PROJECT", str(tmp_path / "named"))
    assert find_root(None) == tmp_path / "named"
    assert find_root(Path("given")) == Path("given")
    monkeypatch.setenv("PDISTILL_PROJECT", "")
    assert find_root(None) == inner


def test_no_project_anywhere_is_told_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"no pdistill project in {tmp_path} or above") as caught:
        find_root(None)
    assert "pdistill init" in caught.value.hint


def test_an_empty_project_says_what_fills_it(tmp_path: Path) -> None:
    empty = Project.create(tmp_path / "shop")
    with pytest.raises(MissingArtifactError, match="catalog is empty") as caught:
        empty.items()
    assert "pdistill catalog add" in caught.value.hint
    with pytest.raises(MissingArtifactError, match="no personas") as caught:
        empty.personas()
    assert "pdistill personas" in caught.value.hint


def test_items_and_personas_come_in_the_order_of_their_ids(project: Project) -> None:
    items, personas = project.items(), project.personas()
    assert items.ids == sorted(items.ids)
    assert personas.ids == sorted(personas.ids)
    at = items.ids.index("red-boots")
    assert (items.titles[at], items.texts[at]) == ("red boots", "red boots")
    assert set(items.splits) == set(personas.splits) == {"train", "test"}
    shown = project.pictures(["red-boots", "blue-kite"])
    assert set(shown) == {"red-boots", "blue-kite"}
    assert all(data[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0") for data in shown.values())


def test_titles_and_descriptions_become_one_text() -> None:
    assert join_text("Boots", "Warm and dry") == "Boots. Warm and dry"
    assert join_text(" Boots ", "Boots") == "Boots"
    assert join_text("", "Warm") == join_text(None, " Warm ") == "Warm"
    assert join_text(None, None) == join_text(" ", "") == ""


def test_versions_are_added_and_never_change(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    assert [each.id for each in project.versions("tiny")] == ["tiny-v0"]
    for number in (2, 1, 10):
        project.add_version(version(number))
    project.add_version(version(1, name="other-v7"))
    again = Project(project.root)
    assert [each.id for each in again.versions("tiny")] == ["tiny-v0", "tiny-v1", "tiny-v2", "tiny-v10"]
    found = again.version("tiny-v2")
    assert (found.made_from, found.notes, found.made_at > 0) == ("f2", {"loss_first": 0.5}, True)
    assert again.version("tiny").id == "tiny-v10"
    assert again.version("tiny-v0").weights == ""
    assert again.version("other-v7-v1").name == "other-v7"
    with pytest.raises(UnknownNameError, match="no student version 'tiny-v3'") as caught:
        again.version("tiny-v3")
    assert "tiny-v2" in caught.value.hint


def test_weights_are_put_in_place_whole(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    project.write_weights("tiny-v1.safetensors", b"first")
    project.write_weights("tiny-v1.safetensors", b"second")
    assert [path.name for path in (project.root / "weights").iterdir()] == ["tiny-v1.safetensors"]
    assert project.weights_path("tiny-v1.safetensors").read_bytes() == b"second"


def test_a_write_that_fails_leaves_the_old_weights_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.create(tmp_path / "shop")
    project.write_weights("tiny-v1.safetensors", b"old")

    def refuse(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(module.os, "fsync", refuse)
    with pytest.raises(StorageError, match="is full"):
        project.write_weights("tiny-v1.safetensors", b"new, and longer")
    assert [path.name for path in (project.root / "weights").iterdir()] == ["tiny-v1.safetensors"]
    assert project.weights_path("tiny-v1.safetensors").read_bytes() == b"old"


def trained(project: Project) -> Version:
    """A version of the tiny student whose layer is all ones."""
    data = save({"weight": torch.ones(12, 16), "bias": torch.ones(16)})
    made = version(1, data)
    project.write_weights(made.weights, data)
    project.add_version(made)
    return made


def test_weights_come_back_into_the_student(project: Project) -> None:
    made = trained(project)
    state = encoding.load_student(project, made).state()
    assert torch.equal(state["weight"], torch.ones(12, 16))


def test_weights_that_changed_on_disk_are_refused(project: Project) -> None:
    made = trained(project)
    path = project.weights_path(made.weights)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(StorageError, match="SHA-256 has changed") as caught:
        encoding.load_student(project, made)
    assert "pdistill train" in caught.value.hint
    path.unlink()
    with pytest.raises(StorageError, match="cannot be read"):
        encoding.load_student(project, made)


def test_weights_of_another_shape_are_refused(project: Project) -> None:
    data = save({"weight": torch.ones(3, 3), "bias": torch.ones(3)})
    made = version(1, data)
    project.write_weights(made.weights, data)
    with pytest.raises(StorageError, match="do not fit this student"):
        encoding.load_student(project, made)


def test_one_writes_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.create(tmp_path / "shop")
    code = (
        "import sys; from pdistill.store.project import Project\n"
        "with Project(sys.argv[1]).writing('holding'): print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(project.root)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.2)
    refused = r"Another pdistill command is writing.*training cannot begin"
    with pytest.raises(UsageError, match=refused), project.writing("training"):
        raise AssertionError("two at once")
    holder.kill()  # a killed writer leaves no lock behind
    holder.wait()
    with project.writing("training"):
        pass
    with project.writing("training again"):
        pass


def test_a_writer_waits_for_the_one_before(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    held, order = threading.Event(), []

    def hold() -> None:
        with Project(project.root).writing("first"):
            order.append("first in")
            held.set()
            time.sleep(0.3)
            order.append("first out")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with project.writing("second"):
        order.append("second in")
    thread.join()
    assert order == ["first in", "first out", "second in"]


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    with pytest.raises(KeyError), project.writing("failing"):
        raise KeyError("x")
    with project.writing("again"):
        pass


def test_a_version_may_be_called_by_its_number_alone(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop", embedded=True)
    assert project.version("v0").id == "efficientnet-minilm-v0"
    with pytest.raises(UnknownNameError, match="efficientnet-minilm-v7"):
        project.version("v7")
