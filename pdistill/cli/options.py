"""The global options, understood before and after the subcommand, and third-party subcommands loaded when run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from pdistill import __version__, registry
from pdistill.cli.session import Session
from pdistill.errors import PluginError

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}

ORDER = (
    "init",
    "catalog",
    "personas",
    "tournament",
    "train",
    "index",
    "search",
    "eval",
    "demo",
    "plugins",
    "doctor",
)
"""Our own subcommands in the order of work, as --help lists them."""

ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "-P",
        "--project",
        metavar="DIR",
        help="The project; else PDISTILL_PROJECT, else the nearest parent folder with pdistill.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON envelope instead of tables.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no talk.")]

_GLOBALS: dict[str, Any] = {"project_dir": ProjectOption, "json": JsonOption, "quiet": QuietOption}


def _version(context: typer.Context, wanted: bool) -> None:
    if wanted:
        session = Session.of(context)
        if session.json:
            session.envelope("ok", {"version": __version__}, [], [])
        else:
            session.print(f"pdistill {__version__}")
        raise typer.Exit


def root(
    context: typer.Context,
    project_dir: ProjectOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    """Take the global options that stand before the subcommand."""
    _remember(context, project_dir, json, quiet)


def between(
    context: typer.Context, project_dir: ProjectOption = None, json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Take the global options that stand between a group and its subcommand."""
    _remember(context, project_dir, json, quiet)


def _remember(context: typer.Context, project_dir: Path | None, json: bool, quiet: bool) -> None:
    session = Session.of(context)
    session.project_dir = project_dir or session.project_dir
    session.json = session.json or json
    session.quiet = session.quiet or quiet


def with_globals(function: Callable[..., None]) -> Callable[..., None]:
    """A command function that takes the global options too; its first parameter is the typer context."""
    signature = inspect.signature(function, eval_str=True)
    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None if name == "project_dir" else False, annotation=kind
        )
        for name, kind in _GLOBALS.items()
    ]
    whole = signature.replace(parameters=[*signature.parameters.values(), *added])

    @functools.wraps(function)
    def command(context: typer.Context, **given: Any) -> None:
        _remember(context, *(given.pop(name) for name in _GLOBALS))
        Session.of(context).command = context.command_path.partition(" ")[2]
        function(context, **given)

    del command.__wrapped__  # typer must see the whole signature
    command.__signature__ = whole  # type: ignore[attr-defined]
    command.__annotations__ = {name: parameter.annotation for name, parameter in whole.parameters.items()}
    return command


class Group(TyperGroup):
    """The root: third-party subcommands are listed by name and imported only when run."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Our own first, in the order of work, then those of other packages."""
        own = sorted(super().list_commands(ctx), key=ORDER.index)
        return [*own, *(name for name in registry.commands() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Our own command, or one that a package has registered."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        package = registry.commands().get(cmd_name)
        return Lazy(cmd_name, help=f"(from the package {package})") if package else None


class Lazy(TyperCommand):
    """A third-party subcommand: known by name, imported only when run."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Import the command and let it read its own arguments.

        A package may register a typer.Typer, or a function that takes the context first, as `with_globals` does.

        Raises: PluginError if it cannot be imported, or is no command.
        """
        found = registry.load_command(str(self.name))
        if inspect.isfunction(found):
            alone = typer.Typer(rich_markup_mode=None, context_settings=HELP_OPTIONS)
            alone.command(name=self.name)(with_globals(found))
            found = alone
        if isinstance(found, typer.Typer):
            found = typer.main.get_command(found)
        if not hasattr(found, "make_context"):
            package = registry.commands()[str(self.name)]
            raise PluginError(
                f"The command '{self.name}' of the package {package} is {type(found).__name__}, "
                "not a typer.Typer or a function."
            )
        return found.make_context(info_name, args, parent=parent, **extra)
