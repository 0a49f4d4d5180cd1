"""A full disk and a read-only folder are one sentence and a way out, and the next run goes on."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pdistill.cli.app import main
from pdistill.errors import StorageError
from pdistill.store.database import Database
from pdistill.store.indexes import table_of
from pdistill.store.ledger import Ledger
from pdistill.store.project import Project
from tests.conftest import Program, write_catalog
from tests.doubles import TinyStudent
from tests.store.entries import entry

WRITING = {
    "catalog add": ["catalog", "add", "{pictures}"],
    "personas generate": ["personas", "generate", "--count", "20", "--seed", "5"],
    "tournament": ["tournament"],
    "train": ["train"],
    "index": ["index"],
    "eval": ["eval"],
}
READING = {
    "catalog list": ["catalog", "list"],
    "catalog show": ["catalog", "show", "red-boots"],
    "personas list": ["personas", "list"],
    "search": ["search", "red boots"],
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("a small disk needs the program mount")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted: {made.stderr.partition(chr(10))[0]}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture(scope="module")
def ready(filled: Path, program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which every stage has something to do: asked, all but one indexed, not trained, newer personas."""
    root = Path(shutil.copytree(filled, tmp_path_factory.mktemp("ready") / "project"))
    for stage in (["tournament"], ["index"], ["personas", "generate", "--count", "20"]):
        subprocess.run(
            program.command("-P", root, "-q", *stage), env=program.environment, check=True, capture_output=True
        )
    project = Project(root)
    table_of(project, project.versions("tiny")[0], TinyStudent.dimension).delete("id", ["red-boots"])
    return root


