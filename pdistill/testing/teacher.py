"""The check of a teacher: every question is answered once, in form, whatever the texts say.

It owns the questions asked, and must not judge whether a ranking is wise.
"""

from __future__ import annotations

import io

import numpy as np

from pdistill.contracts import Answer, Question, Shown, Teacher
from pdistill.testing.expect import ITEM_TEXTS, ODD_PERSONAS, expect, expect_members


def check_teacher(teacher: Teacher) -> None:
    """Ask a teacher a few ordinary and odd questions (6 calls: they may cost money) and judge its answers' form.

    Raises AssertionError in words if a question stays without an answer or gets two, if a ranking is no permutation
    of the items shown, if odd text makes it raise, or if not even the everyday persona gets a ranking.
    """
    expect_members(teacher, Teacher)
    expect(teacher.model and isinstance(teacher.model, str), "`model` must say what answers")
    expect(isinstance(teacher.prompt_version, str), "`prompt_version` must be a string; empty where there is no prompt")
    expect(teacher.fingerprint and isinstance(teacher.fingerprint, str), "`fingerprint` must be a string, not empty")
    expect(teacher.max_images >= 2, f"`max_images` must be at least 2, not {teacher.max_images}")
    expect(teacher.uses_images or teacher.uses_text, "a teacher must look at pictures or texts")
    items = _items(teacher, min(len(ITEM_TEXTS), teacher.max_images))
    asked = {name: Question(name, persona, items) for name, persona in ODD_PERSONAS.items()}
    asked["two items"] = Question("two items", ODD_PERSONAS["an everyday persona"], items[:2])
    answers: dict[str, Answer] = {}
    try:
        for answer in teacher.rank(question for question in asked.values()):
            expect(answer.key in asked, f"an answer has the key '{answer.key}', which was not asked")
            expect(answer.key not in answers, f"{answer.key}: answered twice")
            answers[answer.key] = answer
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(
            f"rank raised {type(error).__name__}: {error}; one question's failure is an Answer"
        ) from error
    for name, question in asked.items():
        expect(name in answers, f"{name}: no answer")
        _check_answer(name, question, answers[name])
    everyday = answers["an everyday persona"]
    expect(everyday.ranking is not None, f"an everyday persona got no ranking: {everyday.error}")


def _items(teacher: Teacher, count: int) -> tuple[Shown, ...]:
    from PIL import Image

    shown = []
    for index, text in enumerate(ITEM_TEXTS[:count]):
        buffer = io.BytesIO()
        Image.new("RGB", (64, 64), (30 * index, 255 - 30 * index, 128)).save(buffer, "PNG")
        image = buffer.getvalue() if teacher.uses_images else None
        shown.append(Shown(f"item-{index}", text if teacher.uses_text else "", image))
    return tuple(shown)


def _check_answer(name: str, question: Question, answer: Answer) -> None:
    expect((answer.ranking is None) != (answer.error is None), f"{name}: exactly one of ranking and error must be set")
    if answer.error is not None:
        expect(answer.error.strip(), f"{name}: the error says nothing")
        return
    shown = [item.id for item in question.items]
    levels = answer.ranking or ()
    ranked = [each for level in levels for each in level]
    expect(sorted(ranked) == sorted(shown), f"{name}: the ranking {ranked} is no permutation of the items {shown}")
    expect(all(levels), f"{name}: a level of the ranking is empty")
    if answer.scores is not None:
        expect(len(answer.scores) == len(shown), f"{name}: {len(answer.scores)} scores for {len(shown)} items")
        expect(np.isfinite(answer.scores).all(), f"{name}: a score is not finite")
    expect(min(answer.tokens_in, answer.tokens_out, answer.latency_s) >= 0, f"{name}: a negative count or time")
