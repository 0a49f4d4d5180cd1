"""Every question is asked once, and what comes back does not hang on the order in which answers come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdistill import engine as module
from pdistill.contracts import Ranking
from pdistill.engine import Play, Shelf, Tally, one_round
from pdistill.strategies.knockout import Knockout
from pdistill.strategies.successive_halving import SuccessiveHalving
from tests.doubles import Scripted
from tests.worlds import PERSONAS, World, asking, catalog


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("strategy", [Knockout(2), Knockout(5), SuccessiveHalving(4)])
def test_a_second_run_asks_nothing_and_finds_the_same(world: World, strategy: Any) -> None:
    teacher = Scripted(noise=0.3, fails=0.2)
    first, asked = world.tournaments(teacher, strategy)
    # Not all are calls: a second try may be in the order of a question that the strategy asks anyway.
    assert asked.calls == len(teacher.history)
    assert asked.calls + asked.cached >= 4 * strategy.plan(20).calls
    assert {len([item for level in standings or () for item in level]) for standings in first.values()} == {20}
    again = Scripted(noise=0.3, fails=0.2)
    second, cached = world.tournaments(again, strategy)
    assert again.history == []
    assert (cached.calls, cached.images, cached.tokens, cached.cached) == (0, 0, 0, asked.calls + asked.cached)
    assert cached.failed == asked.failed
    assert second == first


@pytest.mark.parametrize("strategy", [Knockout(3), SuccessiveHalving(4)])
def test_standings_do_not_hang_on_the_order_in_which_answers_come(tmp_path: Path, strategy: Any) -> None:
    found, keys = [], []
    for number, at_once in enumerate((1, 2, 7, 1000)):
        world = World(tmp_path / str(number))
        teacher = Scripted(noise=0.3, fails=0.2, at_once=at_once)
        found.append(world.tournaments(teacher, strategy)[0])
        keys.append([(row["key"], row["ranking"]) for row in world.rows("ranking")])
        assert sorted(question.key for question in teacher.history) == [key for key, _ in keys[-1]]
    assert found[1:] == found[:1] * 3
    assert keys[1:] == keys[:1] * 3


def test_identical_questions_of_one_round_are_asked_once(world: World) -> None:
    teacher = Scripted(at_once=10)
    abc, cba = tuple("abc"), tuple("cba")
    told, tally = world.ask(teacher, abc, abc, cba, abc)
    assert [tuple(item.id for item in question.items) for question in teacher.history] == [abc, cba]
    assert (tally.calls, tally.cached) == (2, 2)
    assert told[0] == told[1] == told[3]


def test_two_personas_of_the_same_words_share_their_answers(world: World) -> None:
    teacher, told = Scripted(at_once=10), ([], [])  # type: tuple[Scripted, tuple[list[Any], list[Any]]]
    plays = [Play(f"p{n}", "somebody", asking([[tuple("abc")]], told[n])) for n in (0, 1)]
    world.engine(teacher).run(plays, None, "Asking")
    assert len(teacher.history) == 1
    assert told[0] == told[1] == [teacher.opinion(teacher.history[0])]


def test_another_order_persona_or_teacher_is_another_question(world: World) -> None:
    world.ask(Scripted(), tuple("abc"))
    for teacher, group, persona in (
        (Scripted(), tuple("acb"), "somebody"),
        (Scripted(), tuple("abc"), "somebody else"),
        (Scripted(), tuple("abcd"), "somebody"),
        (Scripted(noise=0.1), tuple("abc"), "somebody"),
    ):
        assert world.ask(teacher, group, persona=persona)[1].calls == 1
    assert len({row["key"] for row in world.rows()}) == 5


@pytest.mark.parametrize("at_once", [1, 4])
def test_the_questions_of_many_plays_come_together(world: World, at_once: int) -> None:
    teacher = Scripted(noise=0.3, at_once=at_once)
    met: list[set[str]] = []
    strategy = Knockout(4)
    plays = [
        Play(
            f"p{number}",
            persona,
            strategy.play(world.items.ids, np.random.default_rng(number)),
            lambda play, standings: met.append({question.persona for question in teacher.history}),
        )
        for number, persona in enumerate(PERSONAS)
    ]
    world.engine(teacher).run(plays, None, "Tournaments")
    # 20 items in fours: 5 groups, then 2, then 1: three rounds, and all plays have begun before the first is over.
    assert met == [set(PERSONAS)] * 4
    assert len(teacher.history) == 4 * 8
    assert {question.persona for question in teacher.history[-4:]} == set(PERSONAS)


def test_items_of_the_same_content_share_answers_under_whatever_id(world: World) -> None:
    told, _ = world.ask(Scripted(noise=0.3), tuple("cab"))
    world.items = catalog("ABCDEFGH")
    teacher = Scripted(noise=0.3)
    again, tally = world.ask(teacher, tuple("CAB"))
    assert (teacher.history, tally.cached) == ([], 1)
    assert told[0] is not None
    assert again == [tuple(tuple(item.upper() for item in level) for level in told[0])]


def test_items_that_changed_are_asked_about_anew_if_the_teacher_can_tell(world: World) -> None:
    reader, looker = Scripted(), Scripted(uses_text=False, uses_images=True)
    both = Scripted(uses_images=True)
    groups = tuple("abc"), tuple("def")
    for teacher in (reader, looker, both):
        assert world.ask(teacher, *groups)[1].calls == 2
    world.items.texts[3] = "a new text for d"
    assert [world.ask(teacher, *groups)[1].calls for teacher in (reader, looker, both)] == [1, 0, 1]
    world.items.hashes[0] = "a new picture for a"
    assert [world.ask(teacher, *groups)[1].calls for teacher in (reader, looker, both)] == [0, 1, 1]


def test_teachers_are_shown_what_they_use_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PICTURES_KEPT", 3)
    groups = [tuple("abc"), tuple("cde"), tuple("efa"), tuple("bcd")]
    for teacher in (Scripted(uses_text=False, uses_images=True), Scripted(uses_images=True), Scripted()):
        world.ask(teacher, *groups)
        assert len(teacher.history) == 4
        for item in (item for question in teacher.history for item in question.items):
            assert item.image == (f"picture of {item.id}".encode() if teacher.uses_images else None)
            assert item.text == (f"thing {world.items.ids.index(item.id)}" if teacher.uses_text else "")


def test_pictures_are_fetched_for_those_who_look_and_not_twice(world: World) -> None:
    fetched: list[str] = []

    def fetch(ids: list[str]) -> dict[str, bytes]:
        fetched.extend(ids)
        return {each: each.encode() for each in ids}

    for teacher, wanted in ((Scripted(), []), (Scripted(uses_images=True), list("abc"))):
        shelf = Shelf(world.items, teacher, fetch)
        shelf.show(tuple("abc"))
        shelf.show(tuple("cab"))
        assert fetched == wanted


def test_the_ledger_holds_all_that_was_asked_and_said(world: World) -> None:
    play = Play("p7", "somebody", one_round([tuple("cab")]), student="tiny-v3")
    teacher = Scripted()
    teacher.queue.append((("a",), ("c", "b")))
    world.engine(teacher).run([play], None, "Asking")
    columns = ["purpose", "persona_id", "persona", "items", "ranking", "teacher", "model", "student"]
    columns += ["prompt_version", "teacher_fingerprint", "tokens_in", "tokens_out", "error"]
    (row,) = world.rows(*columns)
    assert row == {
        "key": teacher.history[0].key,
        "purpose": "train",
        "persona_id": "p7",
        "persona": "somebody",
        "items": ["c", "a", "b"],
        "ranking": [[1], [0, 2]],
        "teacher": "scripted",
        "model": "scripted-1",
        "student": "tiny-v3",
        "prompt_version": "p1",
        "teacher_fingerprint": teacher.fingerprint,
        "tokens_in": 10,
        "tokens_out": 2,
        "error": None,
    }


def test_the_tally_adds_up(world: World) -> None:
    _, tally = world.ask(Scripted(), tuple("abc"), tuple("de"))
    # Two calls of 3 + 2 items, and 12 tokens each.
    assert tally == Tally(calls=2, images=5, cached=0, failed=0, tokens=24)
    other = Tally(1, 2, 3, 4, 5, {"x": 1})
    other.add(Tally(10, 20, 30, 40, 50, {"x": 2, "y": 1}))
    assert other == Tally(11, 22, 33, 44, 55, {"x": 3, "y": 1})


def test_plays_without_questions_end_at_once(world: World) -> None:
    ended: list[Ranking | None] = []
    teacher = Scripted()
    plays = [
        Play("p1", "one", one_round([]), lambda play, standings: ended.append(standings)),
        Play("p2", "two", asking([[], [tuple("ab")], []], []), lambda play, standings: ended.append(standings)),
        Play(
            "p3",
            "three",
            Knockout().play(["a"], np.random.default_rng(0)),
            lambda play, standings: ended.append(standings),
        ),
    ]
    tally = world.engine(teacher).run(plays, None, "Asking")
    assert tally.calls == 1
    assert sorted(ended, key=str) == [(("a",),), None, None]
