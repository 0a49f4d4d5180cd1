"""Writes docs/cli.md from the --help of every command; with --check it only says whether the page has drifted.

It owns the page's frame, and must not describe any command in words of its own: those stand in the commands.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("cli.md")

WIDTH = 78
"""What a terminal of 80 columns shows."""

HEAD = """\
# The command line

<!-- Written by docs/generate_cli.py from the --help of every command. Change the texts there, then run: make docs -->

The global options `-P/--project`, `--json`, `-q/--quiet` may stand before or after the subcommand. Data goes to
stdout; progress, notes and errors go to stderr. Progress bars are drawn on terminals only, and `NO_COLOR` is obeyed.

With `--json`, stdout is one object: `schema_version`, `command`, `status` (`ok`, `partial`, `error`, `interrupted`),
`exit_code`, `result`, `warnings`, `errors`.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | a bug, or the disk refuses (full, read-only, damaged, or a project of a newer pdistill) |
| 2 | a wrong option, a wrong name, or input that cannot be read |
| 3 | a plugin is broken, or an extra is missing |
| 4 | something is missing that another command makes; the message names the command |
| 5 | done, but some items failed; they are listed |
| 6 | the teacher or another service cannot be reached |
| 7 | the budget is reached |
| 130 | interrupted; run the same command again to go on |

| variable | meaning |
| --- | --- |
| `PDISTILL_PROJECT` | the project, where `-P` is not given |
| `PDISTILL_PLUGINS` | packages whose plugins come in, separated by commas; empty: none but the built-in ones |
| `PDISTILL_DEBUG` | anything: errors are told with their traceback |
| `PDISTILL_SECTION__NAME` | a setting of `pdistill.toml`, e.g. `PDISTILL_TEACHER__NAME=caption` or `PDISTILL_SEED=1` |
"""


def page() -> str:
    """The whole page, the same in every environment."""
    os.environ["PDISTILL_PLUGINS"] = ""  # what happens to be installed here is no part of the manual
    os.environ.pop("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", None)
    import typer

    from pdistill.cli.app import app

    sections = [
        f"## `{path}`\n\n```text\n{help_text}\n```\n"
        for path, help_text in _helps(typer.main.get_command(app), "pdistill", None)
    ]
    return "\n".join([HEAD, *sections])


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    """(path, help) of a command and, in the order of its own listing, of all below it."""
    context = command.context_class(
        command, info_name=name, parent=parent, terminal_width=WIDTH, color=False, **command.context_settings
    )
    text = "\n".join(line.rstrip() for line in command.get_help(context).rstrip().splitlines())
    yield context.command_path, text
    if hasattr(command, "list_commands"):
        for below in command.list_commands(context):
            yield from _helps(command.get_command(context, below), below, context)


def main(arguments: list[str]) -> int:
    """Write the page or check it; the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: generate_cli.py [--check]", file=sys.stderr)
        return 2
    fresh = page()
    if not arguments:
        PAGE.write_text(fresh, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == fresh:
        return 0
    print(f"{PAGE.name} is not what --help says any more. Write it anew: make docs", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
