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

PANEL = "Global options"
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}

ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "-P",
        "--project",
        metavar="DIR",
        help="The project; else PDISTILL_PROJECT, else the nearest parent folder with pdistill.toml.",
        rich_help_panel=PANEL,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON envelope instead of tables.", rich_help_panel=PANEL)
]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no talk.", rich_help_panel=PANEL)]

_GLOBALS: dict[str, Any] = {"project_dir": ProjectOption, "json": JsonOption, "quiet": QuietOption}


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pdistill {__version__}")
        raise typer.Exit


def root(
    context: typer.Context,
    project_dir: ProjectOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help="Print the version.", rich_help_panel=PANEL),
    ] = False,
) -> None:
    """Take the global options that stand before the subcommand."""
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
        """Our own first, then those of other packages."""
        own = super().list_commands(ctx)
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
        """Import the command and let it read its own arguments. Raises PluginError if it cannot be imported."""
        found = registry.load_command(str(self.name))
        real = typer.main.get_command(found) if isinstance(found, typer.Typer) else found
        return real.make_context(info_name, args, parent=parent, **extra)
