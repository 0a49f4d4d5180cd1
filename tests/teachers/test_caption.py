"""What the caption teacher prefers, ties, and refuses."""

import json
from collections.abc import Iterator

import pytest

from pdistill.contracts import Answer, Question, Shown
from pdistill.embedded import minilm
from pdistill.teachers.caption import LOWEST, Caption
from pdistill.testing import check_teacher

HIKER = "I hike in the mountains every weekend and sleep in a tent."
BAKER = "I love to bake bread and chocolate cakes."
TEXTS = {"boots": "Waterproof hiking boots", "tin": "Cake tin for baking", "tie": "Silk tie for the office"}


def question(persona: str, key: str = "q", **texts: str) -> Question:
    return Question(key, persona, tuple(Shown(item, text) for item, text in texts.items()))


def ask(asked: Question) -> Answer:
    (answer,) = Caption().rank([asked])
    return answer


def test_keeps_the_contract() -> None:
    check_teacher(Caption())


@pytest.mark.parametrize(("persona", "best"), [(HIKER, "boots"), (BAKER, "tin")])
def test_ranks_by_what_the_persona_and_the_texts_mean(persona: str, best: str) -> None:
    answer = ask(question(persona, **TEXTS))
    assert answer.ranking is not None
    assert answer.ranking[0] == (best,)
    assert answer.error is None


def test_scores_are_cosines_in_the_order_shown_and_kept_in_the_raw_reply() -> None:
    answer = ask(question(HIKER, **TEXTS))
    persona, *items = minilm.encode([HIKER, *TEXTS.values()])
    assert answer.scores == pytest.approx([float(item @ persona) for item in items], abs=1e-6)
    assert json.loads(answer.raw) == {"similarities": dict(zip(TEXTS, answer.scores or (), strict=True))}
    assert (answer.tokens_in, answer.tokens_out) == (0, 0)
    assert answer.latency_s > 0


def test_equal_texts_are_tied_and_no_text_is_last() -> None:
    answer = ask(question(HIKER, blank="", first="Tent", cake="Chocolate cake", spaces=" \n", second="Tent"))
    assert answer.ranking == (("first", "second"), ("cake",), ("blank", "spaces"))
    assert answer.scores is not None
    assert (answer.scores[0], answer.scores[3]) == (LOWEST, LOWEST)


def test_no_text_at_all_is_an_error_that_says_what_to_do() -> None:
    answer = ask(question(HIKER, a="", b=" "))
    assert answer.ranking is None
    assert answer.error == "no item has text: the caption teacher ranks by text; use --title-field/--text-field"


def test_one_bad_question_costs_only_itself() -> None:
    asked = [question(HIKER, "good", **TEXTS), question(HIKER, "blank", a=""), Question("none", HIKER, ())]
    answers = {answer.key: answer for answer in Caption().rank(asked)}
    assert {key: answer.error is None for key, answer in answers.items()} == {
        "good": True,
        "blank": False,
        "none": False,
    }


def test_questions_may_come_from_the_answers() -> None:
    """The first answers queue more: those are asked for only after the answers were given."""
    waiting = [question(HIKER, "first", **TEXTS)]
    asked = []

    def questions() -> Iterator[Question]:
        while waiting:
            asked.append(waiting.pop(0))
            yield asked[-1]

    teacher, keys = Caption(), []
    while waiting:
        for answer in teacher.rank(questions()):
            keys.append(answer.key)
            if answer.key == "first":
                waiting.append(question(BAKER, "second", **TEXTS))
    assert keys == ["first", "second"]


def test_an_answer_does_not_hang_on_its_company() -> None:
    others = [question(f"I own {number} dogs.", f"q{number}", toy=f"Toy {number}", **TEXTS) for number in range(300)]
    alone = ask(question(HIKER, "same", **TEXTS))
    among = {answer.key: answer for answer in Caption().rank([*others, question(HIKER, "same", **TEXTS)])}
    assert len(among) == 301
    assert (among["same"].ranking, among["same"].scores) == (alone.ranking, alone.scores)


def test_no_more_than_a_chunk_is_read_ahead() -> None:
    taken = 0

    def questions() -> Iterator[Question]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield question(HIKER, f"q{number}", **TEXTS)

    next(Caption().rank(questions()))
    assert taken == 256