@pytest.fixture
def own(ready: Path, disk: Path, doubles: None) -> Path:
    """That project, on the small disk."""
    return Path(shutil.copytree(ready, disk / "project"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A catalog of 60 items that are not in the project."""
    return write_catalog(tmp_path / "pictures", tuple(f"gadget{number}" for number in range(10)))


def fill(disk: Path, left: int = 0) -> Path:
    """A file that takes all space but `left` bytes."""
    filler = disk / "filler"
    size = 0
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                size += file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, size - left))
    return filler


def run(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """The program's exit code, what it printed, and what it said."""
    capfd.readouterr()
    code = main([str(each) for each in arguments])
    out, err = capfd.readouterr()
    return code, out, err


def check_one_sentence(code: int, out: str, err: str, about: str) -> None:
    """The error is told once, in a sentence with a way out; there is neither data nor a traceback."""
    assert code == 1, err
    assert "Traceback" not in err and "bug" not in err, err
    assert out == ""
    told = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(told) == 1, err
    assert about in told[0]
    assert err.splitlines()[-1] != told[0], "no way out was told"


@pytest.mark.parametrize("command", WRITING)
def test_on_a_full_disk_a_command_says_so_and_goes_on_when_there_is_space(
    own: Path, disk: Path, pictures: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    arguments = ["-P", own, *(part.format(pictures=pictures) for part in WRITING[command])]
    filler = fill(disk)
    check_one_sentence(*run(capfd, *arguments), "is full")
    for reading in READING.values():
        assert run(capfd, "-P", own, *reading)[0] == 0
    filler.unlink()
    code, out, err = run(capfd, *arguments)
    assert code == 0, err
    assert out
    # What the failed run left behind has not made the second one think that it was done.
    assert len(Project(own).items()) == (90 if command == "catalog add" else 30)
    assert len(Project(own).versions("tiny")) == (2 if command == "train" else 1)


def test_a_project_cannot_be_made_on_a_full_disk(disk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    filler = fill(disk)
    check_one_sentence(*run(capfd, "init", disk / "shop", "--embedded"), "is full")
    filler.unlink()
    assert run(capfd, "init", disk / "shop", "--embedded")[0] == 0


@pytest.mark.parametrize("kilobytes", [8, 40, 100])
def test_a_disk_that_fills_up_under_a_tournament_costs_no_answer(
    own: Path, disk: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], kilobytes: int
) -> None:
    log = tmp_path / "asked.log"
    with (own / "pdistill.toml").open("a") as file:
        file.write(f'\n[teacher.scripted]\nlog = "{log}"\n')
    shutil.copytree(own, tmp_path / "peace")
    assert run(capfd, "-P", tmp_path / "peace", "tournament")[0] == 0
    needed = len(log.read_text().splitlines())
    log.unlink()
    filler = fill(disk, left=1024 * kilobytes)
    check_one_sentence(*run(capfd, "-P", own, "tournament"), "is full")
    asked = len(log.read_text().splitlines()) if log.exists() else 0
    filler.unlink()
    assert run(capfd, "-P", own, "tournament")[0] == 0
    # The teacher takes one question at a time: the one whose answer found no room is asked again.
    assert len(log.read_text().splitlines()) <= needed + 1
    assert asked < needed
    columns = ["key", "ranking", "items", "persona_id"]
    both = [Project(root).ledger.rows(columns, {}).to_pylist() for root in (own, tmp_path / "peace")]
    assert both[0] == both[1]


def test_a_ledger_that_ran_out_of_space_goes_on_in_the_same_process(disk: Path) -> None:
    ledger = Ledger(Database(disk / "lance"), disk / "spool")
    ledger.append(entry("k0"))
    filler = fill(disk, left=8192)
    kept = ["k0"]
    with pytest.raises(StorageError, match="is full"):
        for number in range(1, 1000):
            ledger.append(entry(f"k{number}"))
            kept.append(f"k{number}")
    assert len(kept) > 5
    filler.unlink()
    ledger.append(entry("last"))
    # As after a kill: another ledger reads a copy of the spool, in which no line was torn.
    (spool,) = (disk / "spool").glob("*.jsonl")
    (disk / "copy").mkdir()
    shutil.copy(spool, disk / "copy" / "1-dead.jsonl")
    other = Ledger(Database(disk / "other"), disk / "copy")
    assert other.recover() == len(kept) + 1
    ledger.close()
    assert ledger.rows(["key"], {})["key"].to_pylist() == sorted([*kept, "last"])


@pytest.fixture
def read_only(ready: Path, tmp_path: Path, doubles: None, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The project in a folder that nobody may write: by its rights, or, as rights do not bind root, by its mount."""
    if os.geteuid() == 0:
        place = request.getfixturevalue("disk")
        root = Path(shutil.copytree(ready, place / "project"))
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        yield root
        return
    root = Path(shutil.copytree(ready, tmp_path / "project"))
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield root
    for folder in folders:
        folder.chmod(0o755)


@pytest.mark.parametrize("command", WRITING)
def test_in_a_read_only_folder_a_command_says_so(
    read_only: Path, pictures: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    arguments = [part.format(pictures=pictures) for part in WRITING[command]]
    check_one_sentence(*run(capfd, "-P", read_only, *arguments), "read-only")


def test_a_read_only_project_can_be_read(read_only: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for reading in READING.values():
        code, out, err = run(capfd, "-P", read_only, *reading)
        assert (code, err) == (0, "")
        assert out


def test_a_project_cannot_be_made_in_a_read_only_folder(read_only: Path, capfd: pytest.CaptureFixture[str]) -> None:
    check_one_sentence(*run(capfd, "init", read_only / "inner"), "read-only")


def test_what_a_killed_run_left_in_a_folder_that_is_read_only_now(
    ready: Path, disk: Path, doubles: None, capfd: pytest.CaptureFixture[str]
) -> None:
    root = Path(shutil.copytree(ready, disk / "project"))
    (root / "spool").mkdir(exist_ok=True)
    (root / "spool" / "1-dead.jsonl").write_text(json.dumps(entry("k").row()) + "\n")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    check_one_sentence(*run(capfd, "-P", root, "tournament"), "read-only")


def test_json_tells_of_a_full_disk_too(own: Path, disk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fill(disk)
    code, out, err = run(capfd, "-P", own, "--json", "tournament")
    told: dict[str, Any] = json.loads(out)
    assert (code, told["exit_code"], told["status"], told["result"]) == (1, 1, "error", None)
    assert "is full" in told["errors"][0]["message"] and told["errors"][0]["hint"]
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["tournament", "train"])
def test_a_limit_on_the_size_of_files_is_told_in_words(
    ready: Path, tmp_path: Path, program: Program, command: str
) -> None:
    """What `ulimit -f` does; needs no rights, so that a refusing disk is met on every machine."""
    root = Path(shutil.copytree(ready, tmp_path / "project"))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, resource.RLIM_INFINITY))

    done = subprocess.run(
        program.command("-P", root, command), env=program.environment, preexec_fn=limit, capture_output=True, text=True
    )
    check_one_sentence(done.returncode, done.stdout, done.stderr, "larger than the file system")
    assert (
        subprocess.run(program.command("-P", root, command), env=program.environment, capture_output=True).returncode
        == 0
    )
