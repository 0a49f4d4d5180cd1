"""Packages installed by pip into a fresh environment: a good plugin, a broken one, and one with a command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]

PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0.7"

[project.entry-points."{group}"]
{entry}

[tool.setuptools]
py-modules = ["{module}"]
"""

HELLO = """\
import typer

from pdistill.cli.session import Session
from pdistill.contracts import Outcome


def hello(context: typer.Context) -> None:
    "Greet whoever installed this."
    session = Session.of(context)
    session.finish(Outcome({"greeting": "hello"}), lambda result: session.print("Hello from another package"))
"""

CHECK_LOSS = """\
import pdistill, sys
from pdistill import registry
from pdistill.testing import check_loss

assert pdistill.__file__.startswith(sys.prefix), pdistill.__file__
loss = registry.create("loss", "list-mle", {"temperature": 0.1})
check_loss(loss)
print(type(loss).__module__)
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and a project in it."""

    bin: Path
    folder: Path

    def run(self, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        """A program of the environment, away from the repository."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PDISTILL_", "PYTHONPATH"))}
        program, *rest = map(str, arguments)
        return subprocess.run(
            [self.bin / program, *rest],
            env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **more},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def pip(self, *arguments: object) -> None:
        """pip, with no index to turn to."""
        done = self.run("python", "-m", "pip", "--disable-pip-version-check", *arguments)
        assert done.returncode == 0, f"pip says: {done.stdout}\n{done.stderr}"

    def plugins(self, **more: str) -> tuple[int, dict[str, dict[str, Any]]]:
        """Exit code and rows of `pdistill plugins`, by name."""
        done = self.run("pdistill", "plugins", "--json", **more)
        envelope = json.loads(done.stdout)
        return done.returncode, {row["name"]: row for row in envelope["result"]["plugins"]}


def write_package(folder: Path, name: str, group: str, entry: str, code: str) -> Path:
    """A package of one module with one entry point, as its author would have it."""
    module = name.replace("-", "_")
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name, group=group, entry=entry, module=module))
    (folder / f"{module}.py").write_text(code)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A fresh environment with pdistill and three packages, each built and installed by pip without any index.

    What they depend on is seen through the environment that the tests run in, so that nothing is downloaded.
    """
    if find_spec("pip") is None or find_spec("setuptools") is None or int(version("setuptools").split(".")[0]) < 77:
        pytest.skip("needs pip and setuptools >= 77, which the extra 'test' brings")
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "fresh"], check=True)
    fresh = Environment(folder / "fresh" / "bin", folder)
    site = Path(fresh.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip())
    seen = [each for each in sys.path if Path(each).name in ("site-packages", "dist-packages")]
    (site / "seen.pth").write_text("".join(f"import site; site.addsitedir({each!r})\n" for each in seen))

    # Copies: building leaves folders behind in the source.
    source = folder / "pdistill-source"
    source.mkdir()
    shutil.copytree(REPOSITORY / "pdistill", source / "pdistill", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(REPOSITORY / name, source)
    good = folder / "list-mle-source"
    leave = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    shutil.copytree(REPOSITORY / "plugins" / "pdistill-list-mle", good, ignore=leave)
    broken = write_package(
        folder / "broken-source",
        "pdistill-broken",
        "pdistill.losses",
        'broken = "pdistill_broken:Loss"',
        "import a_package_that_nobody_has\n",
    )
    hello = write_package(
        folder / "hello-source", "pdistill-hello", "pdistill.commands", 'hello = "pdistill_hello:hello"', HELLO
    )
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    fresh.pip("install", *options, source, good, broken, hello)
    assert fresh.run("pdistill", "init", "project", "--embedded").returncode == 0
    return fresh


def test_pdistill_itself_is_the_one_installed(installed: Environment) -> None:
    script = "import pdistill, sys; print(pdistill.__file__.startswith(sys.prefix))"
    assert installed.run("python", "-c", script).stdout == "True\n"
    # What is no Python file is in the wheel too: the page of the demo is made from it.
    script = (
        "from importlib.resources import files; print(len(list(files('pdistill').joinpath('templates').iterdir())))"
    )
    assert int(installed.run("python", "-c", script).stdout) > 0


def test_the_help_lists_the_command_of_another_package(installed: Environment) -> None:
    done = installed.run("pdistill", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    line = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["hello"])
    assert "(from the package pdistill-hello)" in line
    assert "broken" not in done.stdout


def test_plugins_names_the_broken_one_with_its_package_and_the_rest_is_well(installed: Environment) -> None:
    code, rows = installed.plugins()
    assert code == 5
    ill = {name: row for name, row in rows.items() if row["health"] != "ok"}
    assert list(ill) == ["broken"]
    assert (ill["broken"]["package"], ill["broken"]["version"]) == ("pdistill-broken", "0.7")
    assert "a_package_that_nobody_has" in ill["broken"]["health"]
    assert (rows["list-mle"]["kind"], rows["list-mle"]["package"]) == ("loss", "pdistill-list-mle")
    assert (rows["hello"]["kind"], rows["hello"]["package"]) == ("command", "pdistill-hello")
    assert {"caption", "efficientnet-minilm", "bradley-terry", "diverse", "knockout", "two-stage"} <= set(rows)
    told = installed.run("pdistill", "plugins").stderr
    assert told.startswith("Failed: loss broken: The loss 'broken' of the package pdistill-broken cannot be loaded")
    assert "Traceback" not in told


def test_the_good_plugin_keeps_its_contract(installed: Environment) -> None:
    done = installed.run("python", "-c", CHECK_LOSS)
    assert (done.returncode, done.stdout) == (0, "pdistill_list_mle\n"), done.stderr


def test_the_good_plugin_is_taken_by_train(installed: Environment) -> None:
    # The loss is made before anything else is looked at; then the catalog turns out to be empty.
    done = installed.run("pdistill", "-P", "project", "train", "--loss", "list-mle")
    assert done.returncode == 4, done.stderr
    assert done.stderr.startswith("Error: The catalog is empty.")


def test_the_broken_plugin_is_refused_when_asked_for(installed: Environment) -> None:
    done = installed.run("pdistill", "-P", "project", "train", "--loss", "broken")
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "Error: The loss 'broken' of the package pdistill-broken cannot be loaded: "
        "ModuleNotFoundError: No module named 'a_package_that_nobody_has'.",
        "Mend or uninstall it: pip uninstall pdistill-broken",
    ]


