"""Tables keep what they are given, whatever is in it, and a disk that refuses is told in a sentence."""

from __future__ import annotations

import datetime
import errno
from pathlib import Path
from typing import Any

import lancedb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill.errors import StorageError
from pdistill.store import database
from pdistill.store.database import Database, Table, quote, safe_name, storage_errors

SCHEMA = pa.schema([("id", pa.string()), ("size", pa.int64())])

ODD_IDS = [
    "it's",
    "''",
    "a'; DROP TABLE things; --",
    "x' OR '1'='1",
    "чай ☕ 茶",
    "e\u0301",
    "\u00e9",
    '"double"',
    "back\\slash",
    "100% _wild_",
    "two\nlines",
    "tab\t",
    " spaces ",
    "",
]


def things(folder: Path, rows: list[dict[str, Any]] | None = None) -> Table:
    table = Table(Database(folder / "lance"), "things", SCHEMA)
    table.append(rows or [])
    return table


def ids(table: Table) -> list[str]:
    return sorted(table.read(["id"])["id"].to_pylist())


def numbered(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"i{number:05}", "size": number} for number in numbers]


def fragments(folder: Path) -> int:
    statistics: Any = lancedb.connect(folder / "lance").open_table("things").stats()
    return int(statistics["fragment_stats"]["num_fragments"])


def test_odd_ids_are_found_replaced_and_deleted_one_by_one(tmp_path: Path) -> None:
    table = things(tmp_path, [{"id": odd, "size": 0} for odd in ODD_IDS])
    for number, odd in enumerate(ODD_IDS, start=1):
        table.upsert(pa.Table.from_pylist([{"id": odd, "size": number}], schema=SCHEMA), "id")
        assert table.read(["id", "size"], {"id": odd}).to_pylist() == [{"id": odd, "size": number}]
        assert table.read_in(["size"], "id", [odd])["size"].to_pylist() == [number]
    for odd in ODD_IDS:
        assert table.count() == len(ODD_IDS) - ODD_IDS.index(odd)
        table.delete("id", [odd])
        assert odd not in ids(table)
    assert table.count() == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(), min_size=2, max_size=6, unique=True))
def test_any_text_is_found_as_itself_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    table = things(tmp_path_factory.mktemp("any"), [{"id": text, "size": 0} for text in texts])
    for text in texts:
        assert table.read(["id"], {"id": text})["id"].to_pylist() == [text]
    assert sorted(table.read_in(["id"], "id", texts[1:])["id"].to_pylist()) == sorted(texts[1:])
    table.delete("id", texts[:1])
    assert ids(table) == sorted(texts[1:])


def test_a_literal_doubles_its_quotes() -> None:
    assert quote("it's") == "'it''s'"


def test_thousands_of_ids_at_once(tmp_path: Path) -> None:
    # More than two filters' worth (2,000 ids each).
    table = things(tmp_path, numbered(*range(5_000)))
    wanted = [f"i{number:05}" for number in range(0, 5_000)]
    assert sorted(table.read_in(["id"], "id", [*wanted, "not there"])["id"].to_pylist()) == wanted
    # 2,500 rows come, 500 of them new: 5,500 rows, and sizes changed in the others.
    table.upsert(
        pa.Table.from_pylist([{"id": f"i{n:05}", "size": -n} for n in range(3_000, 5_500)], schema=SCHEMA), "id"
    )
    sizes = table.read(["size"])["size"].to_pylist()
    assert sorted(sizes) == sorted([*range(3_000), *(-n for n in range(3_000, 5_500))])
    table.delete("id", [f"i{number:05}" for number in range(10, 5_500)])
    assert ids(table) == wanted[:10]


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    table = things(tmp_path, numbered(1, 2))
    assert table.read(["size"]).column_names == ["size"]
    assert table.read_in(["size"], "id", []).to_pylist() == []
    assert table.read_in(["size"], "id", []).column_names == ["size"]


def test_a_table_that_was_never_written_is_empty(tmp_path: Path) -> None:
    table = Table(Database(tmp_path / "lance"), "things", SCHEMA, blob=None)
    assert not table.exists()
    assert table.count() == 0
    assert table.read(["id", "size"]).schema == SCHEMA
    assert table.read_in(["id"], "id", ["a"]).to_pylist() == []
    assert table.blobs("id", ["a"]) == {}
    table.delete("id", ["a"])
    table.compact()
    table.drop()
    table.append([])
    assert not table.exists()
    assert [field.name for field in table.columns()] == ["id", "size"]


def test_a_dropped_table_can_be_made_again(tmp_path: Path) -> None:
    table = things(tmp_path, numbered(1))
    table.drop()
    assert not table.exists()
    table.append(numbered(2))
    assert ids(table) == ["i00002"]


def test_what_another_handle_writes_is_seen_at_once(tmp_path: Path) -> None:
    mine, other = things(tmp_path, numbered(1)), things(tmp_path)
    assert other.count() == 1
    mine.append(numbered(2))
    assert other.count() == 2
    other.delete("id", ["i00001"])
    assert ids(mine) == ["i00002"]


