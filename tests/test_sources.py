"""Catalog sources of every kind as streams of records, from real files and a real server."""

import base64
import datetime as dt
import io
import itertools
import json
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pdistill.errors import UsageError
from pdistill.fields import free_names
from pdistill.images import Limits
from pdistill.sources import Fields, Record, Source, open_source, read_texts


def jpeg(colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "JPEG")
    return buffer.getvalue()


RED, BLUE = jpeg("red"), jpeg("blue")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with images/red.jpg and images/blue.jpg."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "red.jpg").write_bytes(RED)
    (tmp_path / "images" / "blue.jpg").write_bytes(BLUE)
    return tmp_path


def table(folder: Path, text: str, name: str = "catalog.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def refused(path: Path, chosen: Fields | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        open_source(path, chosen)
    return str(caught.value)


def as_csv(rows: list[dict[str, str]]) -> tuple[str, str]:
    return "catalog.csv", "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])


def as_tsv(rows: list[dict[str, str]]) -> tuple[str, str]:
    return "catalog.tsv", as_csv(rows)[1].replace(",", "\t")


def as_jsonl(rows: list[dict[str, str]]) -> tuple[str, str]:
    return "catalog.jsonl", "\n".join(map(json.dumps, rows))


@pytest.mark.parametrize("written", [as_csv, as_tsv, as_jsonl])
def test_a_table_with_paths(shop: Path, written: Callable[[list[dict[str, str]]], tuple[str, str]]) -> None:
    rows = [
        {"id": "007", "image": "images/red.jpg", "title": " Red mug ", "description": "Of clay.", "colour": "red"},
        {"id": "", "image": str(shop / "images" / "blue.jpg"), "title": "", "description": "", "colour": "blue"},
        {"id": "b", "image": "images/gone.jpg", "title": "Gone", "description": "", "colour": "none"},
    ]
    name, text = written(rows)
    source = open_source(table(shop, text, name))
    assert source.fields_used() == {"id": "id", "image": "image", "title": "title", "text": "description"}
    assert source.attributes == [pa.field("colour", pa.string())] and source.total == 3
    assert list(source.records()) == [
        Record("007", "Red mug", "Of clay.", None, "images/red.jpg", RED, None, {"colour": "red"}),
        Record(None, "", "", None, str(shop / "images" / "blue.jpg"), BLUE, None, {"colour": "blue"}),
        Record(
            "b", "Gone", "", None, "images/gone.jpg", None, "The picture 'images/gone.jpg' does not exist.",
            {"colour": "none"},
        ),
    ]  # fmt: skip
    assert [record.id for record in source.records(threads=1)] == ["007", None, "b"]  # as often as one likes


def test_attributes_keep_their_types(shop: Path) -> None:
    path = table(
        shop,
        "id,image,price,stock,live,added,zip\n1,images/red.jpg,9.99,3,true,2024-01-02,01234\n2,images/red.jpg,,,,,\n",
    )
    source = open_source(path)
    assert {field.name: str(field.type) for field in source.attributes} == {
        "price": "double", "stock": "int64", "live": "bool", "added": "date32[day]", "zip": "string",
    }  # fmt: skip
    full, empty = source.records()
    assert full.attributes == {"price": 9.99, "stock": 3, "live": True, "added": dt.date(2024, 1, 2), "zip": "01234"}
    assert set(empty.attributes.values()) == {None}


def test_parquet_with_bytes_with_structs_and_with_broken_rows(tmp_path: Path, shop: Path) -> None:
    pictures = [{"bytes": RED, "path": "x.jpg"}, {"bytes": None, "path": "images/blue.jpg"}, None]
    pq.write_table(
        pa.table(
            {"image": pictures, "item_id": [1.0, 2.0, None], "tags": [["a"], [], None], "mask": [b"1", b"2", b"3"]}
        ),
        shop / "a.parquet",
    )
    source = open_source(shop / "a.parquet")
    assert source.fields_used() == {"image": "image", "id": "item_id"}
    assert source.left_out == ["mask"] and source.attributes == [pa.field("tags", pa.list_(pa.string()))]
    first, second, third = source.records()
    assert (first.id, first.data, first.source, first.attributes) == ("1", RED, "row 1", {"tags": ["a"]})
    assert (second.id, second.data) == ("2", BLUE)
    assert (third.id, third.data, third.error, third.source) == (None, None, "No picture is named.", "row 3")

    pq.write_table(pa.table({"sku": ["a"], "image_bytes": [RED]}), tmp_path / "b.parquet")
    assert [(record.id, record.data) for record in open_source(tmp_path / "b.parquet").records()] == [("a", RED)]


def test_data_urls_and_addresses(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, directory=str(shop), **options)  # type: ignore[misc,arg-type]

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        root = f"http://127.0.0.1:{server.server_port}/images"
        data = "data:image/jpeg;base64," + base64.b64encode(BLUE).decode()
        rows = [f"{root}/red.jpg", data, f"{root}/gone.jpg", "file:///etc/passwd", f"{root}/blue.jpg"]
        path = table(shop, "".join(json.dumps({"image_url": row}) + "\n" for row in rows), "a.jsonl")
        records = list(open_source(path).records())
    finally:
        server.shutdown()
        server.server_close()
    assert [record.data for record in records] == [RED, BLUE, None, None, BLUE]
    assert "answered 404" in str(records[2].error) and "only http and https" in str(records[3].error)
    assert records[0].source == f"{root}/red.jpg" and len(records[1].source) <= 120


def test_a_text_file_as_picture_is_left_to_the_decoder_and_a_big_one_is_refused(shop: Path) -> None:
    (shop / "words.jpg").write_text("words")
    (shop / "big.jpg").write_bytes(b"x" * 2_000)
    path = table(shop, "image\nwords.jpg\nbig.jpg\n")
    words, big = open_source(path, limits=Limits(max_bytes=1_999)).records()
    assert words.data == b"words"
    assert big.data is None and "2,000" in str(big.error) and "[images] max_bytes" in str(big.error)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["ID", "Image_Path", "productDisplayName", "gender"],
         {"id": "ID", "image": "Image_Path", "title": "productDisplayName"}),
        (["article_id", "prod_name", "product_code", "detail_desc", "path"],
         {"id": "article_id", "title": "prod_name", "product": "product_code", "text": "detail_desc", "image": "path"}),
        (["product_id", "img"], {"id": "product_id", "image": "img"}),
        (["id", "product_id", "file name"], {"id": "id", "product": "product_id", "image": "file name"}),
        (["id", "title", "description", "link", "image_link", "item_group_id"],
         {"id": "id", "title": "title", "text": "description", "image": "image_link", "product": "item_group_id"}),
        (["url", "image", "caption"], {"image": "image", "text": "caption"}),
    ],
)  # fmt: skip
def test_usual_names_are_guessed(tmp_path: Path, header: list[str], expected: dict[str, str]) -> None:
    path = table(tmp_path, ",".join(header) + "\n" + ",".join("x" for _ in header))
    source = open_source(path)
    assert source.fields_used() == expected
    assert {field.name for field in source.attributes} == set(header) - set(expected.values())


