"""What users get wrong: one sentence that names the thing, one that names the way out, an exit code, no traceback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pdistill.errors import UnknownNameError

Run = Callable[..., Any]


# --- no project, a wrong project ---


@pytest.mark.parametrize(
    "command",
    [
        "catalog list",
        "catalog add x",
        "personas generate",
        "personas import x",
        "tournament",
        "train",
        "index",
        "search x",
        "eval",
    ],
)
def test_no_project(pdistill: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.chdir(tmp_path)
    pdistill(*command.split()).told(2, f"There is no pdistill project in {tmp_path}", "pdistill init DIR", "-P DIR")


def test_a_folder_that_is_no_project(pdistill: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (f"{tmp_path / 'nowhere'} is not a pdistill project", "pdistill init")
    pdistill("-P", tmp_path / "nowhere", "catalog", "list").told(2, *words)
    monkeypatch.setenv("PDISTILL_PROJECT", str(tmp_path / "nowhere"))
    pdistill("catalog", "list").told(2, *words)
    pdistill("-P", tmp_path / ("long" * 100), "catalog", "list").told(1, "File name too long", "Check the path")


def test_a_project_of_a_newer_pdistill(pdistill: Run, empty_project: Path) -> None:
    (empty_project / "project.json").write_text(json.dumps({"schema_version": 99}))
    words = ("has schema version 99", "reads up to 1", "pip install --upgrade pdistill")
    pdistill("-P", empty_project, "catalog", "list").told(1, *words)
    ran = pdistill("-P", empty_project, "doctor")
    assert ran.code == 5
    assert "schema version 99" in ran.err


def test_a_project_without_its_marker(pdistill: Run, empty_project: Path) -> None:
    (empty_project / "project.json").unlink()
    pdistill("-P", empty_project, "catalog", "list").told(1, "project.json", "Restore it")


def test_init_where_it_cannot_be(pdistill: Run, empty_project: Path, tmp_path: Path) -> None:
    pdistill("init", empty_project).told(2, "is a pdistill project already", "catalog add")
    (tmp_path / "file").write_text("x")
    pdistill("init", tmp_path / "file").told(2, "is a file, not a folder")
    pdistill("init", tmp_path / "file" / "below").told(2, f"{tmp_path / 'file'} is a file, not a folder")


def test_wrong_settings(pdistill: Run, empty_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = empty_project / "pdistill.toml"
    good = file.read_text()
    file.write_text(good.replace("items_per_question = 8", "items_per_qestion = 8"))
    pdistill("-P", empty_project, "catalog", "list").told(2, "did you mean 'items_per_question'?", str(file))
    file.write_text(good + "\n[broken")
    pdistill("-P", empty_project, "catalog", "list").told(2, f"{file} is not valid TOML", "line")
    file.write_text(good)
    monkeypatch.setenv("PDISTILL_SEEDS", "1")
    pdistill("-P", empty_project, "catalog", "list").told(2, "PDISTILL_SEEDS (did you mean PDISTILL_SEED?)")


# --- a stage too early ---


@pytest.mark.parametrize(
    ("command", "what", "way_out"),
    [
        ("catalog list", "The catalog is empty.", "pdistill catalog add"),
        ("catalog show x", "The catalog is empty.", "pdistill catalog add"),
        ("personas list", "There are no personas.", "pdistill personas generate"),
        ("tournament", "The catalog is empty.", "pdistill catalog add"),
        ("train", "The catalog is empty.", "pdistill catalog add"),
        ("train --cycles 2 -q", "The catalog is empty.", "pdistill catalog add"),
        ("index", "The catalog is empty.", "pdistill catalog add"),
        ("search x", "has no index", "pdistill index"),
        ("eval", "The catalog is empty.", "pdistill catalog add"),
    ],
)
def test_each_stage_on_nothing_names_the_command_that_comes_first(
    pdistill: Run, empty_project: Path, command: str, what: str, way_out: str
) -> None:
    pdistill("-P", empty_project, *command.split()).told(4, what, way_out)


@pytest.fixture
def filled(pdistill: Run, empty_project: Path, goods: Path) -> Path:
    """A project with items and no personas."""
    assert pdistill("-P", empty_project, "catalog", "add", goods).code == 0
    return empty_project


def test_stages_before_those_that_feed_them(pdistill: Run, filled: Path) -> None:
    pdistill("-P", filled, "tournament").told(4, "There are no personas.", "pdistill personas generate")
    pdistill("-P", filled, "train").told(4, "There are no personas.", "pdistill personas generate")
    assert pdistill("-P", filled, "personas", "generate", "--count", 30).code == 0
    pdistill("-P", filled, "train").told(4, "no rankings of the teacher caption", "pdistill tournament")
    pdistill("-P", filled, "eval").told(4, "has judged no test items yet", "pdistill tournament --for eval")
    pdistill("-P", filled, "search", "x").told(4, "has no index", "pdistill index")


def test_one_item_is_no_catalog(pdistill: Run, empty_project: Path, goods: Path, tmp_path: Path) -> None:
    shutil.copy(goods.parent / "0.png", tmp_path / "one.png")
    (tmp_path / "one.csv").write_text("image,title\none.png,Only one\n")
    assert pdistill("-P", empty_project, "catalog", "add", tmp_path / "one.csv").code == 0
    assert pdistill("-P", empty_project, "personas", "generate", "--count", 5).code == 0
    ran = pdistill("-P", empty_project, "tournament", "--for", "train")
    ran.told(4, "fewer than two training items", "pdistill catalog add")


# --- wrong names and values ---


@pytest.mark.parametrize(
    ("command", "what", "meant"),
    [
        ("tournament --teacher captoin", "There is no teacher 'captoin'.", "'caption'"),
        ("tournament --sampler divers", "There is no sampler 'divers'.", "'diverse'"),
        ("tournament --strategy knockuot", "There is no strategy 'knockuot'.", "'knockout'"),
        ("train --student eficientnet-minilm", "There is no student 'eficientnet-minilm'.", "'efficientnet-minilm'"),
        ("train --loss bradley-tery", "There is no loss 'bradley-tery'.", "'bradley-terry'"),
        ("train --recipe twostage", "There is no recipe 'twostage'.", "'two-stage'"),
        ("train --cycles 2 --loss bradley-tery", "There is no loss 'bradley-tery'.", "'bradley-terry'"),
        ("train --teacher captoin", "There is no teacher 'captoin'.", "'caption'"),
        ("eval --teacher captoin", "There is no teacher 'captoin'.", "'caption'"),
        ("index --student eficientnet-minilm", "There is no student 'eficientnet-minilm'.", "'efficientnet-minilm'"),
        ("personas generate --generator compsed", "There is no generator 'compsed'.", "'composed'"),
    ],
)
def test_a_wrong_plugin_name(pdistill: Run, filled: Path, command: str, what: str, meant: str) -> None:
    assert pdistill("-P", filled, "personas", "generate", "--count", 5).code == 0
    pdistill("-P", filled, *command.split()).told(UnknownNameError.exit_code, what, f"Did you mean {meant}?")


def test_the_teacher_and_student_of_a_plain_project_are_told_to_be_missing(
    pdistill: Run, tmp_path: Path, goods: Path
) -> None:
    plain = tmp_path / "plain"
    assert pdistill("init", plain).code == 0
    assert pdistill("-P", plain, "catalog", "add", goods).code == 0
    assert pdistill("-P", plain, "personas", "generate", "--count", 5).code == 0
    pdistill("-P", plain, "tournament").told(3, "The teacher 'qwen2-vl' is not installed.", "--teacher caption")
    pdistill("-P", plain, "index").told(3, "The student 'openclip' is not installed.", "pdistill[embedded]")


def test_an_option_of_a_plugin_that_it_does_not_have(pdistill: Run, filled: Path) -> None:
    with (filled / "pdistill.toml").open("a") as file:
        file.write("\n[loss.bradley-terry]\ntemprature = 0.1\n")
    pdistill("-P", filled, "train").told(2, "has no option 'temprature'", "Did you mean 'temperature'?")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("search x --top 0", "'0' should be greater than or equal to 1"),
        ("search x --top many", "'many' should be a valid integer"),
        ("search x --top 1.5", "'1.5' should be a valid integer"),
        ("train --cycles 0", "'0' should be greater than or equal to 1"),
        ("catalog list -n 0", "'0' should be greater than or equal to 1"),
        ("personas generate --count many", "'many' should be a valid integer"),
        ("personas generate --count 0", "0 personas cannot be generated"),
        ("personas generate --seed -1", "seed -1"),
        ("tournament --for trian", "'trian' is not one of 'train', 'eval'"),
        ("search", "QUERY"),
        ("search a b", "b"),
        ("init", "DIR"),
        ("serach x", "Did you mean 'search'?"),
        ("catalog lst", "Did you mean 'list'?"),
        ("train --los x", "--loss"),
        ("--frobnicate", "--frobnicate"),
    ],
)
def test_wrong_options_and_values(pdistill: Run, empty_project: Path, command: str, words: str) -> None:
    pdistill("-P", empty_project, *command.split()).told(2, words)


@pytest.mark.parametrize("arguments", [[], ["catalog"], ["personas"], ["-P", "x"]])
def test_nothing_asked_for_gets_the_help(pdistill: Run, arguments: list[str]) -> None:
    ran = pdistill(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Missing command" in ran.err if "-P" in arguments else ran.err.startswith("Usage: pdistill")


def test_an_unknown_item(pdistill: Run, filled: Path) -> None:
    pdistill("-P", filled, "catalog", "show", "item-33").told(2, "no item 'item-33'", "Did you mean 'item-3'?")
    pdistill("-P", filled, "catalog", "show", "zzz").told(2, "no item 'zzz'", "pdistill catalog list")
    pdistill("-P", filled, "catalog", "show", "x' or '1'='1").told(2, "no item")


def test_an_unknown_version(pdistill: Run, finished: Any) -> None:
    ran = pdistill("-P", finished.folder, "search", "x", "--student", "efficientnet-minilm-v9")
    ran.told(2, "'efficientnet-minilm-v9'", "efficientnet-minilm-v0, efficientnet-minilm-v1")
    ran = pdistill("-P", finished.folder, "search", "x", "--student", "efficientnet-minilm-v0")
    ran.told(4, "efficientnet-minilm-v0 has no index", "pdistill index --student efficientnet-minilm-v0")


@pytest.mark.parametrize("query", ["", "  \t "])
def test_an_empty_query(pdistill: Run, finished: Any, query: str) -> None:
    pdistill("-P", finished.folder, "search", query).told(2, "The query is empty.", "pdistill search")


def test_odd_queries_are_queries(pdistill: Run, finished: Any) -> None:
    for query in ("'; drop table items --", "登山 🏔️", "\x00\x1b[31m", "x" * 10_000, "half\udcff"):
        ran = pdistill("-P", finished.folder, "search", query, "--top", 1000)
        assert ran.code == 0, ran.err
        assert len(ran.out.splitlines()) == 13  # a head and all twelve goods


def test_the_program_itself_says_the_same(tmp_path: Path) -> None:
    """Through a process of its own, as users run it."""
    for command, code in ((["catalog", "list"], 2), (["search"], 2), (["--nope"], 2)):
        done = subprocess.run(
            [sys.executable, "-m", "pdistill", *command], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == code
        assert done.stdout == ""
        assert 1 <= len(done.stderr.splitlines()) <= 2
        assert done.stderr.startswith("Error: ")
