"""What users get wrong: one sentence that names the thing, one that names the way out, an exit code, no traceback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pdistill.errors import UnknownNameError

Run = Callable[..., Any]

REPOSITORY = Path(__file__).parents[2]


def told(ran: Any, code: int, *words: str) -> list[str]:
    """The error's one or two lines, which hold `words`; nothing else was said."""
    lines = ran.err.splitlines()
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    assert 1 <= len(lines) <= 2, ran.err
    assert lines[0].startswith("Error: ")
    assert ran.out == ""
    for word in words:
        assert word in ran.err
    return list(lines)


def failed(ran: Any, *expected: tuple[str, str]) -> None:
    """The run went on, and exactly these items are listed as failed: (id, words of its cause)."""
    assert ran.code == 5
    assert "Traceback" not in ran.err
    listed = [line.removeprefix("Failed: ") for line in ran.err.splitlines() if line.startswith("Failed: ")]
    assert len(listed) == len(expected), ran.err
    for line, (item, cause) in zip(listed, expected, strict=True):
        assert line.startswith(f"{item}: ")
        assert cause in line


def vast_png(side: int = 30_000) -> bytes:
    """A whole, valid PNG of side x side black pixels, one bit each, written by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row * 1000) for _ in range(side // 1000)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


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
    told(pdistill(*command.split()), 2, f"There is no pdistill project in {tmp_path}", "pdistill init DIR", "-P DIR")


def test_a_folder_that_is_no_project(pdistill: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (f"{tmp_path / 'nowhere'} is not a pdistill project", "pdistill init")
    told(pdistill("-P", tmp_path / "nowhere", "catalog", "list"), 2, *words)
    monkeypatch.setenv("PDISTILL_PROJECT", str(tmp_path / "nowhere"))
    told(pdistill("catalog", "list"), 2, *words)
    told(pdistill("-P", tmp_path / ("long" * 100), "catalog", "list"), 1, "File name too long", "Check the path")


def test_a_project_of_a_newer_pdistill(pdistill: Run, empty_project: Path) -> None:
    (empty_project / "project.json").write_text(json.dumps({"schema_version": 99}))
    words = ("has schema version 99", "reads up to 1", "pip install --upgrade pdistill")
    told(pdistill("-P", empty_project, "catalog", "list"), 1, *words)
    ran = pdistill("-P", empty_project, "doctor")
    assert ran.code == 5
    assert "schema version 99" in ran.err


def test_a_project_without_its_marker(pdistill: Run, empty_project: Path) -> None:
    (empty_project / "project.json").unlink()
    told(pdistill("-P", empty_project, "catalog", "list"), 1, "project.json", "Restore it")


def test_init_where_it_cannot_be(pdistill: Run, empty_project: Path, tmp_path: Path) -> None:
    told(pdistill("init", empty_project), 2, "is a pdistill project already", "catalog add")
    (tmp_path / "file").write_text("x")
    told(pdistill("init", tmp_path / "file"), 2, "is a file, not a folder")
    told(pdistill("init", tmp_path / "file" / "below"), 2, f"{tmp_path / 'file'} is a file, not a folder")


def test_wrong_settings(pdistill: Run, empty_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = empty_project / "pdistill.toml"
    good = file.read_text()
    file.write_text(good.replace("items_per_question = 8", "items_per_qestion = 8"))
    told(pdistill("-P", empty_project, "catalog", "list"), 2, "did you mean 'items_per_question'?", str(file))
    file.write_text(good + "\n[broken")
    told(pdistill("-P", empty_project, "catalog", "list"), 2, f"{file} is not valid TOML", "line")
    file.write_text(good)
    monkeypatch.setenv("PDISTILL_SEEDS", "1")
    told(pdistill("-P", empty_project, "catalog", "list"), 2, "PDISTILL_SEEDS (did you mean PDISTILL_SEED?)")


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
    told(pdistill("-P", empty_project, *command.split()), 4, what, way_out)


@pytest.fixture
def filled(pdistill: Run, empty_project: Path, goods: Path) -> Path:
    """A project with items and no personas."""
    assert pdistill("-P", empty_project, "catalog", "add", goods).code == 0
    return empty_project


def test_stages_before_those_that_feed_them(pdistill: Run, filled: Path) -> None:
    told(pdistill("-P", filled, "tournament"), 4, "There are no personas.", "pdistill personas generate")
    told(pdistill("-P", filled, "train"), 4, "There are no personas.", "pdistill personas generate")
    assert pdistill("-P", filled, "personas", "generate", "--count", 30).code == 0
    told(pdistill("-P", filled, "train"), 4, "no rankings of the teacher caption", "pdistill tournament")
    told(pdistill("-P", filled, "eval"), 4, "has judged no test items yet", "pdistill tournament --for eval")
    told(pdistill("-P", filled, "search", "x"), 4, "has no index", "pdistill index")


def test_one_item_is_no_catalog(pdistill: Run, empty_project: Path, goods: Path, tmp_path: Path) -> None:
    shutil.copy(goods.parent / "0.png", tmp_path / "one.png")
    (tmp_path / "one.csv").write_text("image,title\none.png,Only one\n")
    assert pdistill("-P", empty_project, "catalog", "add", tmp_path / "one.csv").code == 0
    assert pdistill("-P", empty_project, "personas", "generate", "--count", 5).code == 0
    ran = pdistill("-P", empty_project, "tournament", "--for", "train")
    told(ran, 4, "fewer than two training items", "pdistill catalog add")


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
    told(pdistill("-P", filled, *command.split()), UnknownNameError.exit_code, what, f"Did you mean {meant}?")


def test_the_teacher_and_student_of_a_plain_project_are_told_to_be_missing(
    pdistill: Run, tmp_path: Path, goods: Path
) -> None:
    plain = tmp_path / "plain"
    assert pdistill("init", plain).code == 0
    assert pdistill("-P", plain, "catalog", "add", goods).code == 0
    assert pdistill("-P", plain, "personas", "generate", "--count", 5).code == 0
    told(pdistill("-P", plain, "tournament"), 3, "The teacher 'qwen2-vl' is not installed.", "--teacher caption")
    told(pdistill("-P", plain, "index"), 3, "The student 'openclip' is not installed.", "pdistill[embedded]")


def test_an_option_of_a_plugin_that_it_does_not_have(pdistill: Run, filled: Path) -> None:
    with (filled / "pdistill.toml").open("a") as file:
        file.write("\n[loss.bradley-terry]\ntemprature = 0.1\n")
    told(pdistill("-P", filled, "train"), 2, "has no option 'temprature'", "Did you mean 'temperature'?")


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
    told(pdistill("-P", empty_project, *command.split()), 2, words)


@pytest.mark.parametrize("arguments", [[], ["catalog"], ["personas"], ["-P", "x"]])
def test_nothing_asked_for_gets_the_help(pdistill: Run, arguments: list[str]) -> None:
    ran = pdistill(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Missing command" in ran.err if "-P" in arguments else ran.err.startswith("Usage: pdistill")


def test_an_unknown_item(pdistill: Run, filled: Path) -> None:
    told(pdistill("-P", filled, "catalog", "show", "item-33"), 2, "no item 'item-33'", "Did you mean 'item-3'?")
    told(pdistill("-P", filled, "catalog", "show", "zzz"), 2, "no item 'zzz'", "pdistill catalog list")
    told(pdistill("-P", filled, "catalog", "show", "x' or '1'='1"), 2, "no item")


def test_an_unknown_version(pdistill: Run, finished: Any) -> None:
    ran = pdistill("-P", finished.folder, "search", "x", "--student", "efficientnet-minilm-v9")
    told(ran, 2, "'efficientnet-minilm-v9'", "efficientnet-minilm-v0, efficientnet-minilm-v1")
    ran = pdistill("-P", finished.folder, "search", "x", "--student", "efficientnet-minilm-v0")
    told(ran, 4, "efficientnet-minilm-v0 has no index", "pdistill index --student efficientnet-minilm-v0")


@pytest.mark.parametrize("query", ["", "  \t "])
def test_an_empty_query(pdistill: Run, finished: Any, query: str) -> None:
    told(pdistill("-P", finished.folder, "search", query), 2, "The query is empty.", "pdistill search")


def test_odd_queries_are_queries(pdistill: Run, finished: Any) -> None:
    for query in ("'; drop table items --", "登山 🏔️", "\x00\x1b[31m", "x" * 10_000, "half\udcff"):
        ran = pdistill("-P", finished.folder, "search", query, "--top", 1000)
        assert ran.code == 0, ran.err
        assert len(ran.out.splitlines()) == 13  # a head and all twelve goods


# --- sources that are none ---


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.csv", None, ("There is no file or folder", "Check the path")),
        ("gone", None, ("There is no file or folder", "Check the path")),
        ("notes.docx", b"x", ("is no catalog that is understood", ".csv")),
        ("no-image.csv", b"id,price\na,3\n", ("id, price", "--image-field")),
        ("empty.csv", b"", ("empty.csv", "empty")),
        ("head-only.csv", b"id,image\n", ("head-only.csv", "no rows")),
        ("not.parquet", b"PAR1 no it is not", ("not.parquet",)),
        ("zip.csv", b"PK\x03\x04\x00\x00\xff\xfe\x00", ("zip.csv",)),
        ("not.jsonl", b"{'id': 1}\n", ("not.jsonl",)),
    ],
)
def test_a_source_that_is_none(
    pdistill: Run, empty_project: Path, tmp_path: Path, name: str, content: bytes | None, words: tuple[str, ...]
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    told(pdistill("-P", empty_project, "catalog", "add", tmp_path / name), 2, *words)
    ran = pdistill("-P", empty_project, "catalog", "list")
    assert ran.code == 4, "a refused source leaves the catalog as it was"


def test_an_empty_folder(pdistill: Run, empty_project: Path, tmp_path: Path) -> None:
    (tmp_path / "empty-folder").mkdir()
    ran = pdistill("-P", empty_project, "catalog", "add", tmp_path / "empty-folder")
    told(ran, 2, f"The folder '{tmp_path / 'empty-folder'}' holds no pictures.", ".jpg")


def test_a_column_that_is_not_there(pdistill: Run, empty_project: Path, goods: Path) -> None:
    told(pdistill("-P", empty_project, "catalog", "add", goods, "--title-field", "titel"), 2, "'titel'", "title")
    told(pdistill("-P", empty_project, "catalog", "add", goods.parent, "--id-field", "id"), 2, "has no columns")


def test_persona_files_that_are_none(pdistill: Run, empty_project: Path, tmp_path: Path) -> None:
    told(pdistill("-P", empty_project, "personas", "import", tmp_path / "gone.jsonl"), 2, "gone.jsonl")
    table = tmp_path / "people.csv"
    table.write_text("age,town\n3,Ulm\n")
    ran = pdistill("-P", empty_project, "personas", "import", table, "--text-field", "persona")
    told(ran, 2, "'persona'", "age, town")


# --- items that fail, while the rest goes on ---


def test_bad_pictures_are_listed_with_their_cause_and_the_rest_goes_on(
    pdistill: Run, empty_project: Path, goods: Path, tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    good = (goods.parent / "0.png").read_bytes()
    (shop / "good.png").write_bytes(good)
    (shop / "text.jpg").write_text("This is no picture at all.")
    (shop / "cut.png").write_bytes(good[:40])
    (shop / "empty.png").write_bytes(b"")
    (shop / "vast.png").write_bytes(vast_png())
    (shop / "last.png").write_bytes((goods.parent / "1.png").read_bytes())
    names = ["good.png", "missing.jpg", "text.jpg", "cut.png", "empty.png", "vast.png", "", "last.png"]
    rows = "".join(f"item-{number},{name}\n" for number, name in enumerate(names))
    (shop / "table.csv").write_text(f"id,image\n{rows}")
    ran = pdistill("-P", empty_project, "catalog", "add", shop / "table.csv")
    failed(
        ran,
        ("item-1", "missing.jpg"),
        ("item-2", "'text.jpg' is not a picture that can be read: its content is in no known picture format"),
        ("item-3", "'cut.png' is not a picture that can be read"),
        ("item-4", "'empty.png' is not a picture that can be read: it is empty"),
        ("item-5", "'vast.png' has 900,000,000 pixels; at most 64,000,000 are decoded ([images] max_pixels"),
        ("item-6", "No picture is named."),
    )
    assert ran.out.startswith("2 added, 6 failed.")
    listed = pdistill("-P", empty_project, "catalog", "list", "--json").json["result"]
    assert [row["id"] for row in listed["first"]] == ["item-0", "item-7"]


def test_a_folder_of_bad_pictures_leaves_a_note(pdistill: Run, empty_project: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_text("no")
    ran = pdistill("-P", empty_project, "catalog", "add", tmp_path / "bad")
    failed(ran, ("a", "'a.jpg' is not a picture"))
    assert "Note: The catalog is still empty." in ran.err


def test_a_persona_of_ten_thousand_characters_is_kept_shortened_in_lists_and_asked_about(
    pdistill: Run, own_project: Path, tmp_path: Path
) -> None:
    # 16 letters and a space, 588 times, and 4 more: 588 · 17 + 4 = 10,000.
    long = "gardeningmothers " * 588 + "last"
    assert len(long) == 10_000
    (tmp_path / "long.jsonl").write_text(json.dumps({"id": "long", "persona": long}) + "\n")
    ran = pdistill("-P", own_project, "personas", "import", tmp_path / "long.jsonl")
    assert ran.code == 0
    assert ran.out.startswith("1 added.")
    assert "Note: 1 persona is longer than 2,000 characters" in ran.err
    listed = pdistill("-P", own_project, "personas", "list", "-n", 100)
    row = next(line for line in listed.out.splitlines() if line.startswith("long "))
    assert len(row.rstrip()) < 250
    assert row.rstrip().endswith("\N{HORIZONTAL ELLIPSIS}")
    kept = pdistill("-P", own_project, "personas", "list", "-n", 100, "--json").json["result"]["first"]
    assert next(each["text"] for each in kept if each["id"] == "long") == long
    ran = pdistill("-P", own_project, "tournament", "--json")
    assert ran.code == 0
    assert ran.json["result"]["failed"] == 0
    assert ran.json["result"]["calls"] > 0


# --- what the system refuses ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Callable[[str, str], Any]:
    """Run a shell line in a folder that is a disk of its own, mounted with the options given."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def shell(options: str, line: str) -> Any:
        script = f'mount -t tmpfs -o {options} none "{disk}" && cd "{disk}" && {line}'
        wrapped = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PDISTILL": f"{sys.executable} -m pdistill"}
        return subprocess.run(wrapped, capture_output=True, text=True, env=environment, timeout=60)

    try:
        possible = shell("size=1m", "true").returncode == 0
    except OSError:
        possible = False
    if not possible:
        pytest.skip("mounting a small disk is not allowed here")
    return shell


