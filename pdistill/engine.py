"""The engine: many tournaments at once, each question looked up in the ledger before a teacher is asked.

It knows the contracts and the ledger. It gives every strategy resuming and interleaving, and knows no strategy.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from pdistill.contracts import SILENT, Advance, Answer, Group, Progress, Question, Ranking, Shown, Teacher
from pdistill.errors import ServiceError, UsageError
from pdistill.fingerprint import fingerprint
from pdistill.ranking import validate
from pdistill.store.ledger import Entry, Ledger
from pdistill.store.records import Items

PICTURES_KEPT = 2_000
"""Pictures held in memory for teachers that look; about 100 MB at the stored size."""

ASKED_BEFORE = "there was no valid answer when it was asked before"

Rounds = Generator[list[Group], list[Ranking | None], Ranking | None]
"""A strategy's play, or anything else that asks for groups and is told rankings."""


@dataclass
class Play:
    """One persona's tournament or list of questions.

    Attributes:
        rounds: yields groups, receives rankings, returns standings.
        done: called with the play and its standings when it ends.
        student: the version whose scores chose the items, empty if none did.
        failed: questions that got no valid answer, in two orders.
    """

    persona_id: str
    persona: str
    rounds: Rounds
    done: Callable[[Play, Ranking | None], None] = lambda play, standings: None
    student: str = ""
    failed: int = 0
    _answers: list[Ranking | None] = field(default_factory=list)
    _open: int = 0