def test_the_command_of_another_package_runs(installed: Environment) -> None:
    assert installed.run("pdistill", "hello").stdout == "Hello from another package\n"
    said = json.loads(installed.run("pdistill", "hello", "--json").stdout)
    assert (said["command"], said["result"]) == ("hello", {"greeting": "hello"})


def test_the_environment_turns_third_parties_off(installed: Environment) -> None:
    code, rows = installed.plugins(PDISTILL_PLUGINS="")
    assert code == 0
    assert {row["package"] for row in rows.values()} == {"pdistill"}
    assert "hello" not in installed.run("pdistill", "--help", PDISTILL_PLUGINS="").stdout
    done = installed.run("pdistill", "-P", "project", "train", "--loss", "list-mle", PDISTILL_PLUGINS="")
    assert done.returncode == 3
    assert "pip install ./plugins/pdistill-list-mle" in done.stderr
    code, rows = installed.plugins(PDISTILL_PLUGINS="pdistill-list-mle")
    assert code == 0
    assert {row["package"] for row in rows.values()} == {"pdistill", "pdistill-list-mle"}


def test_the_manual_does_not_change_with_what_is_installed(installed: Environment) -> None:
    done = installed.run("python", REPOSITORY / "docs" / "generate_cli.py", "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_plugin_s_own_tests_pass_where_it_is_installed(installed: Environment) -> None:
    done = installed.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", installed.folder / "list-mle-source")
    assert done.returncode == 0, done.stdout


def test_without_the_broken_package_all_is_well(installed: Environment) -> None:
    installed.pip("uninstall", "--yes", "pdistill-broken")
    code, rows = installed.plugins()
    assert code == 0
    assert "broken" not in rows
    assert {row["health"] for row in rows.values()} == {"ok"}
