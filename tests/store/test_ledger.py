"""An answer that was paid for is kept as it was said, and found again."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import lancedb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill.errors import StorageError
from pdistill.store import database, ledger
from pdistill.store.ledger import SCHEMA, Entry
from tests.store.entries import entry, keys, open_ledger, spools


def test_an_answer_is_on_disk_when_append_returns(tmp_path: Path) -> None:
    mine = open_ledger(tmp_path)
    for number in range(3):
        mine.append(entry(f"k{number}"))
        (spool,) = (tmp_path / "spool").glob("*.jsonl")
        # `cat` is another process: what it sees has left ours.
        seen = subprocess.run(["cat", spool], capture_output=True, text=True, check=True).stdout.splitlines()
        assert [json.loads(line)["key"] for line in seen] == [f"k{each}" for each in range(number + 1)]


def test_every_field_comes_back_as_it_was(tmp_path: Path) -> None:
    odd = entry(
        "k", raw="one\ntwo\u2028three 🏔️ \"'\\ \x00", scores=[0.1, -2.5, 0.0], ranking=None, error="why", seed=2**40
    )
    mine = open_ledger(tmp_path)
    mine.append(odd)
    mine.close()
    (row,) = open_ledger(tmp_path).rows(SCHEMA.names, {}).to_pylist()
    assert Entry(**row) == odd


def test_a_reply_that_is_no_valid_unicode_is_kept_as_far_as_it_can_be(tmp_path: Path) -> None:
    # Half of a surrogate pair: what a JSON reply cut in the middle of an emoji decodes to.
    mine = open_ledger(tmp_path)
    mine.append(entry("k", raw="boots \ud83c", error="no ranking: \ud83c"))
    mine.close()
    assert mine.rows(["raw", "error"], {}).to_pylist() == [{"raw": "boots ?", "error": "no ranking: ?"}]


@pytest.mark.parametrize("left", [1, 40, -2, -1])
def test_a_line_torn_by_a_kill_is_skipped(tmp_path: Path, left: int) -> None:
    lines = [json.dumps(entry(key, raw="шляпа").row(), ensure_ascii=False).encode() for key in ("k1", "k2", "torn")]
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "99-dead.jsonl").write_bytes(lines[0] + b"\n" + lines[1] + b"\n" + lines[2][:left])
    assert open_ledger(tmp_path).recover() == 2
    assert keys(tmp_path) == ["k1", "k2"]


def test_of_two_answers_in_one_spool_the_first_wins(tmp_path: Path) -> None:
    rows = [entry("k1", raw="first").row(), entry("k2").row(), entry("k1", raw="second").row()]
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "99-dead.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    mine = open_ledger(tmp_path)
    assert mine.recover() == 2
    assert mine.rows(["key", "raw"], {}).to_pylist()[0] == {"key": "k1", "raw": "first"}


def test_an_empty_spool_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "99-dead.jsonl").touch()
    assert open_ledger(tmp_path).recover() == 0
    assert spools(tmp_path) == []


def test_a_ledger_leaves_its_own_spool_alone(tmp_path: Path) -> None:
    mine = open_ledger(tmp_path)
    mine.append(entry("k1"))
    assert mine.recover() == 0
    mine.append(entry("k2"))
    mine.close()
    assert keys(tmp_path) == ["k1", "k2"]


def test_the_first_answer_to_a_question_wins(tmp_path: Path) -> None:
    mine, other = open_ledger(tmp_path), open_ledger(tmp_path)
    other.append(entry("k", ranking=None, error="no"))
    other.close()
    mine.append(entry("k", ranking=[[0], [1], [2]]))
    mine.close()
    assert mine.known("f1") == {"k": None}
    assert mine.rows(["error"], {}).to_pylist() == [{"error": "no"}]


def test_answers_of_another_teacher_are_not_known(tmp_path: Path) -> None:
    mine = open_ledger(tmp_path)
    mine.append(entry("k1"))
    mine.append(entry("k2", teacher_fingerprint="f2"))
    mine.close()
    assert list(mine.known("f1")) == ["k1"]
    assert list(mine.known("f2")) == ["k2"]


def test_rows_are_chosen_by_their_values_and_come_in_a_fixed_order(tmp_path: Path) -> None:
    mine = open_ledger(tmp_path)
    for key in ("k3", "k1", "k2"):
        mine.append(entry(key, purpose="eval" if key == "k2" else "train", teacher="it's"))
    mine.close()
    wanted = {"purpose": "train", "teacher": "it's"}
    assert mine.rows(["key", "persona_id"], wanted)["key"].to_pylist() == ["k1", "k3"]
    assert mine.rows(["raw"], wanted).column_names == ["raw"]
    assert mine.rows(["key"], {"teacher": "its"}).num_rows == 0


def test_a_ledger_without_answers_is_empty(tmp_path: Path) -> None:
    mine = open_ledger(tmp_path)
    mine.close()
    assert (mine.count(), mine.recover(), mine.known("f1")) == (0, 0, {})
    assert mine.rows(["key", "items"], {"purpose": "train"}).to_pylist() == []


def test_thousands_of_answers_are_few_commits(tmp_path: Path) -> None:
    mine = open_ledger(tmp_path)
    started = time.monotonic()
    for number in range(5_000):
        mine.append(entry(f"k{number}"))
    mine.close()
    # One commit makes the table; then every 2,000 answers, at the end, and whenever 2 seconds went by.
    most = 1 + 3 + int((time.monotonic() - started) / ledger.GROUP_SECONDS)
    assert len(lancedb.connect(tmp_path / "lance").open_table("answers").list_versions()) <= most
    assert mine.count() == 5_000


def test_a_slow_teacher_does_not_leave_a_heap_of_fragments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A teacher that answers every few seconds makes each answer a commit of its own.
    monkeypatch.setattr(ledger, "GROUP_SECONDS", 0.0)
    monkeypatch.setattr(database, "SMALL_FRAGMENTS", 8)
    monkeypatch.setattr(ledger, "SMALL_FRAGMENTS", 8)
    mine = open_ledger(tmp_path)
    most = 0
    for number in range(30):
        mine.append(entry(f"k{number:02}"))
        stats: Any = lancedb.connect(tmp_path / "lance").open_table("answers").stats()
        most = max(most, stats["fragment_stats"]["num_fragments"])
    # Looked at every 8 commits, compacted above 8: at most 16 between two looks.
    assert most <= 16
    assert keys(tmp_path) == [f"k{number:02}" for number in range(30)]


def test_what_could_not_be_folded_is_known_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a full disk the same project, still open or opened again, asks nothing twice."""

    def refuse(*_: object) -> None:
        raise StorageError("The disk is full.")

    for number, close in enumerate((False, True)):
        mine = open_ledger(tmp_path)
        mine.append(entry(f"k{number}"))
        with monkeypatch.context() as patch:
            patch.setattr(database.Table, "append", refuse)
            with pytest.raises(StorageError):
                (mine.close if close else mine.fold)()
        assert f"k{number}" in mine.known("f1")
        mine.close()
        assert keys(tmp_path) == ["k0", "k1"][: number + 1]


