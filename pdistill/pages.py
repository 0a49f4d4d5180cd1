"""Pages for people: HTML in one file, with its pictures inside, no script and nothing fetched from elsewhere.

It knows what it is told to show: nothing of projects, students or the disk. All text from outside is escaped.
"""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pdistill.errors import ImageError
from pdistill.statistics import LEVEL, Comparison, Interval

if TYPE_CHECKING:
    from jinja2 import Environment

SIDE = 160
"""The longer side of a thumbnail in pixels: about twice a tile of the before and after rows, half one of a search."""

JPEG_QUALITY = 82

UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What HTML forbids and UTF-8 cannot hold: control characters, lone surrogates, noncharacters."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One item found.

    Attributes:
        rank: its place, from 1.
        title: the item's title; empty shows the id.
        score: the cosine similarity to the query.
        image: its picture as JPEG or PNG bytes, best a `thumbnail`; None where there is none.
        id: the item's id in the catalog.
    """

    rank: int
    title: str
    score: float
    image: bytes | None
    id: str


@dataclass(frozen=True, slots=True)
class Search:
    """What one query finds before and after, each best first."""

    query: str
    before: Sequence[Hit]
    after: Sequence[Hit]

    @property
    def new(self) -> frozenset[str]:
        """The ids that are found after but not before."""
        return frozenset(hit.id for hit in self.after) - {hit.id for hit in self.before}

    @property
    def news(self) -> str:
        """How many are new, as a sentence."""
        count, shown = len(self.new), len(self.after)
        if not shown:
            return "Nothing was found."
        return f"{count} of {shown} {'is' if count == 1 else 'are'} new." if count else "None is new."


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric on one split.

    Attributes:
        split: what it was measured on, as people read it ("New personas, new items"); rows of a split stand together.
        label: the metric's name, as people read it.
        before: the number of the student as it comes.
        after: the number of the trained student.
        difference: after − before.
        unit: "%" for numbers in [0, 100], "" for [0, 1]; as in `metrics.METRICS`.
    """

    split: str
    label: str
    before: Interval
    after: Interval
    difference: Comparison
    unit: str = "%"

    @property
    def verdict(self) -> str:
        """`better` or `worse` where the interval of the difference leaves out zero, else `open`."""
        if self.difference.low > 0:
            return "better"
        return "worse" if self.difference.high < 0 else "open"


def before_after(
    title: str, intro: str, metrics: Sequence[MetricRow], searches: Sequence[Search], attribution: str = ""
) -> str:
    """A page that shows what training changed: numbers first, then each query with its pictures before and after.

    Args:
        title: the heading.
        intro: plain text; an empty line starts a new paragraph.
        metrics: the rows of the table, none for no table; the order is kept within a split.
        searches: in the order to show them.
        attribution: plain text for the foot of the page, one paragraph a line; its web addresses become links.

    Returns: one HTML document.
    """
    splits: dict[str, list[MetricRow]] = {}
    for row in metrics:
        splits.setdefault(row.split, []).append(row)
    return _render(
        "before_after.html",
        title=title,
        intro=intro,
        splits=splits,
        searches=searches,
        level=f"{LEVEL:.0%}".replace("%", "\u202f%"),
        attribution=attribution,
    )


def search_results(query: str, hits: Sequence[Hit], attribution: str = "") -> str:
    """A page of what one query found, in the order given.

    Returns: one HTML document.
    """
    return _render("search_results.html", query=query, hits=hits, attribution=attribution)


def thumbnail(data: bytes, side: int = SIDE) -> bytes:
    """A small upright copy of a picture.

    Args:
        data: a picture in any form that Pillow reads.
        side: the most pixels of its longer side; a smaller picture is not enlarged.

    Returns: a JPEG; what was transparent is white.
    Raises: ImageError if the picture cannot be read.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.draft("RGB", (2 * side, 2 * side))
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"A picture of {len(data):,} bytes cannot be read: {error}.") from error
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    written = io.BytesIO()
    white.convert("RGB").save(written, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    return written.getvalue()


def _render(template: str, **told: Any) -> str:
    return _environment().get_template(template).render(**told)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pdistill"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_writable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "picture": _picture,
        "number": _number,
        "span": _span,
        "signed": _signed,
        "signed_span": _signed_span,
        "chance": _chance,
        "place": _place,
    }
    return environment


def _writable(value: Any) -> Any:
    """Take out of a text what no HTML file can hold; its class stays, so what is marked as safe stays so."""
    return type(value)(UNWRITABLE.sub("\ufffd", value)) if isinstance(value, str) else value


def _picture(data: bytes) -> str:
    """A picture as a data URL."""
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _number(value: float, unit: str = "") -> str:
    """`76.4 %` or `0.412`, with a true minus; a dash for what is not known."""
    if math.isnan(value):
        return "–"
    written = f"{value:.1f}\u202f%" if unit == "%" else f"{value:.3f}"
    if not written.strip("-0.%\u202f"):
        return written.removeprefix("-")
    return written.replace("-", "−")


def _span(of: Interval, unit: str) -> str:
    return f"{_bare(of.low, unit)} to {_bare(of.high, unit)}"


def _bare(value: float, unit: str) -> str:
    return _number(value, unit).removesuffix("\u202f%")


def _signed(value: float, unit: str) -> str:
    """A difference: of percents, in points."""
    written = _bare(value, unit)
    return f"+{written}" if value > 0 and written.strip("0.") else written


def _signed_span(of: Comparison, unit: str) -> str:
    return f"{_signed(of.low, unit)} to {_signed(of.high, unit)}"


def _chance(p_value: float) -> str:
    if math.isnan(p_value):
        return ""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _place(value: float, unit: str) -> float:
    """Where a value stands on a scale from nothing to all, in percent."""
    share = value if unit == "%" else 100 * value
    return 0.0 if math.isnan(share) else round(min(max(share, 0.0), 100.0), 2)
