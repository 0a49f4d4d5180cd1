"""The page of the command line says what --help says, wherever and however it is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pdistill.cli.app import main
from pdistill.cli.options import ORDER

DOCS = Path(__file__).parents[1] / "docs"


def generate(*arguments: str, script: Path = DOCS / "generate_cli.py", **environment: str) -> tuple[int, str]:
    """Exit code and stderr of the generator."""
    done = subprocess.run(
        [sys.executable, script, *arguments], env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def pages() -> dict[str, str]:
    """Command -> its help, as docs/cli.md has them."""
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^## `([^`]+)`\n\n```text\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL))


def test_the_page_has_not_drifted() -> None:
    assert generate("--check") == (0, "")


def test_the_page_does_not_depend_on_the_terminal_or_the_environment() -> None:
    odd = {"COLUMNS": "200", "FORCE_COLOR": "1", "TERM": "xterm-256color", "LANG": "de_DE.UTF-8", "PDISTILL_SEED": "x"}
    assert generate("--check", **odd) == (0, "")
    assert generate("--check", COLUMNS="20", NO_COLOR="1", PDISTILL_PROJECT="/nowhere") == (0, "")


def test_drift_is_told_in_a_sentence_and_mended_by_writing(tmp_path: Path) -> None:
    script = tmp_path / "generate_cli.py"
    script.write_bytes((DOCS / "generate_cli.py").read_bytes())
    missing = generate("--check", script=script)
    assert missing == (1, "cli.md is not what --help says any more. Write it anew: make docs\n")
    assert generate(script=script) == (0, "")
    written = tmp_path / "cli.md"
    assert written.read_text(encoding="utf-8") == (DOCS / "cli.md").read_text(encoding="utf-8")
    written.write_text(written.read_text(encoding="utf-8").replace("--top", "--tip"), encoding="utf-8")
    assert generate("--check", script=script) == missing


def test_the_generator_refuses_what_it_does_not_know() -> None:
    assert generate("--chekc")[0] == 2


def test_every_command_is_there_in_the_order_of_work() -> None:
    found = list(pages())
    tops = [name.split()[1] for name in found if len(name.split()) == 2]
    assert tuple(tops) == ORDER
    below = [name.removeprefix("pdistill ") for name in found if len(name.split()) == 3]
    assert below == [
        "catalog add",
        "catalog list",
        "catalog show",
        "personas generate",
        "personas import",
        "personas list",
    ]


@pytest.mark.parametrize("command", pages())
def test_the_page_is_what_the_program_prints(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PDISTILL_PLUGINS", "")
    assert main([*command.split()[1:], "--help"]) == 0
    assert "\n".join(line.rstrip() for line in capsys.readouterr().out.rstrip().splitlines()) == pages()[command]


def test_no_first_line_is_cut_in_the_listing() -> None:
    for text in pages().values():
        assert "..." not in text.partition("\nCommands:")[2]
        assert max(len(line) for line in text.splitlines()) <= 80


def test_exit_codes_on_the_page_are_those_of_the_errors() -> None:
    from pdistill import errors

    told = {int(code) for code in re.findall(r"^\| (\d+) \|", (DOCS / "cli.md").read_text(encoding="utf-8"), re.M)}
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert told == {0, errors.PARTIAL, errors.INTERRUPTED, *(each.exit_code for each in kinds)}