def test_the_users_choice_beats_the_guess(shop: Path) -> None:
    path = table(shop, "id,image,thumb,title,style\n1,gone.jpg,images/red.jpg,A,B\n")
    source = open_source(path, Fields(image="thumb", title="style", product="title"))
    (record,) = source.records()
    assert (record.data, record.title, record.product) == (RED, "B", "A")
    assert record.attributes == {"image_": "gone.jpg"} and source.renamed == {"image": "image_"}


def test_taken_names_get_another(shop: Path) -> None:
    path = table(shop, "id,image,source,source_,Hash,dim.x,width\n1,images/red.jpg,a,b,c,4,5\n")
    source = open_source(path)
    assert source.renamed == {"source": "source__", "Hash": "Hash_", "dim.x": "dim_x", "width": "width_"}
    (record,) = source.records()
    assert record.attributes == {"source__": "a", "source_": "b", "Hash_": "c", "dim_x": 4, "width_": 5}
    assert [field.name for field in source.attributes] == list(record.attributes)


def test_free_names_are_distinct() -> None:
    names = ["id", "id_", "id__", "a.b", "a_b", "a.b_", "text"]
    given = free_names(names)
    assert len(set(given.values())) == len(names)
    assert given["id_"] == "id_" and given["a_b"] == "a_b"


def test_wrong_fields_are_refused_in_words(shop: Path) -> None:
    path = table(shop, "id,colour,weight,when\n1,red,3,2024-01-01\n")
    said = refused(path)
    assert "id, colour, weight, when" in said and "--image-field NAME" in said
    said = refused(path, Fields(image="color"))
    assert "has no column 'color'" in said and "Did you mean 'colour'?" in said
    assert "has no column 'titel'" in refused(path, Fields(image="colour", title="titel"))
    assert "holds int64" in refused(path, Fields(image="weight"))
    assert "has no columns" in refused(shop, Fields(image="x"))


def test_sources_that_are_none_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = refused(tmp_path / "empty")
    assert "holds no pictures" in said
    table(tmp_path / "empty", "id,image\n")
    said = refused(tmp_path / "empty")
    assert "Did you mean" in said and "catalog.csv" in said
    assert "has no rows" in refused(tmp_path / "empty" / "catalog.csv")
    assert "There is no file or folder" in refused(tmp_path / "gone.csv")
    said = refused(table(tmp_path, "{}", "a.xml"))
    assert ".csv, .tsv, .jsonl, .ndjson, .parquet" in said and "folder" in said


