"""Runs the commands of own-photos.md in an empty folder and writes what they print into the page.

    python examples/refresh.py            write the page anew
    python examples/refresh.py --check    only say where it has drifted; exit code 1 if it has

Every line that begins with `$ ` in a block marked ```console is run, in order, and the lines below it are what it
printed, stdout and stderr together as on a terminal. Two words may follow the mark: `exit=5` is the exit code that the
block's commands must end with (0 if there is none), and `jq` is a program without which the block is left out.

A page has drifted if a command fails, or if it prints anything else than the page says, where two outputs are the same
if they are so after `settled`: numbers, hashes and widths of columns may differ, words and lines may not.
"""

import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE / "own-photos.md"

SHOWN = "/home/you/try"
"""What the page shows in the place of the folder in which the commands were run."""

COLUMNS = "150"
"""The width of the terminal: wide enough that no path of a temporary folder is broken."""

_BLOCK = re.compile(r"^```console(?P<marks>[^\n]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"(?:[<=] )?[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")
_HASH = re.compile(r"\b[0-9a-f]{32,}\b")
_RULE = re.compile(r"[-─━═]{2,}")


@dataclass(frozen=True)
class Command:
    """One line of a block, and what the page says it prints."""

    line: str
    output: str
    exit_code: int


def blocks(page: str) -> Iterator[tuple[re.Match[str], list[Command]]]:
    """Each console block of a page and its commands."""
    for block in _BLOCK.finditer(page):
        marks = block["marks"].split()
        code = next((int(mark.removeprefix("exit=")) for mark in marks if mark.startswith("exit=")), 0)
        parts = re.split(r"^\$ ", block["body"], flags=re.MULTILINE)
        if parts[0].strip():
            raise ValueError(f"a console block begins with something else than '$ ': {parts[0]!r}")
        yield block, [Command(*_line_and_rest(part), code) for part in parts[1:]]


def _line_and_rest(part: str) -> tuple[str, str]:
    line, _, rest = part.partition("\n")
    return line, rest.rstrip("\n")


def lacks(block: re.Match[str]) -> str:
    """The program that a block needs and that is not here, or ''."""
    programs = [mark for mark in block["marks"].split() if not mark.startswith("exit=")]
    return next((program for program in programs if shutil.which(program) is None), "")


def settled(output: str) -> str:
    """An output without what may differ from run to run: numbers, hashes, widths of columns, empty lines."""
    lines = []
    for line in output.splitlines():
        line = _RULE.sub("--", _NUMBER.sub("#", _HASH.sub("#", line)))
        lines.append(" ".join(line.split()))
    return "\n".join(line for line in lines if line)


class Shell:
    """Runs commands in one folder, with `python` and `pdistill` those that run this."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        programs = self._folder / ".programs"
        programs.mkdir()
        for name, call in (("python", ""), ("pdistill", " -m pdistill")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{call} "$@"\n')
            (programs / name).chmod(0o755)
        (self._folder / "examples").symlink_to(HERE, target_is_directory=True)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PDISTILL_")},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",  # so that stdout and stderr come in the order in which they were written
            "COLUMNS": COLUMNS,
            "NO_COLOR": "1",
            "OMP_NUM_THREADS": "1",  # sums in the same order on every machine
            "HF_HUB_OFFLINE": "1",
        }

    def run(self, line: str) -> tuple[str, int]:
        """What a line prints, and its exit code."""
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=600,
            check=False,
        )
        printed = done.stdout.replace(str(self._folder), SHOWN)
        return "\n".join(each.rstrip() for each in printed.rstrip().splitlines()), done.returncode


@dataclass(frozen=True)
class Rerun:
    """A page with what its commands print now; which of them failed, and which print something else, in words."""

    page: str
    failed: list[str]
    changed: list[str]


def rerun(page: str, folder: Path) -> Rerun:
    """Run a page's commands in `folder`, which is empty."""
    shell, end = Shell(folder), 0
    fresh: list[str] = []
    failed: list[str] = []
    changed: list[str] = []
    for block, commands in blocks(page):
        fresh.append(page[end : block.start()])
        end = block.end()
        if program := lacks(block):
            print(f"left out, there is no {program}: {commands[0].line}", file=sys.stderr)
            fresh.append(block.group())
            continue
        body = ""
        for command in commands:
            output, code = shell.run(command.line)
            body += f"$ {command.line}\n" + (f"{output}\n" if output else "")
            if code != command.exit_code:
                failed.append(f"$ {command.line}\nended with {code}, not {command.exit_code}:\n{output}")
            elif settled(output) != settled(command.output):
                lines = difflib.unified_diff(
                    settled(command.output).splitlines(), settled(output).splitlines(), "the page", "now", lineterm=""
                )
                changed.append(f"$ {command.line}\n" + "\n".join(lines))
        fresh.append(f"```console{block['marks']}\n{body}```")
    return Rerun("".join(fresh) + page[end:], failed, changed)


def main(arguments: list[str]) -> int:
    """Write the page or check it; the exit code."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        now = rerun(PAGE.read_text(encoding="utf-8"), Path(folder))
    told = [*now.failed, *(now.changed if arguments else [])]
    print("\n\n".join(told), end="\n" if told else "", file=sys.stderr)
    if not told and not arguments:
        PAGE.write_text(now.page, encoding="utf-8")
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
