"""The generator `composed`: personas put together from hobbies, people, places and tastes, without a model.

It owns the grammar; the words are in hobbies.py and vocabulary.py, and it must not know any catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pdistill.errors import UsageError
from pdistill.generators import hobbies
from pdistill.generators.vocabulary import (
    AGES,
    BUDGETS,
    CALLINGS,
    DISLIKES,
    HOMES,
    OCCASIONS,
    PLACES,
    PRONOUNS,
    RELATIONS,
    TASTES,
)

LIMIT = 1_000_000
"""The most personas that one seed gives: far fewer than there are combinations, so distinct ones are soon found."""

_DRAWS = 32
"""Random numbers set aside for one persona; no form of sentence uses as many."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Hobby:
    """What a persona loves to do.

    Attributes:
        does: in the third person, `keeps bees`.
        noun: `beekeeping`.
        agent: `beekeeper`; empty where English has no word.
        stages: stages of life that it suits.
    """

    does: str
    noun: str
    agent: str
    stages: tuple[str, ...]


def _parse(lines: str, stages: tuple[str, ...]) -> list[Hobby]:
    found = []
    for line in lines.strip().splitlines():
        does, noun, agent = (part.strip() for part in line.split("|"))
        found.append(Hobby(does, noun, agent.strip("-"), stages))
    return found


HOBBIES: tuple[Hobby, ...] = (
    *_parse(hobbies.HOBBIES_OF_CHILDREN, ("child",)),
    *_parse(hobbies.HOBBIES_OF_EVERYBODY, ("child", "child", "teen", "adult", "old")),
    *_parse(hobbies.HOBBIES_FROM_TEENS, ("teen", "adult", "adult", "old")),
    *_parse(hobbies.HOBBIES_OF_ADULTS, ("adult", "adult", "old")),
)
"""Every hobby; a stage of life named twice is drawn twice as often."""


class Composed:
    """Personas in the words of people who look for a gift, and plain descriptions of people.

    Every round of personas goes once through all hobbies, in a new order, so that even a few hundred are wide.
    """

    def generate(self, count: int, seed: int) -> Iterator[str]:
        """`count` distinct persona texts of 2 words to 3 sentences; a longer run with the same seed starts the same.

        Raises UsageError if `count` is not in 0..LIMIT or `seed` is negative.
        """
        if not 0 <= count <= LIMIT:
            raise UsageError(
                f"The generator 'composed' cannot make {count} personas.",
                f"Ask for 0 to {LIMIT:,}, or import your own.",
            )
        if seed < 0:
            raise UsageError(f"The seed {seed} is negative.", "Choose a seed of 0 or more.")
        return self._texts(count, np.random.default_rng(seed))

    def _texts(self, count: int, rng: np.random.Generator) -> Iterator[str]:
        seen: set[str] = set()
        while len(seen) < count:
            for position in rng.permutation(len(HOBBIES)):
                if len(seen) == count:
                    return
                text = compose(HOBBIES[position], rng)
                while text in seen:
                    text = compose(HOBBIES[position], rng)
                seen.add(text)
                yield text


