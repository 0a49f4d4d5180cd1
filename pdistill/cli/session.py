"""One run of the command line: the global options, talk on stderr, data on stdout, the JSON envelope.

It knows typer and rich, and nothing of what the stages do.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichBars
from rich.table import Table
from rich.text import Text

from pdistill.contracts import Advance, Outcome
from pdistill.errors import INTERRUPTED, PARTIAL, PdistillError

if TYPE_CHECKING:
    import typer

    from pdistill.store.project import Project

SCHEMA_VERSION = 1
"""Of the JSON envelope."""

FAILURES_SHOWN = 20

HEAVY_KINDS = ("teacher", "student")
"""Plugins that may load models when they are made, so that making one only to check it is too much."""

PIPED_WIDTH = 500
"""Columns of a table that goes into a file or another program: rows stay lines, as grep wants them."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, overrides of the direction of writing, and what is no character at all."""

_NO_CHARACTER = re.compile(r"[\ud800-\udfff]")
"""What Python reads from file names that are not UTF-8."""


class ReaderGone(Exception):
    """Whoever read our output has closed the pipe."""


class _Console(Console):
    """A console that leaves it to the program what a closed pipe means; rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise ReaderGone


def _out() -> Console:
    to_people = sys.stdout.isatty() or "COLUMNS" in os.environ
    return _Console(highlight=False, width=None if to_people else PIPED_WIDTH)


def _err() -> Console:
    return _Console(stderr=True, highlight=False)


@dataclass
class Session:
    """What the global options say, and the two consoles."""

    project_dir: Path | None = None
    json: bool = False
    quiet: bool = False
    command: str = ""
    exit_code: int = 0
    out: Console = field(default_factory=_out)
    err: Console = field(default_factory=_err)

    @classmethod
    def of(cls, context: typer.Context) -> Session:
        session = context.find_root().obj
        assert isinstance(session, Session)
        return session

    def open(self, flags: Mapping[str, Any] | None = None, uses: Sequence[str] = ()) -> Project:
        """The project meant, with flags over its settings.

        Args:
            uses: kinds of plugins that the command will need. A wrong name or option is told now, not after an hour.

        Raises: UsageError if there is no project; what `registry.create` raises.
        """
        from pdistill import registry
        from pdistill.store.project import Project, find_root

        project = Project(find_root(self.project_dir), flags)
        for kind in uses:
            choice = getattr(project.settings, kind)
            if kind in HEAVY_KINDS:
                registry.get(kind, choice.name)
            else:
                registry.create(kind, choice.name, choice.options())
        return project

    @property
    def progress(self) -> Talk:
        # Not rich's is_terminal, which FORCE_COLOR makes true for files too.
        return Talk(self.err, bars=sys.stderr.isatty() and not (self.quiet or self.json), notes=not self.quiet)

    def finish(self, outcome: Outcome, show: Callable[[dict[str, Any]], None]) -> None:
        """Give a stage's outcome to the user: the envelope, or `show` and the failures and warnings in words."""
        failed = len(outcome.failures) > 0
        self.exit_code = PARTIAL if failed else 0
        if self.json:
            errors = [{"message": failure["error"], "id": failure["id"]} for failure in outcome.failures]
            self.envelope("partial" if failed else "ok", outcome.result, outcome.warnings, errors)
            return
        show(outcome.result)
        for warning in outcome.warnings:
            self.say(f"Note: {warning}", "yellow")
        for failure in outcome.failures[:FAILURES_SHOWN]:
            self.say(f"Failed: {failure['id']}: {failure['error']}", "yellow")
        if len(outcome.failures) > FAILURES_SHOWN:
            self.say(f"... and {len(outcome.failures) - FAILURES_SHOWN} more; all of them with --json.", "yellow")

    def fail(self, error: PdistillError) -> None:
        """Tell a failure and remember its exit code."""
        self.exit_code = error.exit_code
        if self.json:
            self.envelope("error", None, [], [{"message": error.message, "hint": error.hint}])
            return
        # Words of other libraries may come in several lines; an error is one.
        self.say(" ".join(f"Error: {error.message}".split()), "bold red")
        if error.hint:
            self.say(error.hint)

    def interrupted(self) -> None:
        """Tell that Ctrl-C was heard."""
        self.exit_code = INTERRUPTED
        message, hint = "Interrupted. What was done is kept.", "Run the same command again to go on."
        if self.json:
            self.envelope("interrupted", None, [], [{"message": message, "hint": hint}])
        else:
            self.say(f"{message} {hint}", "yellow")

    def envelope(self, status: str, result: Any, warnings: list[str], errors: list[dict[str, str]]) -> None:
        """The one JSON object that scripts read."""
        envelope = {
            "schema_version": SCHEMA_VERSION,
            "command": self.command,
            "status": status,
            "exit_code": self.exit_code,
            "result": result,
            "warnings": warnings,
            "errors": errors,
        }
        # What is no character is escaped by JSON's own means; so is everything where the output is not Unicode.
        plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
        text = _NO_CHARACTER.sub(_escaped, json.dumps(envelope, ensure_ascii=plain, default=str))
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error

    def say(self, text: str, style: str = "") -> None:
        """One sentence of talk, on stderr; warnings and errors even when quiet."""
        self.err.print(Text(printable(text), style=style), soft_wrap=True)

    def talk(self, text: str) -> None:
        """One sentence that nobody misses who wants it quiet, on stderr."""
        if not self.quiet:
            self.say(text, "dim")

    @property
    def program(self) -> str:
        """How the user would call pdistill on the same project, for sentences that say what comes next."""
        return f"pdistill -P {shlex.quote(str(self.project_dir))}" if self.project_dir else "pdistill"

    def print(self, text: str = "", style: str = "") -> None:
        """A line of data, on stdout."""
        self.out.print(Text(printable(text), style=style), soft_wrap=True)

    def table(self, columns: list[str], rows: list[list[Any]], title: str = "") -> None:
        """A table for people, on stdout; columns of numbers to the right."""
        if title:
            self.print(title, "italic")
        table = Table(header_style="bold", box=None, pad_edge=False)
        for position, column in enumerate(columns):
            numeric = all(isinstance(row[position], int | float) for row in rows)
            table.add_column(Text(column), justify="right" if numeric and rows else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(_cell(value))) for value in row))
        if self.out.is_terminal:
            self.out.print(table)
            return
        with self.out.capture() as drawn:
            self.out.print(table)
        for line in drawn.get().splitlines():
            self.print(line.rstrip())


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def printable(text: str) -> str:
    """Text from outside without control characters: a title must not steer a terminal."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


class Talk:
    """Progress on stderr: notes as lines, tasks as bars with rate and time left where stderr is a terminal."""

    def __init__(self, console: Console, bars: bool, notes: bool) -> None:
        self._console = console
        self._notes = notes
        self._bars = _bars(console) if bars else None
        self._open = 0

    @contextmanager
    def task(self, label: str, total: int | None) -> Iterator[Advance]:
        if self._bars is None:
            yield lambda steps=1: None
            return
        bars = self._bars
        if self._open == 0:
            bars.start()
        self._open += 1
        task = bars.add_task(label, total=total)
        try:
            yield lambda steps=1: bars.advance(task, steps)
        finally:
            bars.remove_task(task)
            self._open -= 1
            if self._open == 0:
                bars.stop()

    def note(self, text: str) -> None:
        if self._notes:
            self._console.print(Text(printable(text), style="dim"), soft_wrap=True)


def _bars(console: Console) -> RichBars:
    return RichBars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


class _Rate(ProgressColumn):
    """Steps per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed and speed >= 10 else f"{speed:.1f}/s" if speed else "", style="dim")
