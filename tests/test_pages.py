from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from pdistill.errors import ImageError
from pdistill.pages import Hit, MetricRow, Search, before_after, search_results, thumbnail
from pdistill.statistics import Comparison, Interval

VOID = {"meta", "img", "br", "hr", "link", "input"}
EVIL = "<script>alert('x')</script>\"><img src=x onerror=y>{{ 7 * 7 }}"


class Page(HTMLParser):
    """Reads a page strictly: every tag that opens is closed by its own end, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of <{tag}> stands there twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1:] != ["style"]:
            self.texts.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def picture(colour: str = "teal", size: tuple[int, int] = (40, 30), form: str = "JPEG") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, form)
    return written.getvalue()


def hit(rank: int, id: str, title: str | None = None, image: bytes | None = None) -> Hit:
    return Hit(rank, f"Title of {id}" if title is None else title, 0.5 - rank / 100, image or picture(), id)


ROW = MetricRow(
    "New personas, new items",
    "Mean percentile rank",
    Interval(54.04, 50.0, 58.0),
    Interval(61.0, 57.25, 66.0),
    Comparison(6.96, 2.5, 11.0, 0.0123, 60),
)


def evil_pages() -> list[str]:
    hits = [Hit(1, EVIL, 0.1, picture(), EVIL)]
    row = MetricRow(EVIL, EVIL, *ROW_NUMBERS)
    return [
        before_after(EVIL, EVIL, [row], [Search(EVIL, hits, [Hit(1, "", 0.1, picture(), EVIL + "2")])], EVIL),
        search_results(EVIL, hits, EVIL),
    ]


ROW_NUMBERS = (ROW.before, ROW.after, ROW.difference)


@pytest.mark.parametrize("html", evil_pages())
def test_all_text_from_outside_is_escaped(html: str) -> None:
    page = Page(html)
    assert page.all("script") == []
    assert all("onerror" not in attributes for _, attributes in page.tags)
    assert [image for image in page.all("img") if not (image["src"] or "").startswith("data:image/")] == []
    # It is still there to be read, as text and as attributes, and is not run as a template.
    assert EVIL in page.texts
    assert EVIL in [caption["title"] for caption in page.all("figcaption")]
    assert EVIL in [image["alt"] for image in page.all("img")]
    assert "49" not in page.texts


@pytest.mark.parametrize(
    "html",
    [
        before_after("T", "I", [ROW], [Search("q", [hit(1, "a")], [hit(1, "b")])], "Photos: https://example.org/a"),
        search_results(
            "q http://example.org/b", [hit(1, "a", "http://example.org/c")], "Photos: https://example.org/a"
        ),
    ],
)
def test_a_page_needs_nothing_but_itself(html: str) -> None:
    page = Page(html)
    fetched = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "poster", "data", "action"} and not (value or "").startswith("data:image/")
    ]
    assert fetched == ["https://example.org/a"]  # a link to follow, in the attribution only
    assert {name for name, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object", "embed", "base", "form"})
    assert not re.search(r"url\(|@import", html)
    policies = [meta["content"] or "" for meta in page.all("meta") if "http-equiv" in meta]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; img-src data:;")


def test_pictures_are_inside_unchanged_and_have_alt_texts() -> None:
    jpeg, png = picture("red"), picture("blue", form="PNG")
    images = Page(search_results("q", [hit(1, "a", image=jpeg), hit(2, "b", title="", image=png)])).all("img")
    assert [image["alt"] for image in images] == ["Title of a", "Item b"]
    heads, bodies = zip(*((image["src"] or "").split(",") for image in images), strict=True)
    assert heads == ("data:image/jpeg;base64", "data:image/png;base64")
    assert [base64.b64decode(body) for body in bodies] == [jpeg, png]


def test_an_item_without_a_picture_says_so() -> None:
    page = Page(search_results("q", [Hit(1, "Lamp", 0.5, None, "a")]))
    assert page.all("img") == []
    assert "no picture" in page.texts
    assert "· 0.500 · a" in page.texts


def test_the_order_given_is_the_order_shown() -> None:
    searches = [
        Search("first", [hit(1, "c"), hit(2, "a")], [hit(1, "b"), hit(2, "c")]),
        Search("second", [hit(1, "e")], [hit(1, "d")]),
    ]
    page = Page(before_after("T", "I", [], searches))
    assert [caption["title"] for caption in page.all("figcaption")] == ["c", "a", "b", "c", "e", "d"]
    wanted = ["first", "Before", "After", "second", "Before", "After"]
    assert [text for text in page.texts if text in wanted] == wanted


def test_only_what_is_new_after_is_marked() -> None:
    search = Search("q", [hit(1, "a"), hit(2, "b")], [hit(1, "b"), hit(2, "c"), hit(3, "a")])
    page = Page(before_after("T", "I", [], [search]))
    assert [item["class"] for item in page.all("li")] == ["hit", "hit", "hit", "hit new", "hit"]
    assert page.texts.count("new") == 1
    assert "1 of 3 is new." in page.texts


def test_how_many_are_new_in_words() -> None:
    a, b = [hit(1, "a")], [hit(1, "b")]
    assert Search("q", a, b).news == "1 of 1 is new."
    assert Search("q", a, a).news == "None is new."
    assert Search("q", a, [*a, *b, hit(3, "c")]).news == "2 of 3 are new."
    assert Search("q", a, []).news == "Nothing was found."


def test_numbers_stand_with_their_intervals() -> None:
    recall = MetricRow(
        "S",
        "Recall",
        Interval(0.25, 0.1, 0.4),
        Interval(0.2, 0.1, 0.3),
        Comparison(-0.05, -0.1, 0.00004, 0.0004, 9),
        "",
    )
    page = Page(before_after("T", "I", [ROW, recall], []))
    cells = page.texts[page.texts.index("Mean percentile rank") :]
    assert cells[1:8] == [
        "54.0\u202f%",
        "50.0 to 58.0",
        "61.0\u202f%",
        "57.2 to 66.0",
        "+7.0",
        "+2.5 to +11.0",
        "p = 0.012",
    ]
    cells = cells[cells.index("Recall") :]
    assert cells[1:8] == [
        "0.250",
        "0.100 to 0.400",
        "0.200",
        "0.100 to 0.300",
        "−0.050",
        "−0.100 to 0.000",
        "p < 0.001",
    ]


def test_a_difference_is_coloured_only_where_its_interval_leaves_out_zero() -> None:
    def verdict(low: float, high: float) -> str:
        return MetricRow("S", "M", ROW.before, ROW.after, Comparison(0, low, high, 0.5, 9)).verdict

    assert [verdict(0.1, 2), verdict(-2, -0.1), verdict(-1, 1), verdict(0, 1)] == ["better", "worse", "open", "open"]
    assert [cell.get("class") for cell in Page(before_after("T", "", [ROW], [])).all("td")][2] == "better"


def test_the_chart_puts_numbers_on_one_scale() -> None:
    share = MetricRow("S", "M", Interval(0.5, 0.4, 0.6), ROW.after, ROW.difference, "")
    styles = [span["style"] for span in Page(before_after("T", "", [ROW, share], [])).all("span") if "style" in span]
    assert styles[:2] == ["left: 50.0%; right: 42.0%", "left: 54.04%"]
    assert styles[4:6] == ["left: 40.0%; right: 40.0%", "left: 50.0%"]
    # A number beyond the scale, and one that is not known, stay within it.
    nan = float("nan")
    odd = MetricRow("S", "M", Interval(140, -20, 150), Interval(nan, nan, nan), Comparison(nan, nan, nan, nan, 0))
    page = Page(before_after("T", "", [odd], []))
    styles = [span["style"] for span in page.all("span") if "style" in span]
    assert styles == ["left: 0.0%; right: 0.0%", "left: 100.0%", "left: 0.0%; right: 100.0%", "left: 0.0%"]
    assert "–" in page.texts


def test_rows_of_a_split_stand_together_in_their_order() -> None:
    rows = [MetricRow(split, label, *ROW_NUMBERS) for split, label in (("B", "1"), ("A", "2"), ("B", "3"))]
    texts = Page(before_after("T", "I", rows, [])).texts
    assert [text for text in texts if text in {"A", "B", "1", "2", "3"}] == ["B", "1", "3", "A", "2"]


def test_headings_step_down_one_by_one() -> None:
    page = Page(before_after("T", "I", [ROW], [Search("q", [hit(1, "a")], [])]))
    assert [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)] == ["h1", "h2", "h2", "h3", "h3"]
    assert page.all("html") == [{"lang": "en"}]


def test_what_is_empty_is_left_out() -> None:
    page = Page(before_after("T", "", [], []))
    assert page.all("table") == page.all("section") == page.all("footer") == []
    assert (
        "0 items, best first, each with its similarity to the search and its id." in Page(search_results("q", [])).texts
    )


def test_text_that_no_file_can_hold_is_replaced() -> None:
    html = search_results("half \ud83d of \x00 a pair, אב", [hit(1, "a")])
    html.encode()
    assert "half � of � a pair, אב" in Page(html).texts


def test_thumbnail_is_small_and_keeps_the_shape() -> None:
    with Image.open(io.BytesIO(thumbnail(picture("red", (400, 200)), side=100))) as small:
        assert (small.format, small.size) == ("JPEG", (100, 50))
        red, green, blue = small.convert("RGB").getpixel((50, 25))
        assert red > 240 and green < 15 and blue < 15
    with Image.open(io.BytesIO(thumbnail(picture(size=(40, 30))))) as same:
        assert same.size == (40, 30)


def test_thumbnail_turns_upright_and_puts_white_under_the_transparent() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: to be turned by a quarter
    lying = io.BytesIO()
    Image.new("RGB", (80, 40)).save(lying, "JPEG", exif=exif)
    with Image.open(io.BytesIO(thumbnail(lying.getvalue()))) as upright:
        assert upright.size == (40, 80)
    clear = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(clear, "PNG")
    with Image.open(io.BytesIO(thumbnail(clear.getvalue()))) as white:
        assert np.asarray(white).min() > 250


@pytest.mark.parametrize("data", [b"", b"no picture", picture()[:200], picture(form="PNG")[:60]])
def test_thumbnail_of_a_broken_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match=f"of {len(data)} bytes cannot be read"):
        thumbnail(data)


def test_a_page_of_sixty_noisy_photos_stays_under_two_megabytes() -> None:
    # Noise is the worst that a photo can be for JPEG.
    noise = np.random.default_rng(0).integers(0, 256, size=(600, 600, 3), dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(noise).save(written, "JPEG")
    small = thumbnail(written.getvalue())
    hits = [hit(rank, f"item-{rank}", image=small) for rank in range(1, 11)]
    assert len(before_after("T", "I", [ROW], [Search("q", hits, hits)] * 3).encode()) < 2_000_000
