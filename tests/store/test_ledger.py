"""An answer that was paid for is never lost, whoever is killed and whenever, and never counted twice."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import lancedb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill.store import database, ledger
from pdistill.store.database import Database
from pdistill.store.ledger import SCHEMA, Entry, Ledger

REPOSITORY = Path(__file__).parents[2]

CHILD = """\
from __future__ import annotations
import os, signal, sys
from pathlib import Path
from pdistill.store import ledger
from pdistill.store.database import Database
from pdistill.store.ledger import Entry, Ledger
folder = Path(sys.argv[1])
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def entry(key: str, **changes: Any) -> Entry:
    own: dict[str, Any] = {
        "key": key,
        "purpose": "train",
        "persona_id": "p1",
        "persona": "somebody",
        "items": ["a", "b", "c"],
        "ranking": [[1], [0, 2]],
        "scores": None,
        "raw": "2, then 1 and 3",
        "error": None,
        "teacher": "scripted",
        "model": "scripted-1",
        "teacher_fingerprint": "f1",
        "prompt_version": "p1",
        "student": "tiny-v0",
        "seed": 0,
        "tokens_in": 10,
        "tokens_out": 3,
        "latency_s": 0.25,
        "asked_at": 1000.0,
    }
    return Entry(**{**own, **changes})


def open_ledger(folder: Path) -> Ledger:
    return Ledger(Database(folder / "lance"), folder / "spool")


def spools(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "spool").iterdir())


def keys(folder: Path) -> list[str]:
    """The keys in the table itself, repeated ones repeated."""
    table = lancedb.connect(folder / "lance").open_table("answers")
    return sorted(table.search().select(["key"]).limit(100_000).to_arrow()["key"].to_pylist())


def child(folder: Path, code: str) -> subprocess.Popen[str]:
    """A process of its own with a ledger on the same folder."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    # The sources, for a process of its own cannot count on finding this file as a module.
    helpers = inspect.getsource(entry) + inspect.getsource(open_ledger)
    command = [sys.executable, "-c", CHILD + helpers + code, str(folder)]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


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


def test_killed_right_after_append_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    killed = child(tmp_path, "mine = open_ledger(folder)\nfor n in range(20): mine.append(entry(f'k{n:02}'))\ndie()")
    assert killed.wait() == -9
    mine = open_ledger(tmp_path)
    assert mine.count() == 0
    assert mine.recover() == 20
    assert mine.recover() == 0
    assert keys(tmp_path) == [f"k{number:02}" for number in range(20)]
    assert spools(tmp_path) == []


@pytest.mark.parametrize(
    "moment",
    [
        "ledger._Spool.clear = die",  # the table has the answers, the spool still holds them
        "ledger._Spool.close = die",  # the spool is empty and still there
        "database.Table.append = die",  # the table has nothing yet
    ],
)
def test_killed_while_folding_each_answer_is_there_once(tmp_path: Path, moment: str) -> None:
    code = f"from pdistill.store import database\n{moment}\nmine = open_ledger(folder)\n"
    killed = child(tmp_path, code + "for n in range(5): mine.append(entry(f'k{n}'))\nmine.close()")
    assert killed.wait() == -9
    open_ledger(tmp_path).recover()
    assert keys(tmp_path) == [f"k{number}" for number in range(5)]
    assert spools(tmp_path) == []


def test_killed_while_recovering_each_answer_is_there_once(tmp_path: Path) -> None:
    appends = "mine = open_ledger(folder)\nfor n in range(5): mine.append(entry(f'k{n}'))\ndie()"
    assert child(tmp_path, appends).wait() == -9
    assert child(tmp_path, "Path.unlink = die\nopen_ledger(folder).recover()").wait() == -9
    assert len(keys(tmp_path)) == 5
    assert open_ledger(tmp_path).recover() == 0
    assert len(keys(tmp_path)) == 5
    assert spools(tmp_path) == []


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


def test_the_spool_of_a_living_process_is_left_alone_until_it_dies(tmp_path: Path) -> None:
    living = child(
        tmp_path, "mine = open_ledger(folder)\nmine.append(entry('k1'))\nprint('ready', flush=True)\ninput()"
    )
    assert living.stdout is not None and living.stdout.readline() == "ready\n"
    before = spools(tmp_path)
    mine = open_ledger(tmp_path)
    assert mine.recover() == 0
    assert mine.known("f1") == {}
    assert spools(tmp_path) == before
    living.kill()
    living.wait()
    assert mine.known("f1") == {"k1": [[1], [0, 2]]}
    assert spools(tmp_path) == []


def test_a_ledger_leaves_its_own_spool_alone(tmp_path: Path) -> None:
    mine = open_ledger(tmp_path)
    mine.append(entry("k1"))
    assert mine.recover() == 0
    mine.append(entry("k2"))
    mine.close()
    assert keys(tmp_path) == ["k1", "k2"]


def test_two_processes_at_once_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Writer 0 asks k000 to k499, writer 1 k250 to k749: 750 distinct keys, 250 of them answered twice.
    code = """\
input()
ledger.GROUP_ROWS = 20
mine = open_ledger(folder)
for n in range(500):
    mine.append(entry(f'k{n + FIRST:03}', raw='from FIRST'))
mine.close()
"""
    writers = [child(tmp_path, code.replace("FIRST", str(first))) for first in (0, 250)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    assert [writer.wait() for writer in writers] == [0, 0]
    mine = open_ledger(tmp_path)
    rows = mine.rows(["key", "raw"], {}).to_pylist()
    assert [row["key"] for row in rows] == [f"k{number:03}" for number in range(750)]
    assert {row["raw"] for row in rows[:250]} == {"from 0"}
    assert {row["raw"] for row in rows[500:]} == {"from 250"}
    assert mine.count() == 1000
    assert len(mine.known("f1")) == 750
    assert spools(tmp_path) == []


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
