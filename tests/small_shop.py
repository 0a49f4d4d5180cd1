"""A small shop of gift ideas and projects over it, for tests of stages with the real teacher and student.

It owns pictures and a catalog file; it must not know what any test looks at.
"""

import csv
import io
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from pdistill import catalog, example, personas
from pdistill.store.project import Project

COLUMNS = ("id", "image", "title", "description", "category")


@cache
def _ideas() -> list[example.Idea]:
    return example.ideas()


@cache
def _drawing(emoji: str) -> bytes:
    target = io.BytesIO()
    example.draw(emoji).save(target, "PNG")
    return target.getvalue()


def chosen(count: int) -> list[example.Idea]:
    """`count` gift ideas from all over the example catalog, always the same ones."""
    ideas = _ideas()
    return ideas[:: len(ideas) // count][:count]


def write_shop(folder: Path, count: int) -> Path:
    """Pictures and a catalog.csv of `count` gift ideas; the path of the latter."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for idea in chosen(count):
        (folder / idea.image).write_bytes(_drawing(idea.emoji))
        rows.append((idea.id, idea.image, idea.title, idea.description, idea.category))
    path = folder / "catalog.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


def small_project(folder: Path, items: int = 24, people: int = 30, flags: dict[str, Any] | None = None) -> Project:
    """A project below `folder` with so many items and personas, the embedded teacher and student.

    Args:
        flags: settings that beat the file's; by default tournaments of at most 8 personas per split.
    """
    shop = write_shop(folder / "shop", items)
    Project.create(folder / "project", embedded=True)
    project = reopened(folder, flags)
    catalog.add(project, shop)
    personas.generate(project, people)
    return project


def reopened(folder: Path, flags: dict[str, Any] | None = None) -> Project:
    """The project of `small_project` as a later command would open it."""
    return Project(folder / "project", {"tournament": {"eval_personas": 8}} if flags is None else flags)


def picture(colour: str | tuple[int, int, int], size: tuple[int, int] = (40, 30), kind: str = "PNG") -> bytes:
    """A plain picture; two colours are two contents."""
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()
