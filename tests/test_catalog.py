"""The catalog stage on real files: what is new, what changed, what fails, and which split everything falls into."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pdistill import catalog, images
from pdistill.errors import MissingArtifactError, UnknownNameError, UsageError
from pdistill.fingerprint import content_hash
from pdistill.sources import Fields
from pdistill.store.project import Project
from tests.small_shop import picture


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "project", embedded=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures of three contents, one with a text beside it."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, colour in (("red-mug", "red"), ("blue-scarf", "blue"), ("green-watering-can", "green")):
        (photos / f"{name}.png").write_bytes(picture(colour))
    (photos / "red-mug.txt").write_text("A mug for long mornings.")
    return photos


def shades(count: int) -> list[bytes]:
    """So many pictures, each of its own content."""
    return [picture((number, 255 - number, number // 2), size=(8, 8)) for number in range(count)]


def table(folder: Path, rows: list[dict[str, Any]], name: str = "catalog.csv") -> Path:
    """A table beside the pictures that its rows hold under 'data'; the column 'image' gets their paths."""
    folder.mkdir(exist_ok=True)
    written = []
    for number, row in enumerate(rows):
        (folder / f"{name}-{number}.png").write_bytes(row["data"])
        written.append({"image": f"{name}-{number}.png", **{key: row[key] for key in row if key != "data"}})
    path = folder / name
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in written))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(written[0]))
            writer.writeheader()
            writer.writerows(written)
    return path


def counts(outcome: Any) -> dict[str, int]:
    """What was counted, without the zeros."""
    return {name: outcome.result[name] for name in catalog.COUNTS if outcome.result[name]}


def test_a_folder_becomes_items_with_titles_texts_and_upright_pictures(project: Project, folder: Path) -> None:
    outcome = catalog.add(project, folder)
    assert counts(outcome) == {"added": 3}
    assert not outcome.failures and not outcome.warnings
    items = project.items()
    assert items.ids == ["blue-scarf", "green-watering-can", "red-mug"]
    assert items.texts == ["blue scarf", "green watering can", "red mug. A mug for long mornings."]
    assert items.sources == [str((folder / f"{name}.png").resolve()) for name in items.ids]
    assert items.hashes[2] == content_hash(picture("red"))
    stored = images.decode(project.pictures(["red-mug"])["red-mug"])
    assert stored.size == (40, 30)
    red, green, blue = stored.getpixel((20, 15))
    assert red > 250 and green < 5 and blue < 5


def test_adding_again_adds_only_what_is_new(project: Project, folder: Path) -> None:
    catalog.add(project, folder)
    before = project.item_table.read(["id", "split", "added_at"]).sort_by("id").to_pylist()
    assert counts(catalog.add(project, folder)) == {"unchanged": 3}
    assert project.item_table.read(["id", "split", "added_at"]).sort_by("id").to_pylist() == before
    (folder / "yellow-hat.png").write_bytes(picture("yellow"))
    outcome = catalog.add(project, folder)
    assert counts(outcome) == {"added": 1, "unchanged": 3}
    assert outcome.result["items"] == len(project.items()) == 4
    assert outcome.result["train"] + outcome.result["test"] == 4


def test_a_changed_text_or_picture_replaces_the_item(project: Project, folder: Path) -> None:
    catalog.add(project, folder)
    (folder / "red-mug.txt").write_text("A mug with a crack.")
    (folder / "blue-scarf.png").write_bytes(picture("navy"))
    assert counts(catalog.add(project, folder)) == {"updated": 2, "unchanged": 1}
    items = project.items()
    assert items.ids == ["blue-scarf", "green-watering-can", "red-mug"]
    assert items.texts[2] == "red mug. A mug with a crack."
    assert items.hashes[0] == content_hash(picture("navy"))
    red, green, blue = images.decode(project.pictures(["blue-scarf"])["blue-scarf"]).getpixel((20, 15))
    assert red < 8 and green < 8 and 120 < blue < 136  # navy is (0, 0, 128); JPEG is near it
    assert counts(catalog.add(project, folder)) == {"unchanged": 3}


def test_the_same_picture_twice_in_a_folder_is_one_item(project: Project, folder: Path) -> None:
    (folder / "zz-red-mug-copy.png").write_bytes(picture("red"))
    assert counts(catalog.add(project, folder)) == {"added": 3, "duplicates": 1}
    assert project.items().ids == ["blue-scarf", "green-watering-can", "red-mug"]
    # The one that was kept is still there the second time, and the copy is still a copy.
    assert counts(catalog.add(project, folder)) == {"unchanged": 3, "duplicates": 1}


def test_two_items_of_a_table_may_share_a_picture(project: Project, tmp_path: Path) -> None:
    """A shop lists one photo under two article numbers: both are items, in one split."""
    rows = [{"id": f"a{number}", "title": f"Thing {number}", "data": picture("red")} for number in range(6)]
    assert counts(catalog.add(project, table(tmp_path / "shop", rows))) == {"added": 6}
    assert len(set(project.items().splits)) == 1


def test_what_fails_is_listed_with_its_cause_and_the_rest_goes_on(project: Project, folder: Path) -> None:
    (folder / "a-letter.jpg").write_text("Dear reader, this is no picture.")
    (folder / "cut-off.png").write_bytes(picture("red", size=(400, 400))[:200])
    (folder / "nothing.jpg").write_bytes(b"")
    outcome = catalog.add(project, folder)
    assert counts(outcome) == {"added": 3, "failed": 3}
    causes = {failure["id"]: failure["error"] for failure in outcome.failures}
    assert set(causes) == {"a-letter", "cut-off", "nothing"}
    assert "not a picture" in causes["a-letter"] and "a-letter.jpg" in causes["a-letter"]
    assert "cut-off.png" in causes["cut-off"]
    assert "empty" in causes["nothing"]


def test_a_missing_file_and_a_repeated_id_cost_only_their_rows(project: Project, tmp_path: Path) -> None:
    rows = [{"id": own, "title": own, "data": data} for own, data in zip("abac", shades(4), strict=True)]
    path = table(tmp_path / "shop", rows)
    (tmp_path / "shop" / "catalog.csv-1.png").unlink()
    outcome = catalog.add(project, path)
    assert counts(outcome) == {"added": 2, "failed": 2}
    assert project.items().ids == ["a", "c"]
    causes = {failure["id"]: failure["error"] for failure in outcome.failures}
    assert "catalog.csv-1.png" in causes["b"]
    assert "'a' stands twice" in causes["a"]
    assert project.items().hashes[0] == content_hash(shades(4)[0])  # the first one is kept


def test_a_picture_over_the_limits_fails_with_the_setting_that_changes_it(tmp_path: Path, folder: Path) -> None:
    Project.create(tmp_path / "strict", embedded=True)
    strict = Project(tmp_path / "strict", {"images": {"max_pixels": 1_000}})  # 40 × 30 = 1,200 pixels
    outcome = catalog.add(strict, folder)
    assert counts(outcome) == {"failed": 3}
    assert "max_pixels" in outcome.failures[0]["error"]
    assert "The catalog is still empty." in outcome.warnings
    with pytest.raises(MissingArtifactError, match="catalog add"):
        strict.items()


def test_bytes_in_parquet_and_files_of_a_csv_are_the_same_items(tmp_path: Path) -> None:
    contents = shades(5)
    rows = [{"id": f"i{number}", "title": f"Shade {number}", "data": data} for number, data in enumerate(contents)]
    as_files, as_bytes = (Project.create(tmp_path / name, embedded=True) for name in ("files", "bytes"))
    catalog.add(as_files, table(tmp_path / "shop", rows))
    columns = {"id": [row["id"] for row in rows], "title": [row["title"] for row in rows], "image": contents}
    pq.write_table(pa.table(columns), tmp_path / "shop.parquet")
    assert counts(catalog.add(as_bytes, tmp_path / "shop.parquet")) == {"added": 5}
    one, other = as_files.items(), as_bytes.items()
    assert (one.ids, one.hashes, one.titles, one.splits) == (other.ids, other.hashes, other.titles, other.splits)
    assert as_files.pictures(one.ids) == as_bytes.pictures(other.ids)


def test_chosen_columns_beat_the_guess(project: Project, tmp_path: Path) -> None:
    rows = [{"id": "x", "title": "Wrong", "headline": "Right", "data": picture("red")}]
    outcome = catalog.add(project, table(tmp_path / "shop", rows), Fields(title="headline"))
    assert project.items().titles == ["Right"]
    assert outcome.result["fields"] == {"id": "id", "image": "image", "title": "headline"}
    # The column that was not chosen is kept, under a name that is free.
    assert catalog.show(project, "x")["title_"] == "Wrong"
    assert outcome.warnings == ["The column 'title' is kept as 'title_'."]


def test_other_columns_keep_their_types_and_a_later_source_may_bring_more(project: Project, tmp_path: Path) -> None:
    data = shades(4)
    first = [
        {"id": "a", "price": 9.5, "stock": 3, "vegan": True, "data": data[0]},
        {"id": "b", "price": 12.0, "stock": 0, "vegan": False, "data": data[1]},
    ]
    second = [{"id": "c", "price": 1.25, "brand": "Acme", "data": data[2]}]
    catalog.add(project, table(tmp_path / "shop", first, "one.jsonl"))
    kinds = {field.name: field.type for field in catalog.attributes_of(project)}
    assert kinds == {"price": pa.float64(), "stock": pa.int64(), "vegan": pa.bool_()}
    catalog.add(project, table(tmp_path / "shop", second, "two.jsonl"))
    kinds = {field.name: field.type for field in catalog.attributes_of(project)}
    assert kinds == {"price": pa.float64(), "stock": pa.int64(), "vegan": pa.bool_(), "brand": pa.string()}
    rows = project.item_table.read(["id", "price", "stock", "vegan", "brand"]).sort_by("id").to_pylist()
    assert rows == [
        {"id": "a", "price": 9.5, "stock": 3, "vegan": True, "brand": None},
        {"id": "b", "price": 12.0, "stock": 0, "vegan": False, "brand": None},
        {"id": "c", "price": 1.25, "stock": None, "vegan": None, "brand": "Acme"},
    ]


def test_a_changed_attribute_is_an_update(project: Project, tmp_path: Path) -> None:
    row = {"id": "a", "title": "A", "price": 9.5, "data": picture("red")}
    catalog.add(project, table(tmp_path / "shop", [row], "one.jsonl"))
    assert counts(catalog.add(project, table(tmp_path / "shop", [{**row, "price": 8.0}], "one.jsonl"))) == {
        "updated": 1
    }
    assert catalog.show(project, "a")["price"] == 8.0


def test_a_column_of_another_type_is_refused_before_anything_is_stored(project: Project, tmp_path: Path) -> None:
    data = shades(3)
    catalog.add(project, table(tmp_path / "shop", [{"id": "a", "price": 9.5, "data": data[0]}], "one.jsonl"))
    second = [{"id": "b", "price": "on request", "brand": "Acme", "data": data[1]}]
    path = table(tmp_path / "shop", second, "two.jsonl")
    with pytest.raises(UsageError) as caught:
        catalog.add(project, path)
    assert "'price'" in caught.value.message and "double" in caught.value.message
    assert "Rename" in caught.value.hint
    assert project.items().ids == ["a"]
    assert [field.name for field in catalog.attributes_of(project)] == ["price"]
    # The project is not held by the failed command, and goes on.
    assert counts(catalog.add(project, table(tmp_path / "shop", [{"id": "c", "data": data[2]}], "three.jsonl"))) == {
        "added": 1
    }


def test_pictures_of_one_product_are_in_one_split(project: Project, tmp_path: Path) -> None:
    """By the product column; without one, by the title."""
    data = shades(240)
    by_column = [
        {"id": f"p{number}", "title": f"View {number}", "product_id": f"P{number // 3}", "data": data[number]}
        for number in range(120)
    ]
    by_title = [
        {"id": f"t{number}", "title": f"Titled {number // 3}" + " " * (number % 2), "data": data[number]}
        for number in range(120, 240)
    ]
    catalog.add(project, table(tmp_path / "shop", by_column, "one.csv"), Fields(id="id", product="product_id"))
    catalog.add(project, table(tmp_path / "shop", by_title, "two.csv"))
    items = project.items()
    split_of = dict(zip(items.ids, items.splits, strict=True))
    for rows, key in ((by_column, "product_id"), (by_title, "title")):
        groups: dict[str, set[str]] = {}
        for row in rows:
            groups.setdefault(row[key].strip(), set()).add(split_of[row["id"]])
        assert len(groups) == 40
        assert all(len(splits) == 1 for splits in groups.values())
        # Of 40 products 30 % are for tests: 12, give or take four deviations of √(40 · .3 · .7) = 2.9.
        assert 1 <= sum(splits == {"test"} for splits in groups.values()) <= 23


def test_the_same_content_is_in_one_split_whatever_it_is_called(project: Project, tmp_path: Path) -> None:
    data = shades(60)
    for name in ("one", "two"):
        rows = [{"id": f"{name}{i}", "title": f"{name} {i}", "data": content} for i, content in enumerate(data)]
        catalog.add(project, table(tmp_path / "shop", rows, f"{name}.csv"))
    items = project.items()
    split_of = dict(zip(items.ids, items.splits, strict=True))
    assert [split_of[f"one{i}"] for i in range(60)] == [split_of[f"two{i}"] for i in range(60)]
    assert set(items.splits) == {"train", "test"}


def test_splits_do_not_change_when_more_is_added_or_the_settings_change(project: Project, tmp_path: Path) -> None:
    data = shades(90)
    rows = [{"id": f"i{i}", "title": f"Thing {i}", "data": content} for i, content in enumerate(data)]
    catalog.add(project, table(tmp_path / "shop", rows[:45]))
    items = project.items()
    before = dict(zip(items.ids, items.splits, strict=True))
    catalog.add(project, table(tmp_path / "shop", rows))
    other = Project(project.root, {"split": {"test_items": 0.9, "seed": 7}})
    changed = [{**row, "title": f"{row['title']} anew"} for row in rows[:45]]
    assert counts(catalog.add(other, table(tmp_path / "shop", changed))) == {"updated": 45}
    after = dict(zip(project.items().ids, project.items().splits, strict=True))
    assert {item: after[item] for item in before} == before


def test_a_new_picture_of_a_known_product_joins_it_whatever_the_settings_say_now(
    project: Project, tmp_path: Path
) -> None:
    data = shades(80)
    rows = [{"id": f"i{i}", "title": f"Thing {i % 40}", "data": content} for i, content in enumerate(data)]
    catalog.add(project, table(tmp_path / "shop", rows[:40]))
    other = Project(project.root, {"split": {"test_items": 0.9, "seed": 7}})
    catalog.add(other, table(tmp_path / "shop", rows))
    split_of = dict(zip(project.items().ids, project.items().splits, strict=True))
    assert [split_of[f"i{i}"] for i in range(40)] == [split_of[f"i{i}"] for i in range(40, 80)]
    assert set(split_of.values()) == {"train", "test"}


def test_a_photo_taken_sideways_is_stored_upright(project: Project, tmp_path: Path) -> None:
    """Orientation 6: the camera was turned, so that what is on the left of the file is on top of the photo."""
    sideways = Image.new("RGB", (64, 32), "white")
    sideways.paste("red", (0, 0, 16, 32))
    exif = Image.Exif()
    exif[0x0112] = 6
    target = io.BytesIO()
    sideways.save(target, "JPEG", exif=exif, quality=95)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "flag.jpg").write_bytes(target.getvalue())
    catalog.add(project, tmp_path / "photos")
    shown = catalog.show(project, "flag")
    assert (shown["width"], shown["height"]) == (32, 64)
    stored = images.decode(project.pictures(["flag"])["flag"])
    top, bottom = stored.getpixel((16, 4)), stored.getpixel((16, 60))
    assert top[0] > 230 and top[1] < 40
    assert min(bottom) > 230


def test_an_interrupted_add_keeps_what_was_stored_and_goes_on(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"id": f"i{i:02}", "title": f"Thing {i}", "data": data} for i, data in enumerate(shades(40))]
    path = table(tmp_path / "shop", rows)
    real = images.prepare

    def interrupted(data: bytes, limits: images.Limits, name: str) -> images.Stored:
        if name == "catalog.csv-23.png":
            raise KeyboardInterrupt
        return real(data, limits, name)

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "AT_ONCE", 5)
        patch.setattr(catalog, "STORE_ROWS", 10)
        patch.setattr(images, "prepare", interrupted)
        with pytest.raises(KeyboardInterrupt):
            catalog.add(project, path)
    # Row 23 is in the fifth five, after rows 0 to 19 were stored in two tens.
    assert project.items().ids == [f"i{i:02}" for i in range(20)]
    assert counts(catalog.add(project, path)) == {"added": 20, "unchanged": 20}
    assert project.items().ids == [f"i{i:02}" for i in range(40)]


def test_overview_counts_items_splits_texts_and_pictures(project: Project, folder: Path, tmp_path: Path) -> None:
    catalog.add(project, folder)
    catalog.add(project, table(tmp_path / "shop", [{"id": "z", "price": 2, "data": picture("red")}]))
    found = catalog.overview(project, count=2)
    assert found["items"] == 4 and sum(found["splits"].values()) == 4
    assert found["with_text"] == 3  # the row of the table has none
    assert found["pictures"] == 3  # and the picture of the red mug
    assert found["columns"] == {"folder": "string", "price": "int64"}
    assert [row["id"] for row in found["first"]] == ["blue-scarf", "green-watering-can"]


def test_showing_an_unknown_item_names_the_nearest(project: Project, folder: Path) -> None:
    catalog.add(project, folder)
    assert catalog.show(project, "red-mug")["text"] == "A mug for long mornings."
    with pytest.raises(UnknownNameError) as caught:
        catalog.show(project, "red-mugg")
    assert "'red-mugg'" in caught.value.message
    assert caught.value.hint == "Did you mean 'red-mug'?"
