"""Talk and data: what people see on a terminal, what programs read from a pipe, what titles must not do to either."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pdistill import personas
from pdistill.cli.session import Session, printable
from pdistill.contracts import Outcome
from pdistill.errors import PdistillError, UsageError
from pdistill.store.project import Project

Run = Callable[..., Any]

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")
BARS = ("\N{BOX DRAWINGS HEAVY HORIZONTAL}", "/s")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return {**kept, "TERM": "xterm-256color", **more}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pdistill", *map(str, arguments)]


def on_terminal(*arguments: object, streams: str = "err", **more: str) -> tuple[int, str, str]:
    """Run with stderr (`streams="both"`: stdout too) on a pseudo-terminal: code, what the pipe and the screen got."""
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, 100))
    out = terminal if streams == "both" else subprocess.PIPE
    process = subprocess.Popen(
        command(*arguments), stdin=subprocess.DEVNULL, stdout=out, stderr=terminal, env=environment(**more)
    )
    os.close(terminal)
    pipe, seen = (process.stdout.fileno() if process.stdout else None), {screen: b"", -1: b""}
    watched = [screen, *([pipe] if pipe is not None else [])]
    while watched:
        ready, _, _ = select.select(watched, [], [], 60)
        assert ready, "the program says nothing and does not end"
        for each in ready:
            try:
                data = os.read(each, 65536)
            except OSError:  # the terminal's last writer has gone
                data = b""
            if not data:
                watched.remove(each)
            seen[screen if each == screen else -1] += data
    os.close(screen)
    code = process.wait(timeout=60)
    if process.stdout:
        process.stdout.close()
    return code, seen[-1].decode(), seen[screen].decode()


def piped(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), env=environment(**more), capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with more personas than a pipe holds; not to be changed."""
    folder = tmp_path_factory.mktemp("many") / "project"
    personas.generate(Project.create(folder, embedded=True), 2000)
    return folder


def test_a_long_stage_draws_a_bar_on_a_terminal_and_data_goes_elsewhere(empty_project: Path) -> None:
    code, out, screen = on_terminal("-P", empty_project, "personas", "generate", "--count", 3000)
    assert code == 0
    assert "Adding personas" in screen
    assert all(sign in screen for sign in BARS)
    assert "3,000" in screen or "/3000" in screen
    assert out.startswith("3,000 added.\n")
    assert not ANSI.search(out)


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_there_is_no_bar_for_those_who_asked_for_none(empty_project: Path, option: str) -> None:
    code, out, screen = on_terminal("-P", empty_project, "personas", "generate", "--count", 500, option)
    assert code == 0
    assert out
    assert screen == ""


@pytest.mark.parametrize("more", [{}, {"FORCE_COLOR": "1"}], ids=["plain", "colour forced"])
def test_there_is_no_bar_in_a_file(empty_project: Path, more: dict[str, str]) -> None:
    done = piped("-P", empty_project, "personas", "generate", "--count", 500, **more)
    assert done.returncode == 0
    assert not any(sign in done.stderr for sign in ("\N{BOX DRAWINGS HEAVY HORIZONTAL}", "Adding personas"))


def test_there_is_no_escape_in_a_pipe(many: Path) -> None:
    for arguments in (["personas", "list"], ["catalog", "list"], ["--help"]):
        done = piped("-P", many, *arguments)
        assert "\x1b" not in done.stdout + done.stderr


def test_no_color_is_obeyed_on_a_terminal(tmp_path: Path) -> None:
    _, _, screen = on_terminal("-P", tmp_path / "nowhere", "catalog", "list", streams="both")
    assert COLOUR.search(screen), "errors are red where nobody minds"
    _, _, screen = on_terminal("-P", tmp_path / "nowhere", "catalog", "list", streams="both", NO_COLOR="1")
    assert "Error: " in ANSI.sub("", screen)
    assert not COLOUR.search(screen)


EVIL = "\x1b[31mred\x1b]0;owned\x07 \x9b2J back\x08space \u202edlrow \u2066x"


