"""Finds the pictures of a folder, and the words that file names and text files beside them hold.

It owns the walk and the reading of names; it must not know records, projects, or how pictures are decoded.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pdistill.errors import UsageError

SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jp2"),
        *(".ppm", ".pgm", ".pbm", ".heic", ".heif"),
    )
)

MOST_VIEWS = 20
"""More pictures than this of one title in one folder are a numbered series, not views of one product."""

_CAMERA = re.compile(
    r"(img|image|images|dsc|dscn|dscf|dcim|pxl|mvimg|gopr|dji|vid|pano|photo|foto|picture|pic|bild|scan|screen|shot|"
    r"screenshot|whatsapp|download|untitled|file|thumb|thumbnail|copy|edited|final|front|back|side|main|large|small|"
    r"p|e|wa|at|am|pm)\d*",
    re.IGNORECASE,
)
"""Words that cameras, phones and programs put into names, and that say nothing about a product."""

_MEASURE = re.compile(r"\d+[^\W\d_]{1,3}|[^\W\d_]{2,}\d{1,2}")
"""Digits that belong to a word: 100ml, 4k, iphone15."""


@dataclass(frozen=True)
class Found:
    """One picture file.

    Attributes:
        path: the file.
        id: its path from the folder, with `/`, without its suffix unless two files would share the id.
        title: the words in its name, "" if there are none.
        product: the title, case-folded, shared by the views of one product; the id for one of a series; None without
            a title.
        folder: its parent from the folder, "" at the top.
        sidecar: the text file beside it, if there is one.
    """

    path: Path
    id: str
    title: str
    product: str | None
    folder: str
    sidecar: Path | None


def walk(root: Path) -> Iterator[Found]:
    """Every picture under `root`, sorted by path; hidden files are skipped, links followed but never in a circle.

    Only the names of the folders on the way down are in memory.

    Raises: UsageError for a folder that cannot be listed: passing over it would lose its pictures silently.
    """
    yield from _walk(root, "", frozenset())


def _walk(at: Path, folder: str, above: frozenset[tuple[int, int]]) -> Iterator[Found]:
    try:
        status = at.stat()
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        with os.scandir(at) as entries:
            names = sorted(_sortable(each) for each in entries if each.name[0] != ".")
    except OSError as error:
        raise UsageError(f"The folder '{at}' cannot be listed: {error.strerror}.", "Change its permissions.") from error
    files = {name for name in names if not name.endswith("/")}
    pictures = [name for name in names if name in files and Path(name).suffix.lower() in SUFFIXES]
    stems = Counter(Path(name).stem for name in pictures)
    titles = Counter(title_of(Path(name).stem).casefold() for name in pictures)
    pictured = set(pictures)
    for name in names:
        if name.endswith("/"):
            yield from _walk(at / name[:-1], f"{folder}{name}", above | {here})
        elif name in pictured:
            stem = Path(name).stem
            unique = stems[stem] == 1 and stem not in pictured
            title = title_of(stem)
            own_id = folder + (stem if unique else name)
            product = title.casefold() if titles[title.casefold()] <= MOST_VIEWS else own_id
            yield Found(
                path=at / name,
                id=own_id,
                title=title,
                product=product if title else None,
                folder=folder.rstrip("/"),
                sidecar=at / f"{stem}.txt" if f"{stem}.txt" in files else None,
            )


def _sortable(entry: os.DirEntry[str]) -> str:
    """The name, a folder's with a slash: so the whole walk is in the order of full paths."""
    try:
        return f"{entry.name}/" if entry.is_dir() else entry.name
    except OSError:  # a link to itself
        return entry.name


def title_of(stem: str) -> str:
    """The words in a file's name: 'red-garden_mug-03' -> 'red garden mug'; names that cameras or programs give -> ''.

    Numbers at either end (counters, dates) are dropped, and so are hashes, article numbers and camera words.
    """
    words = [word for word in re.split(r"[\W_]+", stem) if word]
    while words and words[0].isdecimal():
        words.pop(0)
    while words and words[-1].isdecimal():
        words.pop()
    words = [word for word in words if _says_something(word)]
    return " ".join(words) if any(_is_word(word) for word in words) else ""


def _says_something(word: str) -> bool:
    if _CAMERA.fullmatch(word):
        return False
    if word.isdecimal():
        return len(word) <= 4
    if any(letter.isdecimal() for letter in word):
        return bool(_MEASURE.fullmatch(word)) and len(word) < 12
    return len(word) < 40


def _is_word(word: str) -> bool:
    """Letters only, and in Latin script at least three with a vowel; other scripts may write a word in one sign."""
    if not all(letter.isalpha() for letter in word):
        return False
    return not word.isascii() or (len(word) >= 3 and bool(re.search("[aeiouy]", word, re.IGNORECASE)))
