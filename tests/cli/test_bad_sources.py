"""Catalogs and persona files that are none are refused whole; single items that fail cost only themselves."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def vast_png(side: int = 30_000) -> bytes:
    """A whole, valid PNG of side x side black pixels, one bit each, written by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row * 1000) for _ in range(side // 1000)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.csv", None, ("There is no file or folder", "Check the path")),
        ("gone", None, ("There is no file or folder", "Check the path")),
        ("notes.docx", b"x", ("is no catalog that is understood", ".csv")),
        ("no-image.csv", b"id,price\na,3\n", ("id, price", "--image-field")),
        ("empty.csv", b"", ("empty.csv", "empty")),
        ("head-only.csv", b"id,image\n", ("head-only.csv", "no rows")),
        ("not.parquet", b"PAR1 no it is not", ("not.parquet",)),
        ("zip.csv", b"PK\x03\x04\x00\x00\xff\xfe\x00", ("zip.csv",)),
        ("not.jsonl", b"{'id': 1}\n", ("not.jsonl",)),
    ],
)
def test_a_source_that_is_none(
    pdistill: Run, empty_project: Path, tmp_path: Path, name: str, content: bytes | None, words: tuple[str, ...]
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    pdistill("-P", empty_project, "catalog", "add", tmp_path / name).told(2, *words)
    ran = pdistill("-P", empty_project, "catalog", "list")
    assert ran.code == 4, "a refused source leaves the catalog as it was"


def test_an_empty_folder(pdistill: Run, empty_project: Path, tmp_path: Path) -> None:
    (tmp_path / "empty-folder").mkdir()
    ran = pdistill("-P", empty_project, "catalog", "add", tmp_path / "empty-folder")
    ran.told(2, f"The folder '{tmp_path / 'empty-folder'}' holds no pictures.", ".jpg")


def test_a_column_that_is_not_there(pdistill: Run, empty_project: Path, goods: Path) -> None:
    pdistill("-P", empty_project, "catalog", "add", goods, "--title-field", "titel").told(2, "'titel'", "title")
    pdistill("-P", empty_project, "catalog", "add", goods.parent, "--id-field", "id").told(2, "has no columns")


def test_persona_files_that_are_none(pdistill: Run, empty_project: Path, tmp_path: Path) -> None:
    pdistill("-P", empty_project, "personas", "import", tmp_path / "gone.jsonl").told(2, "gone.jsonl")
    table = tmp_path / "people.csv"
    table.write_text("age,town\n3,Ulm\n")
    ran = pdistill("-P", empty_project, "personas", "import", table, "--text-field", "persona")
    ran.told(2, "'persona'", "age, town")


# --- items that fail, while the rest goes on ---


def test_bad_pictures_are_listed_with_their_cause_and_the_rest_goes_on(
    pdistill: Run, empty_project: Path, goods: Path, tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    good = (goods.parent / "0.png").read_bytes()
    (shop / "good.png").write_bytes(good)
    (shop / "text.jpg").write_text("This is no picture at all.")
    (shop / "cut.png").write_bytes(good[:40])
    (shop / "empty.png").write_bytes(b"")
    (shop / "vast.png").write_bytes(vast_png())
    (shop / "last.png").write_bytes((goods.parent / "1.png").read_bytes())
    names = ["good.png", "missing.jpg", "text.jpg", "cut.png", "empty.png", "vast.png", "", "last.png"]
    rows = "".join(f"item-{number},{name}\n" for number, name in enumerate(names))
    (shop / "table.csv").write_text(f"id,image\n{rows}")
    ran = pdistill("-P", empty_project, "catalog", "add", shop / "table.csv")
    ran.failed(
        ("item-1", "missing.jpg"),
        ("item-2", "'text.jpg' is not a picture that can be read: its content is in no known picture format"),
        ("item-3", "'cut.png' is not a picture that can be read"),
        ("item-4", "'empty.png' is not a picture that can be read: it is empty"),
        ("item-5", "'vast.png' has 900,000,000 pixels; at most 64,000,000 are decoded ([images] max_pixels"),
        ("item-6", "No picture is named."),
    )
    assert ran.out.startswith("2 added, 6 failed.")
    listed = pdistill("-P", empty_project, "catalog", "list", "--json").json["result"]
    assert [row["id"] for row in listed["first"]] == ["item-0", "item-7"]


def test_a_folder_of_bad_pictures_leaves_a_note(pdistill: Run, empty_project: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_text("no")
    ran = pdistill("-P", empty_project, "catalog", "add", tmp_path / "bad")
    ran.failed(("a", "'a.jpg' is not a picture"))
    assert "Note: The catalog is still empty." in ran.err


def test_a_persona_of_ten_thousand_characters_is_kept_shortened_in_lists_and_asked_about(
    pdistill: Run, own_project: Path, tmp_path: Path
) -> None:
    # 16 letters and a space, 588 times, and 4 more: 588 · 17 + 4 = 10,000.
    long = "gardeningmothers " * 588 + "last"
    assert len(long) == 10_000
    (tmp_path / "long.jsonl").write_text(json.dumps({"id": "long", "persona": long}) + "\n")
    ran = pdistill("-P", own_project, "personas", "import", tmp_path / "long.jsonl")
    assert ran.code == 0
    assert ran.out.startswith("1 added.")
    assert "Note: 1 persona is longer than 2,000 characters" in ran.err
    listed = pdistill("-P", own_project, "personas", "list", "-n", 100)
    row = next(line for line in listed.out.splitlines() if line.startswith("long "))
    assert len(row.rstrip()) < 250
    assert row.rstrip().endswith("\N{HORIZONTAL ELLIPSIS}")
    kept = pdistill("-P", own_project, "personas", "list", "-n", 100, "--json").json["result"]["first"]
    assert next(each["text"] for each in kept if each["id"] == "long") == long
    ran = pdistill("-P", own_project, "tournament", "--json")
    assert ran.code == 0
    assert ran.json["result"]["failed"] == 0
    assert ran.json["result"]["calls"] > 0
