"""What tests share: a world without network and settings, the doubles as installed plugins, and a small project."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from pdistill import catalog, personas, registry
from pdistill.store.project import Project

# Read by the hub's client when it is imported, which test modules may do before any fixture runs.
os.environ["HF_HUB_OFFLINE"] = "1"

REPOSITORY = Path(__file__).parent.parent

ENTRY_POINTS = """\
[pdistill.teachers]
scripted = doubles:Scripted

[pdistill.students]
tiny = doubles:TinyStudent
"""

SETTINGS = """\
[teacher]
name = "scripted"

[student]
name = "tiny"

[tournament]
items_per_question = 4
rankings_per_persona = 2
"""

COLOURS = {
    "red": (200, 30, 30),
    "green": (30, 170, 40),
    "blue": (40, 60, 200),
    "yellow": (230, 210, 40),
    "violet": (130, 40, 160),
    "grey": (120, 120, 120),
}
THINGS = ("boots", "lamp", "kite", "teapot", "tent")


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings from the environment, no network but this machine's, no plugin remembered."""
    for variable in [name for name in os.environ if name.startswith("PDISTILL_")]:
        monkeypatch.delenv(variable)
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _only_here(getattr(socket.socket, name)))
    registry.get.cache_clear()
    yield
    registry.get.cache_clear()


def _only_here(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        here = self.family == socket.AF_UNIX or str(address[0]) in ("localhost", "::1")
        if not here and not str(address[0]).startswith("127."):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    return guarded


@pytest.fixture(scope="session")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip leaves it after installing a package with the doubles' entry points."""
    folder = tmp_path_factory.mktemp("site")
    # A copy, for `tests` is also the name of a package that some dependencies install.
    shutil.copy(Path(__file__).parent / "doubles.py", folder)
    info = folder / "doubles-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubles\nVersion: 0.1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    return folder


@pytest.fixture
def doubles(_site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted teacher and the tiny student, registered as `scripted` and `tiny`."""
    monkeypatch.syspath_prepend(str(_site))
    registry.get.cache_clear()


@dataclass(frozen=True)
class Program:
    """How to run `pdistill` in a process of its own that knows the doubles."""

    environment: dict[str, str]

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "pdistill", *map(str, arguments)]


@pytest.fixture(scope="session")
def program(_site: Path) -> Program:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PDISTILL_")}
    return Program({**environment, "PYTHONPATH": f"{_site}{os.pathsep}{REPOSITORY}", "OMP_NUM_THREADS": "1"})


def picture(colour: tuple[int, int, int], thing: int) -> Image.Image:
    """A 24 x 24 picture: the colour, with a dark bar whose place tells the thing."""
    image = Image.new("RGB", (24, 24), colour)
    ImageDraw.Draw(image).rectangle((4 * thing, 2, 4 * thing + 3, 20), fill=(20, 20, 20))
    return image


def write_catalog(folder: Path, things: tuple[str, ...] = THINGS) -> Path:
    """Pictures of each thing in each colour, with a catalog.csv that says what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "catalog.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "image", "title", "price"])
        for number, thing in enumerate(things):
            for colour, rgb in COLOURS.items():
                picture(rgb, number).save(folder / f"{colour}-{thing}.png")
                writer.writerow([f"{colour}-{thing}", f"{colour}-{thing}.png", f"{colour} {thing}", 5 + number])
    return folder / "catalog.csv"


def write_personas(file: Path) -> Path:
    """24 personas: who somebody is and which colour they like."""
    people = ("hiker", "reader", "sailor", "cook")
    rows = [{"text": f"A {who} who likes {colour} things"} for who in people for colour in COLOURS]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with 30 items and 24 personas, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("filled")
    Project.create(folder / "project", embedded=True)
    (folder / "project" / "pdistill.toml").write_text(SETTINGS, encoding="utf-8")
    project = Project(folder / "project")
    catalog.add(project, write_catalog(folder / "pictures"))
    personas.import_file(project, write_personas(folder / "personas.jsonl"))
    return folder / "project"


@pytest.fixture
def project_folder(filled: Path, tmp_path: Path) -> Path:
    """A project of one's own with 30 items, 24 personas, the scripted teacher and the tiny student."""
    return Path(shutil.copytree(filled, tmp_path / "project"))


@pytest.fixture
def project(project_folder: Path, doubles: None) -> Project:
    """The same, opened."""
    return Project(project_folder)