def test_a_folder(shop: Path) -> None:
    (shop / "images" / "new").mkdir()
    (shop / "images" / "new" / "garden-gnome-2.png").write_bytes(RED)
    (shop / "images" / "new" / "garden-gnome-2.txt").write_text("\ufeffStands in the rain.\n")
    (shop / "images" / "red.txt").write_bytes(b"r\xf6tlich")
    (shop / "images" / "gone.jpg").symlink_to("nowhere.jpg")
    (shop / "images" / "round.jpg").symlink_to("round.jpg")
    source = open_source(shop / "images")
    records = {record.id: record for record in source.records()}
    assert source.total == 5 and list(records) == ["blue", "gone", "new/garden-gnome-2", "red", "round"]
    assert records["blue"] == Record("blue", "blue", "", "blue", "blue.jpg", BLUE, None, {"folder": ""})
    assert records["new/garden-gnome-2"] == Record(
        "new/garden-gnome-2", "garden gnome", "Stands in the rain.", "garden gnome", "new/garden-gnome-2.png", RED,
        None, {"folder": "new"},
    )  # fmt: skip
    assert "UTF-8" in str(records["red"].error) and records["red"].data is None
    assert "does not exist" in str(records["gone"].error) and "cannot be read" in str(records["round"].error)


def test_a_file_name_that_is_not_utf8_costs_only_itself(shop: Path) -> None:
    os.close(os.open(os.fsencode(shop / "images") + b"/m\xfcg.jpg", os.O_CREAT | os.O_WRONLY))
    records = list(open_source(shop / "images").records())
    assert [record.error for record in records] == [None, "Its file name is not UTF-8.", None]
    assert all((str(record.id) + record.source).encode() for record in records)


def test_records_are_streamed(shop: Path) -> None:
    # 20,000 rows of 2,000 characters are 40 MB of text; a batch is 8 MiB, some copies of it live at a time.
    path = shop / "long.csv"
    with path.open("w") as file:
        file.write("id,image,text\n")
        for number in range(20_000):
            file.write(f"{number},images/red.jpg,{'x' * 2_000}\n")
    source = open_source(path)
    records = source.records()
    next(records)
    tracemalloc.start()
    assert sum(1 for _ in itertools.islice(records, 6_000)) == 6_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 25 * 2**20
    records.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pdistill-fetch") and hang(thread)]


def hang(thread: threading.Thread) -> bool:
    thread.join(2)
    return thread.is_alive()


def test_a_table_damaged_after_opening_is_said_after_its_good_rows(shop: Path) -> None:
    path = table(shop, "id,image\n" + "1,images/red.jpg\n" * 3_000)
    source: Source = open_source(path)
    table(shop, "id,image\n" + "1,images/red.jpg\n" * 2_000 + "torn\n")
    records = source.records()
    assert all(record.data == RED for record in itertools.islice(records, 1_024))
    with pytest.raises(UsageError, match="Line 2002"):
        list(records)


PERSONAS = [{"id": "p1", "persona": "I sail.", "age": 40}, {"id": "p2", "persona": " ", "age": None}]


def personas(folder: Path) -> Iterator[Path]:
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, PERSONAS)))
    (folder / "a.csv").write_text("id,persona,age\np1,I sail.,40\np2, ,\n")
    (folder / "a.tsv").write_text("id\tpersona\tage\np1\tI sail.\t40\np2\t \t\n")
    pq.write_table(pa.Table.from_pylist(PERSONAS), folder / "a.parquet")
    yield from sorted(folder.glob("a.*"))


def test_texts_of_every_format(tmp_path: Path) -> None:
    paths = list(personas(tmp_path))
    assert len(paths) == 4
    for path in paths:
        assert list(read_texts(path)) == [("p1", "I sail.", {"age": 40}), ("p2", "", {"age": None})]


def test_texts_fields(tmp_path: Path) -> None:
    path = table(tmp_path, '{"who": "I ski.", "n": 7, "x": [1]}\n{"who": "I run.", "n": 8}', "a.jsonl")
    assert list(read_texts(path)) == [(None, "I ski.", {"n": 7}), (None, "I run.", {"n": 8})]  # the only column of text
    assert next(read_texts(path, "who", "n")) == ("7", "I ski.", {})
    with pytest.raises(UsageError, match=r"no column 'whom'.* Did you mean 'who'"):
        read_texts(path, "whom")
    with pytest.raises(UsageError, match=r"a, b.* --text-field NAME"):
        read_texts(table(tmp_path, "a,b\nx,y\n", "b.csv"))
