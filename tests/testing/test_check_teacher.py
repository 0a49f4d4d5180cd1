"""The check of a teacher: one in order passes, and each way of breaking the contract is named."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pdistill.contracts import Answer, Question
from pdistill.testing import check_teacher


class WordCount:
    """A teacher that really ranks: by how many words an item shares with the persona."""

    model, fingerprint, prompt_version = "word-count-1", "w1", ""
    max_images, uses_images, uses_text = 10, False, True

    def rank(self, questions: Iterable[Question]) -> Iterator[Answer]:
        for question in questions:
            yield self.answer(question)

    def answer(self, question: Question) -> Answer:
        words = set(question.persona.lower().split())
        shared = {item.id: len(words & set(item.text.lower().split())) for item in question.items}
        levels = sorted(set(shared.values()), reverse=True)
        ranking = tuple(tuple(item for item, count in shared.items() if count == level) for level in levels)
        return Answer(question.key, ranking=ranking)


class Changed(WordCount):
    """The same, with its list of answers changed on the way out."""

    def __init__(self, change: Callable[[list[Answer]], list[Answer]]) -> None:
        self.change = change

    def rank(self, questions: Iterable[Question]) -> Iterator[Answer]:
        yield from self.change(list(super().rank(questions)))


def _of_all(**values: Any) -> Callable[[list[Answer]], list[Answer]]:
    return lambda answers: [replace(answer, **values) for answer in answers]


def test_a_teacher_in_order_passes() -> None:
    check_teacher(WordCount())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda answers: answers[1:], "an everyday persona: no answer"),
        (lambda answers: answers + answers[:1], "answered twice"),
        (_of_all(key="other"), "'other', which was not asked"),
        (_of_all(ranking=None), "exactly one of ranking and error"),
        (_of_all(error="why"), "exactly one of ranking and error"),
        (_of_all(ranking=None, error=" "), "the error says nothing"),
        (_of_all(ranking=None, error="cannot"), "an everyday persona got no ranking: cannot"),
        (_of_all(ranking=(("item-0", "item-0"),)), "is no permutation"),
        (_of_all(scores=(0.5,)), "1 scores for"),
        (_of_all(latency_s=-1.0), "a negative count or time"),
    ],
)
def test_a_teacher_out_of_order_is_named(change: Callable[[list[Answer]], list[Answer]], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_teacher(Changed(change))


class Nameless:
    rank = WordCount.rank


def test_what_a_teacher_lacks_is_named() -> None:
    with pytest.raises(
        AssertionError, match=r"Nameless lacks what contracts.Teacher has: fingerprint, max_images, mod"
    ):
        check_teacher(Nameless())  # type: ignore[arg-type]


class Fragile(WordCount):
    """Cannot bear a persona of no words."""

    def answer(self, question: Question) -> Answer:
        assert question.persona.split()[0]
        return super().answer(question)


def test_a_teacher_that_raises_is_named() -> None:
    with pytest.raises(AssertionError, match="rank raised IndexError"):
        check_teacher(Fragile())