@dataclass
class Tally:
    """What a run asked: `calls` and `images` now, `cached` from the ledger, `failed` after the second try."""

    calls: int = 0
    images: int = 0
    cached: int = 0
    failed: int = 0
    tokens: int = 0
    errors: dict[str, int] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        for name in ("calls", "images", "cached", "failed", "tokens"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for error, count in other.errors.items():
            self.errors[error] = self.errors.get(error, 0) + count


class Shelf:
    """Items as a teacher sees them: pictures are fetched only for teachers that look, and kept for a while.

    Args:
        items: what may be shown.
        fetch: ids -> stored pictures.
    """

    def __init__(self, items: Items, teacher: Teacher, fetch: Callable[[list[str]], dict[str, bytes]]) -> None:
        self._at = {item: position for position, item in enumerate(items.ids)}
        self._items = items
        self._teacher = teacher
        self._fetch = fetch
        self._pictures: dict[str, bytes] = {}
        self._keys: dict[str, str] = {}

    def key(self, item: str) -> str:
        """The fingerprint of what the teacher sees of an item."""
        if item not in self._keys:
            at = self._at[item]
            seen = [
                self._items.hashes[at] if self._teacher.uses_images else "",
                self._items.texts[at] if self._teacher.uses_text else "",
            ]
            self._keys[item] = fingerprint(seen)
        return self._keys[item]

    def show(self, group: Group) -> tuple[Shown, ...]:
        if self._teacher.uses_images:
            missing = [item for item in group if item not in self._pictures]
            if missing:
                if len(self._pictures) > PICTURES_KEPT:
                    self._pictures.clear()
                self._pictures.update(self._fetch(list(group)))
        texts = self._items.texts if self._teacher.uses_text else None
        return tuple(Shown(item, texts[self._at[item]] if texts else "", self._pictures.get(item)) for item in group)


@dataclass
class _Asked:
    """One question on its way: which slot of which play waits for it."""

    play: Play
    slot: int
    group: Group
    attempt: int
    key: str


class Engine:
    """Asks one teacher on behalf of many plays.

    Args:
        name: the teacher's registered name, for the ledger.
        purpose: `train` or `eval`, for the ledger.
        seed: goes into the order of a second try.
    """

    def __init__(self, teacher: Teacher, name: str, shelf: Shelf, ledger: Ledger, purpose: str, seed: int) -> None:
        self._teacher = teacher
        self._name = name
        self._shelf = shelf
        self._ledger = ledger
        self._purpose = purpose
        self._seed = seed
        self._known = ledger.known(teacher.fingerprint)
        self._queue: deque[_Asked] = deque()
        self._waiting: dict[str, list[_Asked]] = {}
        self._advance: Advance = lambda steps=1: None
        self.tally = Tally()

    def run(self, plays: Sequence[Play], total: int | None, label: str, progress: Progress = SILENT) -> Tally:
        """Play all to their end.

        Args:
            total: expected number of questions, for the progress bar.

        Raises: ServiceError if the teacher cannot be reached any more; what was answered is in the ledger.
        """
        # A strategy fits small models many thousand times; threads for that only get in each other's way (with another
        # process on the same two cores, 118 s against 27 s for the same tournaments).
        with threadpool_limits(1, user_api="blas"), progress.task(label, total) as self._advance:
            try:
                for play in plays:
                    self._next(play, None)
                while self._queue:
                    before = self.tally.calls
                    for answer in self._teacher.rank(self._questions()):
                        self._take(answer)
                    if self._waiting or (self._queue and self.tally.calls == before):
                        left = len(self._waiting) + len(self._queue)
                        raise ServiceError(
                            f"The teacher {self._name} left {left} question{'s' * (left > 1)} unanswered.",
                            "Run it again: answers so far are kept.",
                        )
            finally:
                self._ledger.close()
        return self.tally

    def _next(self, play: Play, answers: list[Ranking | None] | None) -> None:
        """Let a play go on and queue what it asks."""
        try:
            groups = next(play.rounds) if answers is None else play.rounds.send(answers)
            while not groups:
                groups = play.rounds.send([])
        except StopIteration as stop:
            play.done(play, stop.value)
            return
        play._answers, play._open = [None] * len(groups), len(groups)
        for slot, group in enumerate(groups):
            if len(group) > self._teacher.max_images:
                raise UsageError(
                    f"A question of {len(group)} items is more than the teacher {self._name} takes: "
                    f"{self._teacher.max_images}.",
                    f"Lower items_per_question or group_size in pdistill.toml to {self._teacher.max_images}.",
                )
            self._queue.append(_Asked(play, slot, group, 0, self.key(play, group)))

    def key(self, play: Play, group: Group) -> str:
        return fingerprint(
            {
                "teacher": self._teacher.fingerprint,
                "persona": play.persona,
                "items": [self._shelf.key(item) for item in group],
                "seed": 0,
            }
        )

    def _questions(self) -> Iterator[Question]:
        """What the teacher has to be asked now; grows while it is read, since answers make plays go on."""
        while self._queue:
            asked = self._queue.popleft()
            if asked.key in self._known:
                self._from_ledger(asked)
            elif asked.key in self._waiting:
                self._waiting[asked.key].append(asked)
            else:
                self._waiting[asked.key] = [asked]
                yield Question(asked.key, asked.play.persona, self._shelf.show(asked.group))

    def _from_ledger(self, asked: _Asked) -> None:
        self.tally.cached += 1
        positions = self._known[asked.key]
        if positions is None:
            self.tally.errors[ASKED_BEFORE] = self.tally.errors.get(ASKED_BEFORE, 0) + 1
        self._deliver(asked, None if positions is None else _as_ids(positions, asked.group))

    def _take(self, answer: Answer) -> None:
        waiting = self._waiting.pop(answer.key, [])
        if not waiting:
            return  # answered twice: the first one counts
        first = waiting[0]
        ranking, error = answer.ranking, answer.error
        if ranking is not None and not validate(ranking, first.group):
            ranking, error = None, "the reply does not rank exactly the items shown"
        if ranking is None:
            error = error or "the reply holds no ranking"
        positions = None if ranking is None else _as_positions(ranking, first.group)
        self._ledger.append(self._entry(answer, first, positions, error))
        self._known[answer.key] = positions
        self.tally.calls += 1
        self.tally.images += len(first.group)
        self.tally.tokens += answer.tokens_in + answer.tokens_out
        if error is not None:
            self.tally.errors[error] = self.tally.errors.get(error, 0) + 1
        self._deliver(first, None if positions is None else _as_ids(positions, first.group))
        for same in waiting[1:]:
            self._from_ledger(same)

    def _deliver(self, asked: _Asked, ranking: Ranking | None) -> None:
        self._advance(1)
        if ranking is None and asked.attempt == 0 and len(asked.group) > 1:
            group = self._other_order(asked)
            self._queue.append(_Asked(asked.play, asked.slot, group, 1, self.key(asked.play, group)))
            return
        if ranking is None:
            self.tally.failed += 1
            asked.play.failed += 1
        play = asked.play
        play._answers[asked.slot] = ranking
        play._open -= 1
        if play._open == 0:
            self._next(play, play._answers)

    def _other_order(self, asked: _Asked) -> Group:
        """Another order of the same items, the same each time."""
        rng = np.random.default_rng(int(fingerprint([self._seed, asked.key], 15), 16))
        while (order := rng.permutation(len(asked.group))).tolist() == list(range(len(asked.group))):
            pass
        return tuple(asked.group[position] for position in order)

    def _entry(self, answer: Answer, asked: _Asked, positions: list[list[int]] | None, error: str | None) -> Entry:
        return Entry(
            key=answer.key,
            purpose=self._purpose,
            persona_id=asked.play.persona_id,
            persona=asked.play.persona,
            items=list(asked.group),
            ranking=positions,
            scores=None if answer.scores is None else list(answer.scores),
            raw=answer.raw,
            error=error,
            teacher=self._name,
            model=self._teacher.model,
            teacher_fingerprint=self._teacher.fingerprint,
            prompt_version=self._teacher.prompt_version,
            student=asked.play.student,
            seed=self._seed,
            tokens_in=answer.tokens_in,
            tokens_out=answer.tokens_out,
            latency_s=answer.latency_s,
            asked_at=time.time(),
        )


def one_round(groups: list[Group]) -> Rounds:
    """A play of one round: the questions for training."""
    yield groups
    return None


def _as_positions(ranking: Ranking, group: Group) -> list[list[int]]:
    at = {item: position for position, item in enumerate(group)}
    return [[at[item] for item in level] for level in ranking]


def _as_ids(positions: list[list[int]], group: Group) -> Ranking:
    return tuple(tuple(group[position] for position in level) for level in positions)
