"""Tables in every format, whole and damaged, from real files."""

import csv
import datetime as dt
import decimal
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill.errors import UsageError
from pdistill.formats import open_table
from pdistill.formats.table import BATCH_ROWS


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path, as_written: tuple[str, ...] = ()) -> tuple[dict[str, str], list[dict[str, Any]]]:
    table = open_table(path)
    rows = [row for batch in table.batches(table.schema.names, as_written) for row in batch.to_pylist()]
    assert len(rows) == table.total
    return {field.name: str(field.type) for field in table.schema}, rows


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


CELLS = [
    (["1", "-2", ""], "int64", [1, -2, None]),
    (["1", "2.5", "NA"], "double", [1.0, 2.5, None]),
    (["1e3", ".5", "nan"], "double", [1000.0, 0.5, None]),
    (["true", "FALSE", "null"], "bool", [True, False, None]),
    (["007", "12", "13"], "string", ["007", "12", "13"]),  # an article number, not 7
    (["1", "true", "2"], "string", ["1", "true", "2"]),
    (["0x10", "1", "2"], "string", ["0x10", "1", "2"]),
    (["9" * 19, "1", "2"], "double", [1e19, 1.0, 2.0]),  # 9,999,999,999,999,999,999 is above 2^63 - 1
    (["2024-02-29", "2023-01-01", ""], "date32[day]", [dt.date(2024, 2, 29), dt.date(2023, 1, 1), None]),
    (["2023-02-29", "2023-01-01", "2023-01-02"], "string", ["2023-02-29", "2023-01-01", "2023-01-02"]),
    (
        ["2024-01-01 10:00", "2024-01-01", "2024-01-01T10:00:00.5"],
        "timestamp[us]",
        [dt.datetime(2024, 1, 1, 10), dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 10, 0, 0, 500_000)],
    ),
    (["NA", "None", "red"], "string", ["NA", "None", "red"]),
    (["", "", ""], "string", [None, None, None]),
    (["None", "None", "None"], "string", ["None", "None", "None"]),
]