class _Dice:
    """Choices for one persona, from numbers in [0, 1) drawn at once: far quicker than asking numpy one by one."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._numbers = iter(rng.random(_DRAWS).tolist())

    def pick(self, options: Sequence[_T]) -> _T:
        return options[int(next(self._numbers) * len(options))]

    def chance(self, probability: float) -> bool:
        return next(self._numbers) < probability


def compose(hobby: Hobby, rng: np.random.Generator) -> str:
    """One persona text about `hobby`."""
    dice = _Dice(rng)
    form = dice.pick(_FORMS)
    return form(hobby, dice.pick(hobby.stages), dice)


def with_article(words: str) -> str:
    """`words` with "a" or "an" before them, by how they sound: an 8-year-old, a university student."""
    first = words.split()[0].lower()
    number = first.split("-")[0]
    if number.isdigit():
        vowel = number.startswith("8") or number in {"11", "18"}
    else:
        vowel = (first[0] in "aeiou" and not first.startswith(("uni", "eu", "one", "use"))) or first.startswith("hono")
    return f"{'an' if vowel else 'a'} {words}"


def first_person(does: str) -> str:
    """A phrase in the third person turned to the first: `watches birds` -> `watch birds`."""
    words = does.split(" ")
    at = next(index for index, word in enumerate(words) if word not in _BEFORE_VERBS)
    words[at] = _base(words[at])
    return " ".join(words)


_BEFORE_VERBS = frozenset({"already", "always", "never", "figure", "scuba"})
_IRREGULAR = {"has": "have", "is": "am", "ties": "tie", "lies": "lie", "cannot": "cannot"}


def _base(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    if verb.endswith(("shes", "ches", "xes", "sses", "oes")):
        return verb[:-2]
    return verb[:-1]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _age(stage: str, dice: _Dice) -> str:
    youngest, oldest = AGES[stage]
    return f"{dice.pick(range(youngest, oldest + 1))}-year-old"


def _somebody(stage: str, dice: _Dice, before: str = "") -> tuple[str, str]:
    """A relation with its determiner, and the pronoun: ("my 9-year-old niece", "she")."""
    relation, pronoun = dice.pick(RELATIONS[stage])
    words = f"{before} {relation}".strip()
    if not before and " " not in relation and dice.chance(0.3):
        words = f"{_age(stage, dice)} {relation}"
    return (f"my {words}" if dice.chance(0.65) else with_article(words)), pronoun


def _budget(dice: _Dice, probability: float) -> str:
    return f", {dice.pick(BUDGETS)}" if dice.chance(probability) else ""


def _gift(dice: _Dice) -> str:
    word = dice.pick(("gift", "present", "gift", "gift idea"))
    return dice.pick(("something", word, with_article(word), with_article(f"{dice.pick(OCCASIONS)} {word}")))


def _keyword(hobby: Hobby, stage: str, dice: _Dice) -> str:
    """`beekeeping gift`, `gift for a beekeeper`, `something for someone who keeps bees`."""
    words = dice.pick(("gift", "present", "gift idea", "gift ideas"))
    forms = [f"{hobby.noun} {words}", f"{words} for someone who {hobby.does}", f"{words} for someone into {hobby.noun}"]
    if hobby.agent:
        forms += [f"{words} for {with_article(hobby.agent)}", f"something for {with_article(hobby.agent)}"]
    return dice.pick(forms) + _budget(dice, 0.2)


def _for_kind(hobby: Hobby, stage: str, dice: _Dice) -> str:
    """`something for my gardener mom`."""
    if not hobby.agent:
        return _for_somebody(hobby, stage, dice)
    return f"{_gift(dice)} for {_somebody(stage, dice, hobby.agent)[0]}" + _budget(dice, 0.15)


def _for_somebody(hobby: Hobby, stage: str, dice: _Dice) -> str:
    """`a birthday gift for my grandfather who keeps bees and drinks strong tea`."""
    return f"{_gift(dice)} for {_somebody(stage, dice)[0]} who {hobby.does}{_also(hobby, dice)}" + _budget(dice, 0.15)


def _asking(hobby: Hobby, stage: str, dice: _Dice) -> str:
    """`What can I give my aunt for Christmas? She gardens. She hates clutter.`"""
    who, pronoun = _somebody(stage, dice)
    question = dice.pick(
        ("What can I give {}?", "What would please {}?", "I need a gift for {}.", "Help me surprise {}.")
    )
    more = dice.pick((TASTES, DISLIKES, HOMES[stage]))
    tail = f" {_capital(pronoun)} {dice.pick(more)}." if dice.chance(0.6) else ""
    return f"{question.format(who)} {_capital(pronoun)} {hobby.does}.{tail}"


def _description(hobby: Hobby, stage: str, dice: _Dice) -> str:
    """`A retired nurse from a small coastal town who bakes sourdough bread. She walks two dogs.`"""
    calling = dice.pick(CALLINGS[stage])
    who = f"{_age(stage, dice)} {calling}" if dice.chance(0.5) else calling
    origin = f" from {dice.pick(PLACES)}" if dice.chance(0.6) else ""
    pronoun = PRONOUNS.get(calling) or dice.pick(("he", "she"))
    tails = [dice.pick(HOMES[stage]), dice.pick(DISLIKES), _second(hobby, stage, dice)]
    first = dice.pick((0, 1, 2))
    shown = [tails[first]] if dice.chance(0.55) else []
    if shown and dice.chance(0.3):
        shown.append(tails[(first + 1) % 3])
    sentences = "".join(f" {_capital(pronoun)} {tail}." for tail in shown)
    return f"{_capital(with_article(who))}{origin} who {hobby.does}{_also(hobby, dice)}.{sentences}"


def _confession(hobby: Hobby, stage: str, dice: _Dice) -> str:
    """`I am a bus driver from Oslo. I collect stamps. I hate clutter.`"""
    calling = dice.pick(CALLINGS[stage])
    who = f"{_age(stage, dice)} {calling}" if dice.chance(0.5) else calling
    origin = f" from {dice.pick(PLACES)}" if dice.chance(0.5) else ""
    tail = dice.pick((*TASTES, *DISLIKES, *HOMES[stage]))
    third = f" I {first_person(tail)}." if dice.chance(0.5) else ""
    return f"I am {with_article(who)}{origin}. I {first_person(hobby.does)}.{third}"


def _also(hobby: Hobby, dice: _Dice) -> str:
    """ " and drinks strong tea", or nothing: by chance, and where it would chain a second "and" or repeat the verb."""
    taste = dice.pick(TASTES)
    clumsy = " and " in hobby.does or taste.split()[0] == hobby.does.split()[0]
    return f" and {taste}" if dice.chance(0.5) and not clumsy else ""


def _second(hobby: Hobby, stage: str, dice: _Dice) -> str:
    """Another hobby that suits the stage of life, or a taste where chance names the same one or an unsuitable one."""
    other = dice.pick(HOBBIES)
    taste = dice.pick(TASTES)
    return other.does if other is not hobby and stage in other.stages else taste


_FORMS: tuple[Callable[[Hobby, str, _Dice], str], ...] = (
    _keyword,
    _for_kind,
    _for_kind,
    _for_somebody,
    _for_somebody,
    _for_somebody,
    _asking,
    _description,
    _description,
    _description,
    _confession,
)
"""Forms of sentence; one that stands here twice is drawn twice as often."""