def test_a_title_does_not_steer_the_terminal(empty_project: Path, goods: Path, tmp_path: Path, pdistill: Run) -> None:
    table = tmp_path / "evil.csv"
    table.write_text(
        f'id,image,title\nevil,{goods.parent / "1.png"},"{EVIL}"\nbad{EVIL},gone.png,x\n', encoding="utf-8"
    )
    code, _, screen = on_terminal("-P", empty_project, "catalog", "add", table, streams="both")
    assert code == 5
    for arguments in (["catalog", "list"], ["catalog", "show", "evil"], ["catalog", "show", EVIL]):
        _, _, more = on_terminal("-P", empty_project, *arguments, streams="both")
        screen += more
    assert "red" in screen
    for bad in ("\x1b[31mred", "\x1b]", "\x07", "\x9b", "\x08", "\u202e", "\u2066"):
        assert bad not in screen
    # Scripts get the title as it is.
    shown = pdistill("-P", empty_project, "catalog", "show", "evil", "--json").json["result"]["title"]
    assert shown == EVIL


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 🏔️ 登山 العربية", "plain ünïcode 🏔️ 登山 العربية"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("a\x1bb\x00c\x7fd\x85e\rf", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf"),
        ("right\u202eleft\u2069", "right\ufffdleft\ufffd"),
        ("half\ud800", "half\ufffd"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def _pipeline(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], env=environment(), capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    "line",
    [
        "{p} -P {project} personas list -n 2000 | head -1",
        "{p} -P {project} personas list -n 2000 --json | head -c 10",
        "{p} -P {project} personas list -n 2000 | true",
        "{p} --help | true",
        "{p} -P {project} catalog list 2>&1 | true",
        "{p} --version | true",
    ],
)
def test_a_reader_that_goes_away_is_no_error(many: Path, line: str) -> None:
    done = _pipeline(line.format(p=" ".join(command()), project=many))
    assert done.stderr == ""
    assert done.returncode == (4 if "catalog list" in line else 0)


def test_rows_stay_lines_in_a_pipe(many: Path) -> None:
    done = piped("-P", many, "personas", "list", "-n", 50)
    # A head, 50 rows, an empty line and the count, however long the personas are.
    assert len(done.stdout.splitlines()) == 53
    assert max(map(len, done.stdout.splitlines())) > 80
    narrow = piped("-P", many, "personas", "list", "-n", 50, COLUMNS="60")
    assert max(map(len, narrow.stdout.splitlines())) <= 60


def test_quiet_leaves_data_and_errors(empty_project: Path, pdistill: Run, tmp_path: Path) -> None:
    ran = pdistill("-P", empty_project, "-q", "personas", "generate", "--count", 20)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("20 added")
    (tmp_path / "t.csv").write_text("id,image\nx,gone.png\n")
    ran = pdistill("-P", empty_project, "-q", "catalog", "add", tmp_path / "t.csv")
    assert ran.code == 5
    assert "gone.png" in ran.err


def test_many_failures_are_told_in_part_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session()
    failures = [{"id": f"item-{number}", "error": "no picture"} for number in range(25)]
    session.finish(Outcome({}, failures, ["look out"]), lambda result: None)
    told = capsys.readouterr().err.splitlines()
    assert session.exit_code == 5
    assert told[0] == "Note: look out"
    assert told[1:21] == [f"Failed: item-{number}: no picture" for number in range(20)]
    assert told[21:] == ["... and 5 more; all of them with --json."]


def test_an_error_is_one_line_and_its_way_out_another(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session()
    session.fail(UsageError("two\nlines of\n  another library.", "Do this."))
    assert capsys.readouterr().err == "Error: two lines of another library.\nDo this.\n"
    assert session.exit_code == 2
    session.fail(PdistillError("No way out."))
    assert capsys.readouterr().err == "Error: No way out.\n"


def test_tasks_within_tasks_share_one_display(monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "from pdistill.cli.session import Session\n"
        "progress = Session().progress\n"
        "for turn in range(2):\n"
        "    with progress.task('Outer', 2) as outer:\n"
        "        with progress.task('Inner', None) as inner:\n"
        "            inner(3)\n"
        "            progress.note('a note \\x1b[31m')\n"
        "        outer(1)\n"
        "print('after')\n"
    )
    screen, terminal = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", script], stdout=terminal, stderr=terminal, env=environment())
    os.close(terminal)
    seen = b""
    while True:
        try:
            data = os.read(screen, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    os.close(screen)
    assert process.wait(timeout=60) == 0
    text = seen.decode()
    assert "Outer" in text
    assert "Inner" in text
    assert text.count("a note") == 2
    assert "\x1b[31m" not in text
    # The bars are wiped and the cursor is shown again.
    assert text.rstrip().endswith("after")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 2


@pytest.fixture
def hanging_server() -> Iterator[socket.socket]:
    """A server that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


@pytest.mark.parametrize("json", [False, True])
def test_ctrl_c_is_heard_and_what_was_done_is_kept(
    empty_project: Path, goods: Path, tmp_path: Path, hanging_server: socket.socket, pdistill: Run, json: bool
) -> None:
    address = f"http://127.0.0.1:{hanging_server.getsockname()[1]}/slow.png"
    table = tmp_path / "table.csv"
    table.write_text(f"id,image\nslow,{address}\n", encoding="utf-8")
    process = subprocess.Popen(
        command("-P", empty_project, "catalog", "add", table, *(["--json"] if json else [])),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    caller, _ = hanging_server.accept()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    caller.close()
    assert process.returncode == 130
    assert "Traceback" not in err
    if json:
        import json as reader

        envelope = reader.loads(out)
        assert (envelope["status"], envelope["exit_code"]) == ("interrupted", 130)
    else:
        assert err == "Interrupted. What was done is kept. Run the same command again to go on.\n"
    # The project is not locked.
    assert pdistill("-P", empty_project, "catalog", "add", goods).code == 0
