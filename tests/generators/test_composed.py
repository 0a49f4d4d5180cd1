"""Tests of the generator `composed`: it must not depend on any catalog or student."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill.contracts import PersonaGenerator
from pdistill.errors import UsageError
from pdistill.generators import composed
from pdistill.generators.composed import HOBBIES, LIMIT, Composed, compose, first_person, with_article


def test_keeps_the_contract() -> None:
    assert isinstance(Composed(), PersonaGenerator)


@given(seed=st.integers(0, 2**40), few=st.integers(0, 60), more=st.integers(0, 600))
@settings(max_examples=25, deadline=None)
def test_a_longer_run_starts_the_same(seed: int, few: int, more: int) -> None:
    long = list(Composed().generate(few + more, seed))
    assert len(long) == few + more
    assert list(Composed().generate(few, seed)) == long[:few]


def test_another_seed_gives_others() -> None:
    first, second = (set(Composed().generate(500, seed)) for seed in (1, 2))
    assert len(first & second) < 50


def test_twenty_thousand_are_distinct() -> None:
    texts = list(Composed().generate(20_000, 7))
    assert len(set(texts)) == len(texts) == 20_000


def test_a_known_run_does_not_change() -> None:
    # Written down from one run: stored answers are keyed by these texts, so a change of words is a change of keys.
    assert list(Composed().generate(3, 0)) == KNOWN


def test_each_round_goes_through_every_hobby() -> None:
    texts = list(Composed().generate(len(HOBBIES), 11))
    nowhere = [
        hobby.does
        for hobby in HOBBIES
        if not any(
            words and words in text
            for text in texts
            for words in (hobby.does, hobby.noun, hobby.agent, first_person(hobby.does))
        )
    ]
    assert len(HOBBIES) >= 200
    assert nowhere == []


@pytest.mark.parametrize("count", [-1, LIMIT + 1])
def test_more_than_possible_is_refused_at_once(count: int) -> None:
    with pytest.raises(UsageError, match=str(count)):
        Composed().generate(count, 0)


def test_a_negative_seed_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="-3"):
        Composed().generate(1, -3)


def test_the_rarest_hobbies_leave_room_for_the_limit() -> None:
    # The limit asks each hobby for LIMIT / 250 = 4,000 texts; 1,000 draws of one must seldom repeat themselves.
    for hobby in (HOBBIES[0], HOBBIES[-1]):
        rng = np.random.default_rng(5)
        assert len({compose(hobby, rng) for _ in range(1_000)}) > 800


def test_texts_are_short_and_long() -> None:
    texts = list(Composed().generate(3_000, 3))
    words = [len(text.split()) for text in texts]
    sentences = [len(re.findall(r"[.?](?: |$)", text)) for text in texts]
    assert min(words) <= 3
    assert max(words) <= 60
    assert set(sentences) == {0, 1, 2, 3}


def test_grammar_of_many_texts() -> None:
    for text in Composed().generate(5_000, 4):
        for article, word in re.findall(r"\b([Aa]n?) (\S+)", text):
            number = re.match(r"\d+", word)
            if number:
                vowel = number[0] in SPOKEN_WITH_A_VOWEL
            else:
                vowel = word[0].lower() in "aeiou" and not word.startswith(("uni", "used"))
            assert article.lower() == ("an" if vowel else "a"), text
        assert not re.search(r"\bI (?:has|is|plays|keeps|goes|loves|hates|likes|lives|does)\b", text), text
        assert "  " not in text and not text.endswith((" ", ",", "..")), text
        assert text.count(" and ") <= 3, text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("8-year-old boy", "an 8-year-old boy"),
        ("11-year-old girl", "an 11-year-old girl"),
        ("18-year-old", "an 18-year-old"),
        ("80-year-old widow", "an 80-year-old widow"),
        ("1-year-old", "a 1-year-old"),
        ("17-year-old", "a 17-year-old"),
        ("unicorn fan", "a unicorn fan"),
        ("university town", "a university town"),
        ("uncle", "an uncle"),
        ("aunt", "an aunt"),
        ("Easter gift", "an Easter gift"),
        ("European", "a European"),
        ("honorary member", "an honorary member"),
        ("house painter", "a house painter"),
    ],
)
def test_article_follows_the_sound(words: str, expected: str) -> None:
    assert with_article(words) == expected


@pytest.mark.parametrize(
    ("third", "first"),
    [
        ("keeps bees", "keep bees"),
        ("watches birds", "watch birds"),
        ("flies falcons", "fly falcons"),
        ("studies maps", "study maps"),
        ("ties macramé", "tie macramé"),
        ("lies on the beach", "lie on the beach"),
        ("mixes cocktails", "mix cocktails"),
        ("fishes at the lake", "fish at the lake"),
        ("presses flowers", "press flowers"),
        ("goes camping", "go camping"),
        ("does gymnastics", "do gymnastics"),
        ("practices yoga", "practice yoga"),
        ("has a cat", "have a cat"),
        ("is learning first aid", "am learning first aid"),
        ("figure skates", "figure skate"),
        ("always has cold feet", "always have cold feet"),
        ("cannot stand plastic", "cannot stand plastic"),
        ("does not like crowds", "do not like crowds"),
    ],
)
def test_first_person(third: str, first: str) -> None:
    assert first_person(third) == first


def test_every_verb_has_a_first_person() -> None:
    # Each phrase starts with a verb that ends in s (or cannot), or the rule would cut a letter off something else.
    phrases = [
        *(hobby.does for hobby in HOBBIES),
        *composed.TASTES,
        *composed.DISLIKES,
        *(phrase for phrases in composed.HOMES.values() for phrase in phrases),
    ]
    for phrase in phrases:
        verb = next(word for word in phrase.split() if word not in {"already", "always", "never", "figure", "scuba"})
        assert verb.endswith("s") or verb == "cannot", phrase
        assert first_person(phrase) != phrase or verb == "cannot", phrase


def test_words_are_listed_once() -> None:
    for column in ([hobby.does for hobby in HOBBIES], composed.TASTES, composed.DISLIKES, composed.PLACES):
        assert len(set(column)) == len(column)


def test_children_get_no_adult_hobby() -> None:
    adult = {hobby.does for hobby in HOBBIES if "child" not in hobby.stages}
    for text in Composed().generate(4_000, 8):
        if re.search(r"\b(?:boy|girl|niece|nephew|grandson|granddaughter|godson|goddaughter)\b", text):
            teen = "teenage" in text or re.search(r"\b1[3-8]-year-old (?:boy|girl)\b", text)
            assert teen or not any(f"who {does}" in text for does in adult & DRINKS), text


SPOKEN_WITH_A_VOWEL = {"8", "11", "18", *(str(age) for age in range(80, 90))}

DRINKS = {
    "collects red wine",
    "brews beer",
    "mixes cocktails",
    "drinks single malt whisky",
    "loves champagne and oysters",
    "drinks sake",
}

KNOWN = [
    "a gift idea for my aunt who practices calligraphy",
    "A 70-year-old retired electrician who writes software and wears mostly black.",
    "a last-minute present for my brother who bakes sourdough bread and has a dry sense of humor",
]
