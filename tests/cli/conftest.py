"""Runs the program in this process, and a small finished project to run it on."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pdistill.cli.app import main

GOODS = (
    ("red", "Red mug"),
    ("green", "Garden gloves"),
    ("blue", "Blue kite"),
    ("yellow", "Sun hat"),
    ("purple", "Lavender soap"),
    ("black", "Leather wallet"),
    ("white", "Tea cup"),
    ("orange", "Fruit bowl"),
    ("brown", "Walking boots"),
    ("pink", "Rose seeds"),
    ("gray", "Desk lamp"),
    ("cyan", "Swimming goggles"),
)


@dataclass(frozen=True)
class Ran:
    """What one run of the program gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The envelope; stdout has to be it and nothing else, on one line."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    def told(self, code: int, *words: str) -> None:
        """It failed with one error of one or two lines, which hold `words`, and said nothing else."""
        lines = self.err.splitlines()
        assert self.code == code, self.err
        assert 1 <= len(lines) <= 2, self.err
        assert lines[0].startswith("Error: ")
        assert "Traceback" not in self.err
        assert self.out == ""
        for word in words:
            assert word in self.err

    def failed(self, *expected: tuple[str, str]) -> None:
        """It went on, and exactly these items are listed as failed: (id, words of its cause)."""
        assert self.code == 5
        assert "Traceback" not in self.err
        listed = [line.removeprefix("Failed: ") for line in self.err.splitlines() if line.startswith("Failed: ")]
        assert len(listed) == len(expected), self.err
        for line, (item, cause) in zip(listed, expected, strict=True):
            assert line.startswith(f"{item}: ")
            assert cause in line


def run(*arguments: object) -> Ran:
    """`pdistill ARGUMENTS` in this process."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        code = main([os.fspath(each) if isinstance(each, os.PathLike) else str(each) for each in arguments])
    return Ran(code, *(stream.buffer.getvalue().decode() for stream in streams))  # type: ignore[attr-defined]


@pytest.fixture
def pdistill() -> Callable[..., Ran]:
    return run


def write_goods(folder: Path) -> Path:
    """Twelve plain pictures and a catalog.csv that says what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["id,image,title\n"]
    for number, (colour, title) in enumerate(GOODS):
        Image.new("RGB", (32, 32), colour).save(folder / f"{number}.png")
        lines.append(f"item-{number},{number}.png,{title}\n")
    (folder / "catalog.csv").write_text("".join(lines), encoding="utf-8")
    return folder / "catalog.csv"


@pytest.fixture(scope="session")
def goods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog.csv of twelve goods; not to be changed."""
    return write_goods(tmp_path_factory.mktemp("goods"))


@dataclass(frozen=True)
class Finished:
    """A project that went through every stage with the embedded teacher and student, and what --json said of each."""

    folder: Path
    said: dict[str, Ran]


@pytest.fixture(scope="session")
def finished(goods: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """Not to be changed; see `own_project`."""
    pytest.importorskip("timm")
    folder = tmp_path_factory.mktemp("finished") / "project"
    with pytest.MonkeyPatch.context() as patch:
        for variable in [name for name in os.environ if name.startswith("PDISTILL_")]:
            patch.delenv(variable)
        stages = {
            "init": (folder, "--embedded"),
            "catalog add": (goods,),
            "personas generate": ("--count", 30),
            "tournament": (),
            "train": (),
            "index": (),
            "search": ("something for the garden", "--top", 3),
            "eval": (),
        }
        said = {name: run("-P", folder, *name.split(), *more, "--json") for name, more in stages.items()}
    for name, ran in said.items():
        assert ran.code == 0, f"{name}: {ran.out} {ran.err}"
    yield Finished(folder, said)


@pytest.fixture
def own_project(finished: Finished, tmp_path: Path) -> Path:
    """A copy of the finished project, to be changed."""
    return Path(shutil.copytree(finished.folder, tmp_path / "own"))


@pytest.fixture
def empty_project(pdistill: Callable[..., Ran], tmp_path: Path) -> Path:
    """A project with the embedded teacher and student and nothing in it."""
    assert pdistill("init", tmp_path / "empty", "--embedded").code == 0
    return tmp_path / "empty"