def pictures(folder: Path) -> Table:
    schema = pa.schema([("id", pa.string()), ("image", pa.large_binary())])
    return Table(Database(folder / "lance"), "pictures", schema, blob="image")


def test_blobs_come_back_as_they_were(tmp_path: Path) -> None:
    data = {"it's": b"\x89PNG\x00\xff", "empty": b"", "large": bytes(range(256)) * 4096, "last": b"x"}
    table = pictures(tmp_path)
    table.append([{"id": each, "image": content} for each, content in data.items()])
    assert table.blobs("id", list(data)) == data
    assert table.blobs("id", ["last", "nobody", "it's"]) == {"last": b"x", "it's": data["it's"]}
    table.upsert(pa.Table.from_pylist([{"id": "last", "image": b"other"}], schema=table.schema), "id")
    assert pictures(tmp_path).blobs("id", ["last", "large"]) == {"last": b"other", "large": data["large"]}


def test_thousands_of_blobs_each_to_its_id(tmp_path: Path) -> None:
    table = pictures(tmp_path)
    data = {f"i{number}": f"picture {number}".encode() for number in range(2_500)}
    for start in (0, 1_250):
        table.append([{"id": each, "image": data[each]} for each in list(data)[start : start + 1_250]])
    assert table.blobs("id", list(data)[::-1]) == data


def test_added_columns_keep_their_types(tmp_path: Path) -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    added: list[tuple[pa.DataType, Any]] = [
        (pa.int64(), 2**60),
        (pa.float64(), 0.1),
        (pa.bool_(), False),
        (pa.string(), "it's"),
        (pa.list_(pa.string()), ["a", "b"]),
        (pa.timestamp("us", "UTC"), moment),
    ]
    fields = [pa.field(f"own {number}", kind) for number, (kind, _) in enumerate(added)]
    table = things(tmp_path, numbered(1))
    table.fit_columns([*SCHEMA, *fields])
    row = {"id": "new", "size": 2, **{field.name: value for field, (_, value) in zip(fields, added, strict=True)}}
    table.append(pa.Table.from_pylist([row], schema=pa.schema([*SCHEMA, *fields])))
    again = things(tmp_path)
    again.fit_columns(fields)
    assert [(field.name, field.type) for field in again.columns()] == [
        (field.name, field.type) for field in [*SCHEMA, *fields]
    ]
    names = [field.name for field in again.columns()]
    assert again.read(names, {"id": "new"}).to_pylist() == [row]
    assert again.read(names, {"id": "i00001"}).to_pylist() == [
        {"id": "i00001", "size": 1, **{field.name: None for field in fields}}
    ]


def test_compact_merges_many_small_pieces_and_changes_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SMALL_FRAGMENTS", 5)
    table = things(tmp_path)
    for number in range(5):
        table.append(numbered(number))
    table.compact()
    assert fragments(tmp_path) == 5  # not more than allowed: left as it is
    for number in range(5, 12):
        table.append(numbered(number))
    before = table.read(["id", "size"]).to_pylist()
    table.compact()
    assert fragments(tmp_path) == 1
    assert table.read(["id", "size"]).to_pylist() == before


def test_a_commit_that_lost_against_other_writers_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    failures = [RuntimeError("lance error: Commit conflict for version 7")] * 4

    def write() -> None:
        if failures:
            raise failures.pop()

    database._retry(write)
    failures += [RuntimeError("Commit conflict")] * 5
    with pytest.raises(RuntimeError, match="Commit conflict"):
        database._retry(write)
    failures[:] = [RuntimeError("something else")] * 2
    with pytest.raises(RuntimeError, match="something else"):
        database._retry(write)
    assert len(failures) == 1


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk that holds /there is full"),
        (
            RuntimeError("lance error: LanceError(IO): ... (os error 28), rust/x.rs"),
            "The disk that holds /there is full",
        ),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "quota for /there is used up"),
        (RuntimeError("... (os error 122)"), "quota for /there is used up"),
        (OSError(errno.EFBIG, "File too large"), "larger than the file system"),
        (RuntimeError("... File too large (os error 27)"), "larger than the file system"),
        (PermissionError(errno.EACCES, "Permission denied"), "read-only"),
        (OSError(errno.EROFS, "Read-only file system"), "read-only"),
        (RuntimeError("... (os error 30)"), "read-only"),
    ],
)
def test_failures_of_the_disk_become_sentences(error: Exception, sentence: str) -> None:
    with pytest.raises(StorageError, match=sentence) as caught, storage_errors(Path("/there")):
        raise error
    assert caught.value.hint
    assert caught.value.__cause__ is error


def test_other_failures_pass_as_they_are() -> None:
    for error in (RuntimeError("a bug: os error 2800"), FileNotFoundError("gone"), KeyError("x")):
        with pytest.raises(type(error)) as caught, storage_errors(Path("/there")):
            raise error
        assert caught.value is error


def test_names_for_tables_and_files_are_plain_and_distinct() -> None:
    assert safe_name("features_quarters-1.v2") == "features_quarters-1.v2"
    odd = ["a b", "a/b", "a  b", "../a", "ключ", "鍵", ""]
    names = [safe_name(each) for each in odd if each]
    assert len(set(names)) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-") for name in names)
    assert not any("/" in name for name in names)
