"""The architecture, read from the source of every module: who may import whom, and what only one place may do."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "pdistill"

LAYERS: tuple[set[str], ...] = (
    {"", "errors"},
    {"contracts", "fingerprint"},
    {"ranking", "metrics", "statistics", "images", "pages", "gift_ideas"},
    {"registry", "settings", "formats", "fields", "folders", "fetching", "sources"},
    {"store"},
    {"encoding", "engine", "choosing"},
    {
        "catalog",
        "personas",
        "tournament",
        "training",
        "indexing",
        "searching",
        "evaluating",
        "example",
        "doctor",
    },
    {"cycles", "demo"},
    {"cli", "__main__"},
)
"""Lowest first; a module imports from lower layers. A package is one entry, and free within itself."""

STAGES, STRINGERS = LAYERS[6], LAYERS[7]

NEIGHBOURS = {
    "pages": {"statistics"},
    "sources": {"formats", "fields", "folders", "fetching"},
    "fields": {"formats"},
    "demo": {"cycles"},
    "engine": set(),
    "choosing": set(),
    "__main__": {"cli"},
}
"""What a module may import from its own layer. Stages never import each other."""

PLUGINS = {"teachers", "students", "losses", "samplers", "strategies", "recipes", "generators"}
FOR_PLUGINS = {"contracts", "errors", "fingerprint", "ranking", "embedded"}
"""All that a built-in plugin may use of pdistill, so that it could as well be a package of its own."""

ASIDE = {"embedded": {"errors", "fingerprint"}, "testing": {"contracts", "errors", "ranking"}}
"""Packages beside the layers, and all they may use."""

HEAVY = {"torch", "torchvision", "timm", "sentence_transformers", "transformers", "open_clip", "vllm", "lancedb"}


@dataclass(frozen=True)
class Import:
    """One import: the module in full, its line, and whether it runs when the importing module is loaded."""

    module: str
    line: int
    at_load: bool


def imports_of(source: str, module: str, known: frozenset[str] = frozenset()) -> Iterator[Import]:
    """All imports of a module but those for type checkers. `known`: what `from package import name` may name."""

    def walk(node: ast.AST, at_load: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for other in child.orelse:
                    yield from walk(ast.Module([other], []), at_load)
                continue
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, child.lineno, at_load) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                parent = ".".join(module.split(".")[: -child.level]) if child.level else ""
                origin = ".".join(part for part in (parent, child.module) if part)
                for alias in child.names:
                    inner = f"{origin}.{alias.name}"
                    yield Import(inner if inner in known else origin, child.lineno, at_load)
            yield from walk(
                child, at_load and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            )

    return walk(ast.parse(source), True)


def name_of(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def imports(module: str) -> tuple[Import, ...]:
    return tuple(imports_of(modules()[module].read_text(encoding="utf-8"), module, frozenset(modules())))


def part_of(module: str) -> str:
    """The entry of the tables above that a module of pdistill belongs to."""
    return [*module.split("."), ""][1]


def layer_of(part: str) -> int | None:
    return next((number for number, layer in enumerate(LAYERS) if part in layer), None)


def own_imports(module: str) -> list[tuple[str, Import]]:
    """What a module uses of pdistill outside its own part."""
    found = [(part_of(each.module), each) for each in imports(module) if each.module.split(".")[0] == "pdistill"]
    return [(part, each) for part, each in found if part != part_of(module)]


def test_the_walker_sees_what_it_should() -> None:
    source = (
        "import a.b as c\n"
        "from pdistill import images\n"
        "from pdistill.errors import UsageError\n"
        "if TYPE_CHECKING:\n    import never\n"
        "class K:\n    import at_load\n    def f(self):\n        from . import late\n"
        "try:\n    import tried\nexcept ImportError:\n    pass\n"
    )
    found = list(imports_of(source, "pdistill.cli.x", frozenset({"pdistill.images", "pdistill.cli.late"})))
    assert [(each.module, each.at_load) for each in found] == [
        ("a.b", True),
        ("pdistill.images", True),
        ("pdistill.errors", True),
        ("at_load", True),
        ("pdistill.cli.late", False),
        ("tried", True),
    ]


def test_every_module_has_its_place() -> None:
    placed = {part for layer in LAYERS for part in layer} | PLUGINS | set(ASIDE)
    lost = {part_of(module) for module in modules()} - placed
    assert not lost, f"say in LAYERS of {Path(__file__).name} where these belong: {', '.join(sorted(lost))}"
    gone = placed - {part_of(module) for module in modules()}
    assert not gone, f"these are no more: {', '.join(sorted(gone))}"


def _wrong(module: str) -> Iterator[str]:
    own = part_of(module)
    for part, each in own_imports(module):
        place = f"{modules()[module].relative_to(REPOSITORY)}:{each.line} imports {each.module}"
        if own in PLUGINS:
            if part not in FOR_PLUGINS:
                yield f"{place}: plugins know only {', '.join(sorted(FOR_PLUGINS))}"
        elif own in ASIDE:
            if part not in ASIDE[own]:
                yield f"{place}: {own} knows only {', '.join(sorted(ASIDE[own]))}"
        elif part in PLUGINS:
            yield f"{place}: a plugin is used through the registry only"
        else:
            here, there = layer_of(own), layer_of(part)
            assert here is not None
            if there is None or there > here or (there == here and part not in NEIGHBOURS.get(own, set())):
                yield f"{place}: {own} may use only what lies below it"


@pytest.mark.parametrize("module", modules())
def test_imports_go_downwards(module: str) -> None:
    assert not list(_wrong(module))


def test_stages_do_not_call_stages() -> None:
    assert not {part for stage in STAGES for part in NEIGHBOURS.get(stage, set()) & STAGES}
    strung = {part for module in ("pdistill.cycles", "pdistill.demo") for part, _ in own_imports(module)} & STAGES
    assert strung, "nothing strings stages together any more: are the tables above still true?"


def test_no_module_needs_itself() -> None:
    graph = {
        module: {each.module for each in imports(module) if each.module in modules() and each.module != module}
        for module in modules()
    }
    # A package's own __init__ runs before its modules; what counts is what they name.
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize(
    ("package", "only_in"),
    [("typer", "pdistill.cli"), ("rich", "pdistill.cli"), ("lancedb", "pdistill.store.database")],
)
def test_one_place_knows_a_library(package: str, only_in: str) -> None:
    users = {module for module in modules() if any(each.module.split(".")[0] == package for each in imports(module))}
    assert users, f"nothing uses {package}"
    assert {user for user in users if user != only_in and not user.startswith(f"{only_in}.")} == set()


@pytest.mark.parametrize("module", modules())
def test_heavy_libraries_are_loaded_when_used_and_by_plugins_only(module: str) -> None:
    if part_of(module) in PLUGINS:
        return  # loaded only when it is asked for
    loaded = [
        f"line {each.line}: {each.module}"
        for each in imports(module)
        if each.at_load and each.module.split(".")[0] in HEAVY
    ]
    assert not loaded, f"import it inside the function that needs it: {loaded}"


@pytest.mark.parametrize("module", modules())
def test_only_the_command_line_prints_and_exits(module: str) -> None:
    if part_of(module) == "cli":
        return
    found = []
    for node in ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        raised = ast.unparse(node.exc) if isinstance(node, ast.Raise) and node.exc else ""
        talk = called in {"print", "exit", "quit", "sys.exit", "os._exit", "sys.stdout.write", "sys.stderr.write"}
        if talk or raised.startswith("SystemExit"):
            found.append(f"line {node.lineno}: {called or raised}")  # type: ignore[attr-defined]
    assert not found


def declared() -> dict[str, dict[str, str]]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {group: dict(entries) for group, entries in project["entry-points"].items()}


@pytest.mark.parametrize("part", sorted(PLUGINS))
def test_every_plugin_file_is_registered(part: str) -> None:
    targets = declared()[f"pdistill.{part}"].values()
    registered = {target.partition(":")[0] for target in targets}
    files = {module for module in modules() if module.startswith(f"pdistill.{part}.")}
    assert registered <= files, f"pyproject.toml names what is not there: {sorted(registered - files)}"
    used = {each.module for module in registered for each in imports(module)}
    while more := {each.module for module in used & files for each in imports(module)} - used:
        used |= more
    idle = files - registered - used
    assert not idle, f"add these to pyproject.toml and run: pip install -e . {sorted(idle)}"


@pytest.mark.parametrize("part", sorted(PLUGINS))
def test_what_pyproject_registers_exists_and_is_installed(part: str) -> None:
    group = f"pdistill.{part}"
    for target in declared()[group].values():
        module, _, name = target.partition(":")
        tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    installed = {
        entry.name: entry.value for entry in entry_points(group=group) if entry.dist and entry.dist.name == "pdistill"
    }
    assert installed == declared()[group], "what is installed is not what pyproject.toml says: run pip install -e ."
