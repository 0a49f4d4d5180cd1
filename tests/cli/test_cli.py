"""The program as users meet it: its help, its global options, what it says when all goes well, commands from others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from pdistill import __version__
from pdistill.cli.app import app
from pdistill.cli.options import ORDER

Run = Callable[..., Any]


def all_commands() -> list[list[str]]:
    """Every command and subcommand of our own, as arguments."""
    root = typer.main.get_command(app)
    found = []
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        found.append([name])
        found += [[name, below] for below in getattr(command, "commands", {})]
    return found


def test_commands_are_listed_in_the_order_of_work(pdistill: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDISTILL_PLUGINS", "")
    ran = pdistill("--help")
    listed = ran.out.partition("\nCommands:\n")[2].splitlines()
    assert tuple(line.split()[0] for line in listed) == ORDER
    assert {arguments[0] for arguments in all_commands()} == set(ORDER)
    assert "pdistill demo" in ran.out
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("arguments", all_commands(), ids=" ".join)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_explains_itself(pdistill: Run, arguments: list[str], option: str) -> None:
    ran = pdistill(*arguments, option)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: pdistill {' '.join(arguments)} ")
    for name in ("-P, --project DIR", "--json", "-q, --quiet", "-h, --help"):
        assert name in ran.out


def test_the_version(pdistill: Run) -> None:
    assert pdistill("--version").out == f"pdistill {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["-P", "{p}", "catalog", "list"],
        ["--project", "{p}", "catalog", "list"],
        ["--project={p}", "catalog", "list"],
        ["catalog", "-P", "{p}", "list"],
        ["catalog", "list", "-P", "{p}"],
        ["catalog", "list", "--project", "{p}"],
        # The one nearer to the command counts.
        ["-P", "elsewhere", "catalog", "list", "-P", "{p}"],
    ],
    ids=" ".join,
)
def test_the_project_may_be_named_anywhere(pdistill: Run, finished: Any, arguments: list[str]) -> None:
    ran = pdistill(*(argument.format(p=finished.folder) for argument in arguments))
    assert ran.code == 0, ran.err
    assert "12 items" in ran.out


def test_the_project_may_come_from_the_environment_or_the_folder_one_is_in(
    pdistill: Run, finished: Any, empty_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.folder / "weights")
    assert "12 items" in pdistill("catalog", "list").out
    monkeypatch.setenv("PDISTILL_PROJECT", str(empty_project))
    assert pdistill("catalog", "list").code == 4
    assert "12 items" in pdistill("-P", finished.folder, "catalog", "list").out


@pytest.mark.parametrize("arguments", [["-q", "{c}"], ["{c}", "-q"], ["{c}", "--quiet"]], ids=" ".join)
def test_quiet_anywhere(pdistill: Run, tmp_path: Path, arguments: list[str]) -> None:
    given = [
        part for argument in arguments for part in argument.format(c=f"init {tmp_path / 'new'} --embedded").split()
    ]
    ran = pdistill(*given)
    assert ran.code == 0
    assert "Made" in ran.out
    assert ran.err == ""


def test_init_writes_the_settings_asked_for_and_says_what_comes_next(pdistill: Run, tmp_path: Path) -> None:
    ran = pdistill("init", tmp_path / "my shop", "--embedded")
    assert ran.out == f"Made {tmp_path / 'my shop'}: teacher caption, student efficientnet-minilm.\n"
    assert ran.err == f"Next: pdistill -P '{tmp_path / 'my shop'}' catalog add FOLDER_OR_TABLE\n"
    assert pdistill("init", tmp_path / "plain").out.endswith("teacher qwen2-vl, student openclip.\n")
    assert (tmp_path / "plain" / "lance").is_dir()


def test_adding_again_adds_only_what_is_new(pdistill: Run, empty_project: Path, goods: Path, tmp_path: Path) -> None:
    first = pdistill("-P", empty_project, "catalog", "add", goods)
    assert first.out.splitlines()[0] == "12 added."
    again = pdistill("-P", empty_project, "catalog", "add", goods)
    assert again.out.splitlines()[0] == "0 added, 12 unchanged."
    assert (first.code, again.code) == (0, 0)


def test_listings_are_tables_for_people(pdistill: Run, finished: Any) -> None:
    items = pdistill("-P", finished.folder, "catalog", "list", "-n", 3).out.splitlines()
    assert items[0].split() == ["id", "title", "split", "source"]
    assert items[1].startswith("item-0   Red mug")
    assert items[-1].startswith("12 items (")
    shown = pdistill("-P", finished.folder, "catalog", "show", "item-3").out
    assert "Sun hat" in shown
    people = pdistill("-P", finished.folder, "personas", "list", "-n", 2).out.splitlines()
    assert people[0].split() == ["id", "split", "text"]
    assert people[-1] == "30 personas."


def test_search_shows_the_best_first(pdistill: Run, finished: Any) -> None:
    lines = pdistill("-P", finished.folder, "search", "x", "-t", 2).out.splitlines()
    assert lines[0].split() == ["score", "id", "title", "image"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2"]


def test_stages_run_again_do_only_what_is_missing(pdistill: Run, own_project: Path) -> None:
    again = pdistill("-P", own_project, "tournament", "--json").json["result"]
    assert again["calls"] == 0
    trained = pdistill("-P", own_project, "train")
    assert trained.out.startswith("Nothing new to learn: efficientnet-minilm-v1 has learned from all ")
    indexed = pdistill("-P", own_project, "index").out
    assert "12 items are indexed for efficientnet-minilm-v1 (0 embedded, 0 removed" in indexed


def test_a_search_with_an_older_index_says_so(pdistill: Run, own_project: Path, tmp_path: Path) -> None:
    assert pdistill("-P", own_project, "personas", "generate", "--count", 5, "--seed", 9).code == 0
    assert pdistill("-P", own_project, "train", "--cycles", 2).code == 0
    ran = pdistill("-P", own_project, "search", "x")
    assert ran.code == 0
    assert "Note: Searched with efficientnet-minilm-v1; efficientnet-minilm-v2 is newer: pdistill index" in ran.err
    assert ran.json if ran.out.startswith("{") else ran.out


def test_an_evaluation_is_a_table_per_split(pdistill: Run, finished: Any) -> None:
    out = pdistill("-P", finished.folder, "eval").out
    for split in ("in-domain", "new-personas", "new-items", "new-both"):
        assert sum(line.startswith(f"{split}: ") for line in out.splitlines()) == 1
    only = pdistill("-P", finished.folder, "eval", "--student", "efficientnet-minilm-v0", "--json").json["result"]
    assert {system["student"] for system in only["systems"]} == {"efficientnet-minilm-v0"}


def test_plugins_shows_every_one_with_its_package(pdistill: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDISTILL_PLUGINS", "")
    ran = pdistill("plugins")
    rows = [line.split() for line in ran.out.splitlines()]
    assert rows[0] == ["kind", "name", "package", "version", "health"]
    assert ["teacher", "caption", "pdistill", __version__, "ok"] in rows
    assert {row[0] for row in rows[1:]} == {
        "teacher",
        "student",
        "loss",
        "sampler",
        "strategy",
        "recipe",
        "generator",
    }
    assert all(row[-1] == "ok" for row in rows[1:])
    assert ran.code == 0


COMMANDS = """
import sys
from typing import Annotated

