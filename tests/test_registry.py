"""The door for plugins, with packages as pip leaves them: a folder of metadata on the path, a module or none at all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pdistill import registry
from pdistill.errors import PdistillError, PluginError, UnknownNameError, UsageError

Install = Callable[..., None]

LOSS = """
class Plain:
    def __init__(self, temperature=1.0, strength=2.0):
        self.temperature = temperature
        if temperature == 13:
            raise OSError("no weights in /nowhere")
        if temperature <= 0:
            raise ValueError("temperature must be positive")

    def __call__(self, scores, targets):
        return scores.sum()


class Sampler:
    pass


class HalfTeacher:
    model = "m"
    fingerprint = "f"
    max_images = 8
    uses_text = True

    def rank(self, questions):
        return iter(())


class NeedsMore:
    def __init__(self):
        import a_package_that_nobody_has


class Insists:
    def __init__(self, key):
        self.key = key


class Refuses:
    def __init__(self):
        from pdistill.errors import ServiceError

        raise ServiceError("No GPU here.", "Plug one in.")


a_number = 3
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Lay a package with entry points, and the module they point to if its code is given, onto the path."""

    def lay(package: str, group: str, entries: dict[str, str], code: str = "", version: str = "1.2") -> None:
        site = tmp_path / "site"
        info = site / f"{package.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        lines = "".join(f"{name} = {target}\n" for name, target in entries.items())
        (info / "entry_points.txt").write_text(f"[{group}]\n{lines}")
        for module in {target.partition(":")[0] for target in entries.values()}:
            if code:
                (site / f"{module}.py").write_text(code)
                monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(str(site))
        registry.get.cache_clear()

    return lay


def caught(kind: str, name: str, options: dict[str, Any] | None = None) -> PdistillError:
    with pytest.raises(PdistillError) as error:
        registry.create(kind, name, options)
    return error.value


def test_built_ins_come_through_the_same_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDISTILL_PLUGINS", "")  # whatever else is installed here
    assert registry.names("teacher") == ["caption"]
    assert registry.names("student") == ["efficientnet-minilm"]
    assert registry.names("sampler") == ["diverse", "paper-bins", "random"]
    assert registry.names("strategy") == ["knockout", "successive-halving"]
    assert registry.create("sampler", "random").choose


def test_names_and_commands_are_listed_without_importing(install: Install) -> None:
    install("far", "pdistill.losses", {"far-loss": "far_off:Loss"}, "raise SystemExit('imported')")
    assert "far-loss" in registry.names("loss")
    assert "far_off" not in sys.modules
    install("farther", "pdistill.commands", {"hello": "farther_off:app"}, "raise SystemExit('imported')")
    assert registry.commands() == {"hello": "farther"}
    assert "farther_off" not in sys.modules


def test_a_third_party_plugin_is_made_with_its_options(install: Install) -> None:
    install("third", "pdistill.losses", {"third-loss": "third_losses:Plain"}, LOSS)
    assert registry.create("loss", "third-loss", {"temperature": 0.5}).temperature == 0.5
    found = {status.name: status for status in registry.statuses()}["third-loss"]
    assert (found.kind, found.package, found.version, found.health) == ("loss", "third", "1.2", "ok")


@pytest.mark.parametrize(
    ("kind", "wrong", "meant"),
    [
        ("loss", "bradley-tery", "bradley-terry"),
        ("student", "eficientnet-minilm", "efficientnet-minilm"),
        ("sampler", "paperbins", "paper-bins"),
        # Known, though not installed.
        ("teacher", "qwen2vl", "qwen2-vl"),
        ("student", "open-clip", "openclip"),
        ("loss", "listmle", "list-mle"),
    ],
)
def test_an_unknown_name_is_told_what_was_meant(kind: str, wrong: str, meant: str) -> None:
    error = caught(kind, wrong)
    assert isinstance(error, UnknownNameError)
    assert error.exit_code == 2
    assert f"There is no {kind} '{wrong}'." in error.message
    assert f"Did you mean '{meant}'?" in error.hint
    assert all(name in error.hint for name in registry.names(kind))


def test_a_name_like_no_other_gets_no_guess() -> None:
    error = caught("loss", "zzz")
    assert "Did you mean" not in error.hint
    assert "bradley-terry" in error.hint


@pytest.mark.parametrize(
    ("kind", "name", "way_out"),
    [
        ("teacher", "qwen2-vl", "--teacher caption"),
        ("student", "openclip", "--student efficientnet-minilm"),
        ("loss", "list-mle", "pip install ./plugins/pdistill-list-mle"),
    ],
)
def test_known_names_that_are_not_installed_give_the_way_out(
    kind: str, name: str, way_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PDISTILL_PLUGINS", "")  # where somebody has installed them
    error = caught(kind, name)
    assert isinstance(error, PluginError)
    assert f"The {kind} '{name}' is not installed." in error.message
    assert way_out in error.hint


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import a_package_that_nobody_has", "ModuleNotFoundError: No module named 'a_package_that_nobody_has'"),
        ("class Other: pass", "AttributeError"),
        ("def broken(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_broken_plugin_costs_only_itself_and_is_named_with_its_package(
    install: Install, code: str, cause: str
) -> None:
    install("bad-one", "pdistill.losses", {"bad": "bad_one:Loss"}, code)
    error = caught("loss", "bad")
    assert isinstance(error, PluginError)
    assert error.exit_code == 3
    assert "The loss 'bad' of the package bad-one cannot be loaded" in error.message
    assert cause in error.message
    assert "pip uninstall bad-one" in error.hint
    health = {status.name: status.health for status in registry.statuses()}
    assert [name for name, state in health.items() if state != "ok"] == ["bad"]
    assert len(health) > 10
    assert registry.create("sampler", "random")


def test_a_name_claimed_by_two_packages_is_refused_naming_both(install: Install) -> None:
    install("first-package", "pdistill.losses", {"same": "first_losses:Plain", "own": "first_losses:Plain"}, LOSS)
    install("second-package", "pdistill.losses", {"same": "second_losses:Plain"}, LOSS)
    error = caught("loss", "same")
    assert isinstance(error, PluginError)
    assert "first-package" in error.message
    assert "second-package" in error.message
    assert registry.create("loss", "own")
    # A package that takes a built-in's name is no exception.
    install("thief", "pdistill.losses", {"bradley-terry": "thief_losses:Plain"}, LOSS)
    error = caught("loss", "bradley-terry")
    assert "thief" in error.message
    assert "pdistill" in error.message


def test_one_package_found_twice_on_the_path_is_no_duplicate(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("third", "pdistill.losses", {"third-loss": "third_losses:Plain"}, LOSS)
    copy = tmp_path / "again"
    copy.mkdir()
    info = next((tmp_path / "site").glob("*.dist-info"))
    (copy / info.name).mkdir()
    for file in info.iterdir():
        (copy / info.name / file.name).write_bytes(file.read_bytes())
    monkeypatch.syspath_prepend(str(copy))
    assert registry.create("loss", "third-loss")


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [(None, ["a", "b"]), ("", []), ("plug-a", ["a"]), ("plug-a, Plug.B", ["a", "b"]), ("plug_b", ["b"])],
)
def test_the_environment_says_which_third_party_packages_come_in(
    install: Install, monkeypatch: pytest.MonkeyPatch, wanted: str | None, seen: list[str]
) -> None:
    install("plug-a", "pdistill.losses", {"a": "plug_a:Plain"}, LOSS)
    install("plug-b", "pdistill.losses", {"b": "plug_b:Plain"}, LOSS)
    install("plug-c", "pdistill.commands", {"c": "plug_c:Plain"}, LOSS)
    if wanted is not None:
        monkeypatch.setenv("PDISTILL_PLUGINS", wanted)
    names = registry.names("loss")
    assert [name for name in ("a", "b") if name in names] == seen
    assert "bradley-terry" in names  # built-ins are never turned off
    assert ("c" in registry.commands()) == (wanted is None)


def test_a_plugin_that_breaks_its_contract_says_what_it_lacks(install: Install) -> None:
    install("half", "pdistill.teachers", {"half": "half_teachers:HalfTeacher"}, LOSS)
    error = caught("teacher", "half")
    assert isinstance(error, PluginError)
    assert error.message == "The teacher 'half' of the package half lacks prompt_version, uses_images."
    install("half-sampler", "pdistill.samplers", {"nothing": "half_sampler:Sampler"}, LOSS)
    assert "of the package half-sampler lacks choose." in caught("sampler", "nothing").message
    install("half-loss", "pdistill.losses", {"no-call": "half_loss:Sampler"}, LOSS)
    assert "lacks __call__." in caught("loss", "no-call").message


def test_an_entry_point_that_is_no_class_is_named(install: Install) -> None:
    install("number", "pdistill.losses", {"number": "number_losses:a_number", "module": "number_losses"}, LOSS)
    assert "of the package number is int, not a class" in caught("loss", "number").message
    assert isinstance(caught("loss", "module"), PluginError)


def test_an_unknown_option_is_told_what_was_meant(install: Install) -> None:
    install("third", "pdistill.losses", {"third-loss": "third_losses:Plain"}, LOSS)
    error = caught("loss", "third-loss", {"temprature": 1})
    assert isinstance(error, UsageError)
    assert "has no option 'temprature'" in error.message
    assert error.hint == "Did you mean 'temperature'? Its options: temperature, strength."
    assert "Did you mean 'temperature'?" in caught("loss", "bradley-terry", {"temprature": 1}).hint


@pytest.mark.parametrize(
    ("target", "options", "kind_of_error", "words"),
    [
        ("Plain", {"temperature": -1}, UsageError, "refuses its options: temperature must be positive"),
        ("Plain", {"temperature": "warm"}, UsageError, "refuses its options"),
        ("Insists", {}, UsageError, "refuses its options: Insists.__init__() missing 1 required"),
        ("Plain", {"temperature": 13}, PluginError, "of the package third cannot be made: OSError: no weights in"),
        ("NeedsMore", {}, PluginError, "needs the package 'a_package_that_nobody_has'"),
        ("Refuses", {}, PdistillError, "No GPU here."),
    ],
)
def test_a_plugin_that_cannot_be_made_says_why(
    install: Install, target: str, options: dict[str, Any], kind_of_error: type[PdistillError], words: str
) -> None:
    install("third", "pdistill.losses", {"third-loss": f"third_losses:{target}"}, LOSS)
    error = caught("loss", "third-loss", options)
    assert isinstance(error, kind_of_error)
    assert words in error.message
    assert "embedded" not in error.hint  # our own extra would not help


def test_a_plugin_s_own_words_and_exit_code_reach_the_user(install: Install) -> None:
    install("third", "pdistill.losses", {"third-loss": "third_losses:Refuses"}, LOSS)
    error = caught("loss", "third-loss")
    assert (error.exit_code, error.hint) == (6, "Plug one in.")


def test_commands_of_third_parties_are_in_the_health_report(install: Install) -> None:
    install("greeter", "pdistill.commands", {"hello": "greeter_cli:app"}, "import typer\napp = typer.Typer()")
    install("grumbler", "pdistill.commands", {"grumble": "grumbler_cli:app"}, "import nothing_of_the_kind")
    found = {status.name: status for status in registry.statuses() if status.kind == "command"}
    assert found["hello"].health == "ok"
    assert "of the package grumbler cannot be loaded" in found["grumble"].health
    with pytest.raises(PluginError, match="grumbler"):
        registry.load_command("grumble")
