"""Whoever is killed and whenever: an answer that was appended is there afterwards, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.entries import child, keys, open_ledger, spools


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