import typer

from pdistill.cli.session import Session
from pdistill.contracts import Outcome


def hello(context: typer.Context, name: Annotated[str, typer.Argument(help="Who.")] = "you") -> None:
    '''Greet somebody.'''
    session = Session.of(context)
    session.finish(Outcome({"greeted": name}), lambda result: session.print(f"Hello {name}"))


many = typer.Typer()


@many.command()
def one() -> None:
    print("one")


@many.command()
def two() -> None:
    sys.exit(3)


def bug(context: typer.Context) -> None:
    raise RuntimeError("mine")


number = 3
"""


@pytest.fixture
def others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with commands of its own, as pip leaves it."""
    site = tmp_path / "site"
    info = site / "greeter-0.3.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greeter\nVersion: 0.3\n")
    names = {"hello": "hello", "many": "many", "bug": "bug", "number": "number", "train": "hello", "gone": "nothing"}
    entries = "".join(f"{name} = greeter_commands:{target}\n" for name, target in names.items())
    (info / "entry_points.txt").write_text(f"[pdistill.commands]\n{entries}")
    (site / "greeter_commands.py").write_text(COMMANDS)
    monkeypatch.delitem(sys.modules, "greeter_commands", raising=False)
    monkeypatch.syspath_prepend(str(site))


def test_commands_of_others_are_listed_after_ours_without_loading_them(pdistill: Run, others: None) -> None:
    listed = pdistill("--help").out.partition("\nCommands:\n")[2].splitlines()
    names = [line.split()[0] for line in listed]
    assert names[: len(ORDER)] == list(ORDER)
    assert names[len(ORDER) :] == ["bug", "gone", "hello", "many", "number"]
    assert "(from the package greeter)" in listed[-1]
    assert "greeter_commands" not in sys.modules


def test_commands_of_others_are_commands(pdistill: Run, others: None) -> None:
    assert pdistill("hello", "mum").out == "Hello mum\n"
    said = pdistill("hello", "--json").json
    assert (said["command"], said["result"]) == ("hello", {"greeted": "you"})
    assert "Greet somebody." in pdistill("hello", "--help").out
    assert pdistill("many", "one").out == "one\n"
    assert pdistill("many", "two").code == 3


def test_a_command_of_another_never_replaces_ours_and_that_is_told(pdistill: Run, others: None) -> None:
    assert "Train a new version" in pdistill("train", "--help").out
    ran = pdistill("plugins", "--json")
    assert ran.code == 5
    causes = {each["id"]: each["message"] for each in ran.json["errors"]}
    assert set(causes) == {"command train", "command gone"}
    assert "of the package greeter is never run" in causes["command train"]


def test_broken_commands_of_others_cost_only_themselves(pdistill: Run, others: None) -> None:
    gone = pdistill("gone")
    assert gone.code == 3
    assert "The command 'gone' of the package greeter cannot be loaded: AttributeError" in gone.err
    assert "Traceback" not in gone.err
    number = pdistill("number")
    assert number.code == 3
    assert "The command 'number' of the package greeter is int, not a typer.Typer or a function." in number.err
    bug = pdistill("bug")
    assert bug.code == 1
    assert "This is a bug in pdistill or in a plugin: RuntimeError: mine" in bug.err
    assert "greeter_commands.py" in bug.err
    assert pdistill("hello").code == 0


def test_a_bug_keeps_its_traceback_and_an_error_gets_one_when_asked(
    pdistill: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Traceback" not in pdistill("-P", tmp_path, "catalog", "list").err
    monkeypatch.setenv("PDISTILL_DEBUG", "1")
    ran = pdistill("-P", tmp_path, "catalog", "list")
    assert ran.code == 2
    assert "Traceback" in ran.err
    assert ran.err.splitlines()[-2].startswith("Error: ")


def test_init_says_what_is_not_installed(pdistill: Run, tmp_path: Path) -> None:
    ran = pdistill("init", str(tmp_path / "shop"))
    assert ran.code == 0
    assert "teacher qwen2-vl is not installed" in ran.err and "student openclip is not installed" in ran.err
    assert "not installed" not in pdistill("init", str(tmp_path / "other"), "--embedded").err