@pytest.mark.parametrize(("cells", "kind", "values"), CELLS)
def test_csv_columns_get_the_narrowest_type_of_all_cells(
    tmp_path: Path, cells: list[str], kind: str, values: list[Any]
) -> None:
    path = written(tmp_path / "a.csv", "n,cell\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
    types, rows = read(path)
    assert types["cell"] == kind
    assert [row["cell"] for row in rows] == values
    _, rows = read(path, as_written=("cell",))
    assert [row["cell"] for row in rows] == cells


def test_times_with_a_zone_are_in_utc(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "at\n2024-01-01T10:00:00Z\n2024-01-01T10:00:00+02:00\n")
    types, rows = read(path)
    assert types == {"at": "timestamp[us, tz=UTC]"}
    assert [row["at"].astimezone(dt.UTC).hour for row in rows] == [10, 8]


def test_a_type_is_decided_by_the_last_row_too(tmp_path: Path) -> None:
    count = 3 * BATCH_ROWS
    path = written(tmp_path / "a.csv", "n\n" + "7\n" * count + "seven\n")
    types, rows = read(path)
    assert types == {"n": "string"} and len(rows) == count + 1 and rows[0] == {"n": "7"}


def test_csv_quotes_line_breaks_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", '\ufeffid,"te,xt"\r\n1,"two\r\nlines, ""quoted"""\r\n\r\n2,5" pipe\r\n')
    assert read(path)[1] == [{"id": 1, "te,xt": 'two\r\nlines, "quoted"'}, {"id": 2, "te,xt": '5" pipe'}]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_csv_delimiter_is_seen_in_the_header(tmp_path: Path, sign: str) -> None:
    path = written(tmp_path / "a.csv", sign.join(["id", "price", "name"]) + "\n" + sign.join(["1", "2.5", "x"]) + "\n")
    assert read(path)[1] == [{"id": 1, "price": 2.5, "name": "x"}]


def test_tsv_and_a_single_column(tmp_path: Path) -> None:
    assert read(written(tmp_path / "a.tsv", "a\tb\n1,2\t3\n"))[1] == [{"a": "1,2", "b": 3}]
    assert read(written(tmp_path / "a.csv", "only\nx\n"))[1] == [{"only": "x"}]


def test_a_column_without_a_name_gets_its_number(tmp_path: Path) -> None:
    assert read(written(tmp_path / "a.csv", ",b\n1,2\n"))[1] == [{"column_1": 1, "b": 2}]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)] * 2),
        min_size=1,
        max_size=6,
    )
)
def test_csv_cells_come_back_as_python_wrote_them(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("a", "b"), *cells])
    _, rows = read(path, as_written=("a", "b"))
    assert [(row["a"], row["b"]) for row in rows] == cells


def test_csv_faults_name_the_line_and_the_way_out(tmp_path: Path) -> None:
    said = refused(written(tmp_path / "ragged.csv", 'a,b\n"x\ny",1\n1,2,3\n'))
    assert "Line 4 of" in said and "has 3 cells, but the header has 2" in said and "in quotes" in said
    said = refused(written(tmp_path / "short.csv", "a,b\n1\n"))
    assert "Line 2 of" in said and "has 1 cell, but" in said
    said = refused(written(tmp_path / "open.csv", 'a,b\n1,2\n3,"never closed\n5,6\n'))
    assert "begins at line 3" in said and "quote" in said
    said = refused(written(tmp_path / "latin.csv", b"a,b\n1,2\nm\xfcg,3\n"))
    assert said.startswith("Line 3 of") and "not UTF-8" in said
    assert "not UTF-8" in refused(written(tmp_path / "wide.csv", "a,b\n1,2\n".encode("utf-16")))
    assert "column 'a' appears more than once" in refused(written(tmp_path / "twins.csv", "a,a\n1,2\n"))


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.ndjson", "a.parquet"])
def test_empty_files_are_refused(tmp_path: Path, name: str) -> None:
    said = refused(written(tmp_path / name, b""))
    assert ("has no rows" in said) != name.endswith(".parquet")  # an empty file is no parquet file at all


def test_files_without_rows_are_refused(tmp_path: Path) -> None:
    assert "has no rows" in refused(written(tmp_path / "a.csv", "id,image\n"))
    pq.write_table(pa.table({"id": pa.array([], pa.int64())}), tmp_path / "a.parquet")
    assert "has no rows" in refused(tmp_path / "a.parquet")


def test_unknown_and_missing_files_are_refused(tmp_path: Path) -> None:
    assert ".csv, .tsv, .jsonl, .ndjson, .parquet" in refused(written(tmp_path / "a.xlsx", b"PK"))
    assert "There is no file" in refused(tmp_path / "gone.csv")


def test_jsonl_types_are_joined_over_all_lines(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "price": 1, "live": True, "tags": [], "mixed": 1, "deep": {"a": [1]}, "nothing": None, "sizes": [1]},
        {"id": 2, "price": 2.5, "live": None, "tags": ["a", "b"], "mixed": "x", "deep": None, "sizes": [2.5, None]},
        {"late": "ü", "big": 2**70},
    ]
    path = written(tmp_path / "a.jsonl", "\ufeff" + "\n\n".join(json.dumps(row) for row in rows))
    types, found = read(path)
    assert types == {
        "id": "int64", "price": "double", "live": "bool", "tags": "list<item: string>", "mixed": "string",
        "deep": "string", "nothing": "string", "sizes": "list<item: double>", "late": "string", "big": "string",
    }  # fmt: skip
    assert found[0] == {
        "id": 1, "price": 1.0, "live": True, "tags": [], "mixed": "1", "deep": '{"a": [1]}', "nothing": None,
        "sizes": [1.0], "late": None, "big": None,
    }  # fmt: skip
    assert found[1]["tags"] == ["a", "b"] and found[1]["sizes"] == [2.5, None]
    assert found[2]["late"] == "ü" and found[2]["big"] == str(2**70)


def test_jsonl_faults_name_the_line(tmp_path: Path) -> None:
    assert "Line 3 of" in refused(written(tmp_path / "a.jsonl", '{"a": 1}\n\n{"a": \n{"a": 2}\n'))
    assert "Line 1 of" in (said := refused(written(tmp_path / "b.jsonl", "[1, 2]\n"))) and "not a JSON object" in said
    assert "Line 2 of" in refused(written(tmp_path / "c.jsonl", b'{"a": 1}\n{"a": "\xff"}\n'))
    assert "Line 1 of" in refused(written(tmp_path / "d.jsonl", '{"a": ' + "[" * 100_000))
    assert "Line 1 of" in refused(written(tmp_path / "e.jsonl", '{"a": ' + "1" * 5_000 + "}"))  # Python's digit limit


def test_parquet_types_are_kept_or_made_plain(tmp_path: Path) -> None:
    when = dt.datetime(2024, 1, 2, 3, 4, 5, 678)
    table = pa.table(
        {
            "small": pa.array([1, None], pa.int8()),
            "ratio": pa.array([0.5, None], pa.float32()),
            "kind": pa.array(["a", "b"]).dictionary_encode(),
            "large": pa.array(["x", None], pa.large_string()),
            "price": pa.array([decimal.Decimal("1.25"), None], pa.decimal128(8, 2)),
            "at": pa.array([when, None], pa.timestamp("ns")).cast(pa.timestamp("ns")),
            "day": pa.array([dt.date(2024, 1, 2), None], pa.date64()),
            "clock": pa.array([dt.time(1, 2, 3), None], pa.time64("us")),
            "sizes": pa.array([[1, 2], None], pa.large_list(pa.int16())),
            "deep": pa.array([{"a": 1}, None]),
            "picture": pa.array([{"bytes": b"x", "path": None}, None]),
            "raw": pa.array([b"x", None]),
            "none": pa.nulls(2),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    types, rows = read(tmp_path / "a.parquet")
    assert types == {
        "small": "int8", "ratio": "float", "kind": "string", "large": "string", "price": "double",
        "at": "timestamp[us]", "day": "date32[day]", "clock": "string", "sizes": "list<item: int16>",
        "deep": "string", "picture": "struct<bytes: binary, path: null>", "raw": "binary", "none": "string",
    }  # fmt: skip
    assert rows[0] == {
        "small": 1, "ratio": 0.5, "kind": "a", "large": "x", "price": 1.25, "at": when, "day": dt.date(2024, 1, 2),
        "clock": "01:02:03", "sizes": [1, 2], "deep": '{"a": 1}', "picture": {"bytes": b"x", "path": None},
        "raw": b"x", "none": None,
    }  # fmt: skip
    assert {name: value for name, value in rows[1].items() if value is not None} == {"kind": "b"}


def test_damaged_parquet_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [str(number) * 10 for number in range(10_000)]}), path)
    whole = path.read_bytes()
    assert "cut off" in refused(written(path, whole[: len(whole) // 2]))
    assert "cannot be read" in refused(written(path, whole[:100] + b"\x00" * 20_000 + whole[20_100:]))
    assert "cannot be read" in refused(written(path, b"words"))


def test_a_file_changed_between_opening_and_reading_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "n\n1\n")
    table = open_table(path)
    written(path, "n\nseven\n")
    with pytest.raises(UsageError, match="changed while it was read"):
        list(table.batches(["n"]))


def test_large_rows_make_small_batches(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", "".join(json.dumps({"n": n, "s": "x" * 3_000_000}) + "\n" for n in range(7)))
    table = open_table(path)
    # A batch ends once it has 8 MiB = 8,388,608 characters: after the third row (9,000,000).
    assert [batch.num_rows for batch in table.batches(["n", "s"])] == [3, 3, 1]
    pq.write_table(pa.table({"s": ["y" * 3_000_000 + str(n) for n in range(7)]}), tmp_path / "a.parquet")
    sizes = [batch.num_rows for batch in open_table(tmp_path / "a.parquet").batches(["s"])]
    assert sum(sizes) == 7 and max(sizes) <= 7


def test_reading_again_begins_again(tmp_path: Path) -> None:
    table = open_table(written(tmp_path / "a.csv", "n\n1\n2\n"))
    first = table.batches(["n"])
    next(first)
    assert [batch.to_pydict() for batch in table.batches(["n"])] == [{"n": [1, 2]}]