def test_a_full_disk(small_disk: Callable[[str, str], Any], tmp_path: Path) -> None:
    # 200 personas of 2,400 characters that nothing can compress to less than half: more than 200 kB.
    texts = [hashlib.shake_256(bytes([number])).hexdigest(1200) for number in range(200)]
    (tmp_path / "people.jsonl").write_text("".join(json.dumps({"persona": text}) + "\n" for text in texts))
    line = f'$PDISTILL init p >/dev/null 2>&1 || exit 99; $PDISTILL -P p personas import "{tmp_path / "people.jsonl"}"'
    done = small_disk("size=200k", line)
    lines = done.stderr.splitlines()
    assert done.returncode == 1, done.stderr
    assert len(lines) == 2
    assert lines[0].startswith("Error: The disk")
    assert "is full" in lines[0]
    assert "Free some space" in lines[1]


def test_a_read_only_folder(small_disk: Callable[[str, str], Any], goods: Path) -> None:
    done = small_disk("size=10m,ro", "$PDISTILL init p")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: p cannot be written: the folder is read-only.",
        "Change its rights.",
    ]
    line = (
        f'$PDISTILL init p >/dev/null 2>&1 || exit 99; mount -o remount,ro "$PWD"; $PDISTILL -P p catalog add "{goods}"'
    )
    done = small_disk("size=10m", line)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "read-only" in done.stderr.splitlines()[0]


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