def test_a_ledger_that_could_not_be_closed_lets_others_fold_its_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = open_ledger(tmp_path), open_ledger(tmp_path)
    mine.append(entry("k"))
    monkeypatch.setattr(mine, "fold", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        mine.close()
    assert other.recover() == 1
    assert keys(tmp_path) == ["k"]
    assert spools(tmp_path) == []


def test_append_goes_on_after_close(tmp_path: Path) -> None:
    mine = open_ledger(tmp_path)
    for key in ("k1", "k2"):
        mine.append(entry(key))
        mine.close()
        mine.close()
    assert keys(tmp_path) == ["k1", "k2"]
    assert spools(tmp_path) == []


@settings(max_examples=20, deadline=None)
@given(raws=st.lists(st.text(max_size=30), min_size=1, max_size=5), cut=st.integers(0, 400))
def test_whatever_a_teacher_says_survives_the_spool(
    tmp_path_factory: pytest.TempPathFactory, raws: list[str], cut: int
) -> None:
    """A copy of a spool, cut anywhere, gives back all lines that are whole."""
    folder = tmp_path_factory.mktemp("ledger")
    mine = open_ledger(folder / "alive")
    entries = [entry(f"k{number}", raw=raw) for number, raw in enumerate(raws)]
    for each in entries:
        mine.append(each)
    (spool,) = (folder / "alive" / "spool").glob("*.jsonl")
    data = spool.read_bytes()
    data = data[: max(0, len(data) - cut)]
    (folder / "dead" / "spool").mkdir(parents=True)
    (folder / "dead" / "spool" / "1-dead.jsonl").write_bytes(data)
    # A line that lacks only its newline is whole.
    whole = data.count(b"\n") + (data[-1:] == b"}" and data.rpartition(b"\n")[2].endswith(b"1000.0}"))
    other = open_ledger(folder / "dead")
    assert other.recover() == whole
    assert [Entry(**row) for row in other.rows(SCHEMA.names, {}).to_pylist()] == entries[:whole]
