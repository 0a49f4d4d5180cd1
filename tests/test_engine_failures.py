"""Answers that are no answers, and teachers that stop: what was answered is kept, and the rest is said in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pdistill.contracts import Answer, Question, Ranking
from pdistill.engine import Play
from pdistill.errors import ServiceError, UsageError
from pdistill.strategies.successive_halving import SuccessiveHalving
from tests.doubles import Scripted
from tests.worlds import World, asking


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


BROKEN: list[Ranking | str] = [
    "sorry",
    (("a",), ("b",)),
    (("a",), ("b",), ("c",), ("d",)),
    (("a", "a"), ("b",), ("c",)),
    (("a",), (), ("b", "c")),
    (("A",), ("b",), ("c",)),
    (),
]


@pytest.mark.parametrize("reply", BROKEN)
def test_an_invalid_answer_is_asked_once_more_in_another_order(world: World, reply: Ranking | str) -> None:
    teacher = Scripted()
    good = (("c",), ("a", "b"))
    teacher.queue += [reply, good]
    told, tally = world.ask(teacher, tuple("abc"))
    assert told == [good]
    first, second = [tuple(item.id for item in question.items) for question in teacher.history]
    assert first == tuple("abc")
    assert second != first and sorted(second) == sorted(first)
    assert (tally.calls, tally.failed, sum(tally.errors.values())) == (2, 0, 1)
    kept = {tuple(row["items"]): row for row in world.rows("items", "ranking", "error", "raw")}
    assert kept[first]["ranking"] is None
    assert kept[first]["error"] == (
        reply if isinstance(reply, str) else "the reply does not rank exactly the items shown"
    )
    assert kept[first]["raw"] == (reply if isinstance(reply, str) else repr(reply))
    assert kept[second]["ranking"] == [[second.index("c")], [second.index("a"), second.index("b")]]


def test_a_question_invalid_in_two_orders_has_failed(world: World) -> None:
    teacher = Scripted()
    teacher.queue += ["sorry", (("a",),), (("f",), ("e",), ("d",))]
    told, tally = world.ask(teacher, tuple("abc"), tuple("def"))
    # abc is asked and queued again behind def: sorry for abc, one item for def, its order for abc ranks other items.
    assert told[0] is None
    assert told[1] is not None
    assert (tally.calls, tally.failed) == (4, 1)
    assert tally.errors == {"sorry": 1, "the reply does not rank exactly the items shown": 2}
    again = Scripted()
    told_again, cached = world.ask(again, tuple("abc"), tuple("def"))
    assert told_again == told
    assert (again.history, cached.cached, cached.failed) == ([], 4, 1)


def test_a_play_counts_its_own_failures(world: World) -> None:
    class Deaf(Scripted):
        def opinion(self, question: Question) -> Ranking | str:
            return "cannot" if question.persona == "deaf" else super().opinion(question)

    plays = [Play(text, text, asking([[tuple("ab"), tuple("cd")]], [])) for text in ("deaf", "hearing")]
    tally = world.engine(Deaf()).run(plays, None, "Asking")
    assert [play.failed for play in plays] == [2, 0]
    assert (tally.failed, tally.errors) == (2, {"cannot": 4})


class Answering(Scripted):
    """Gives its answers away only after they went through `change`."""

    def change(self, answers: Iterator[Answer]) -> Iterator[Answer]:
        raise NotImplementedError

    def rank(self, questions: Iterable[Question]) -> Iterator[Answer]:
        return self.change(super().rank(questions))


def test_an_answer_of_neither_ranking_nor_error_is_an_error(world: World) -> None:
    class Empty(Answering):
        def change(self, answers: Iterator[Answer]) -> Iterator[Answer]:
            return (replace(answer, ranking=None) for answer in answers)

    told, tally = world.ask(Empty(), tuple("abc"))
    assert told == [None]
    assert tally.errors == {"the reply holds no ranking": 2}
    assert {row["error"] for row in world.rows("error")} == {"the reply holds no ranking"}


def test_of_two_answers_the_first_counts_and_an_answer_nobody_asked_for_is_nothing(world: World) -> None:
    class Stuttering(Answering):
        def change(self, answers: Iterator[Answer]) -> Iterator[Answer]:
            for answer in answers:
                assert answer.ranking is not None
                yield Answer("nobody asked", ranking=answer.ranking)
                yield answer
                yield replace(answer, ranking=answer.ranking[::-1])

    told, tally = world.ask(Stuttering(), tuple("abc"), tuple("def"))
    plain, _ = World(world.folder / "other").ask(Scripted(), tuple("abc"), tuple("def"))
    assert told == plain
    assert (tally.calls, len(world.rows())) == (2, 2)


def test_more_items_than_the_teacher_takes_is_refused_before_anything_is_asked(world: World) -> None:
    teacher = Scripted(max_images=3)
    assert world.ask(teacher, tuple("abc"))[1].calls == 1
    with pytest.raises(UsageError, match="question of 4 items is more than the teacher scripted takes: 3") as caught:
        world.ask(teacher, tuple("def"), tuple("ghij"))
    assert "pdistill.toml to 3" in caught.value.hint
    assert len(teacher.history) == 1


@pytest.mark.parametrize("error", [ServiceError("gone", "start it"), KeyboardInterrupt(), RuntimeError("a bug")])
def test_what_was_answered_before_the_teacher_died_is_kept(world: World, error: BaseException) -> None:
    class Dying(Answering):
        def change(self, answers: Iterator[Answer]) -> Iterator[Answer]:
            for number, answer in enumerate(answers):
                if number == 17:
                    raise error
                yield answer

    with pytest.raises(type(error)):
        world.tournaments(Dying(noise=0.3), SuccessiveHalving(4))
    assert len(world.rows()) == 17
    teacher, alone = Scripted(noise=0.3), Scripted(noise=0.3)
    found, tally = world.tournaments(teacher, SuccessiveHalving(4))
    wanted, whole = World(world.folder / "other").tournaments(alone, SuccessiveHalving(4))
    assert found == wanted
    assert (tally.cached, tally.calls) == (17 + whole.cached, whole.calls - 17)


def test_questions_left_unanswered_end_the_run_and_the_others_are_kept(world: World) -> None:
    teacher = Scripted()
    teacher.queue += [(("a", "b"),), None, (("e", "f"),)]
    with pytest.raises(ServiceError, match="scripted left 1 question unanswered") as caught:
        world.ask(teacher, tuple("ab"), tuple("cd"), tuple("ef"))
    assert "kept" in caught.value.hint
    assert sorted(row["items"] for row in world.rows("items")) == [["a", "b"], ["e", "f"]]
    _, tally = world.ask(teacher, tuple("ab"), tuple("cd"), tuple("ef"))
    assert (tally.cached, tally.calls) == (2, 1)


def test_a_teacher_that_does_not_even_read_ends_the_run(world: World) -> None:
    class Asleep(Scripted):
        def rank(self, questions: Iterable[Question]) -> Iterator[Answer]:
            return iter(())

    with pytest.raises(ServiceError, match="left 2 questions unanswered"):
        world.ask(Asleep(), tuple("ab"), tuple("cd"))


def test_a_teacher_may_take_one_question_at_a_time_and_stop(world: World) -> None:
    class Short(Scripted):
        def rank(self, questions: Iterable[Question]) -> Iterator[Answer]:
            return super().rank([next(iter(questions))])

    told, tally = world.ask(Short(), tuple("ab"), tuple("cd"), tuple("ef"))
    assert None not in told and tally.calls == 3
