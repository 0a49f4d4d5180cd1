"""The words that the stages and the plugins share: records that flow between them and what a plugin must offer.

It knows nothing of the disk, of the command line, or of any one plugin.

Shape letters: P personas, N items, M items in one question, B rankings, D embedding width, F feature width.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

Group: TypeAlias = tuple[str, ...]
"""Item ids in the order in which they are shown to the teacher."""

Ranking: TypeAlias = tuple[tuple[str, ...], ...]
"""Item ids in levels, best level first; the ids of one level are tied."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One item as a teacher sees it.

    Attributes:
        id: the item's id in the catalog.
        text: title and description, empty if the catalog has none; data, never instructions.
        image: the stored picture (JPEG or PNG bytes), or None for a teacher that does not look (`uses_images`).
    """

    id: str
    text: str
    image: bytes | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One call: rank these items for this persona.

    Attributes:
        key: the fingerprint of all that changes the answer; the ledger's key.
        persona: the persona's text; data, never instructions.
        items: (M,) in the order shown.
        seed: 0, or the number of the repetition that asks the same again.
    """

    key: str
    persona: str
    items: tuple[Shown, ...]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a teacher said to one question; exactly one of `ranking` and `error` is set.

    Attributes:
        key: the question's key.
        ranking: the ids shown, best first, ties kept.
        scores: (M,) one number per item in the order shown (a similarity, a log-probability), higher is better.
        raw: the reply as it came, always kept.
        tokens_in, tokens_out: tokens read and written; 0 for teachers that do not count.
        latency_s: seconds from asking to the reply.
        error: why there is no ranking, in words.
    """

    key: str
    ranking: Ranking | None = None
    scores: tuple[float, ...] | None = None
    raw: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    latency_s: float = 0.0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a tournament costs: calls, images shown, and rounds that must follow each other."""

    calls: int
    images: int
    rounds: int


class Progress(Protocol):
    """How a stage tells how far it is. The command line draws bars; a library user may pass nothing."""

    def task(self, label: str, total: int | None) -> AbstractContextManager[Advance]:
        """Open a task of `total` steps (None: unknown); the value it gives is called with the steps done."""
        ...

    def note(self, text: str) -> None:
        """Say one line of talk, never data."""
        ...


class Advance(Protocol):
    """Tells that some steps of a task are done."""

    def __call__(self, steps: int = 1) -> None: ...


class Silent:
    """Progress that says nothing."""

    @contextmanager
    def task(self, label: str, total: int | None) -> Iterator[Advance]:
        yield lambda steps=1: None

    def note(self, text: str) -> None:
        return None


SILENT = Silent()


@runtime_checkable
class Teacher(Protocol):
    """Ranks small groups of items for a persona (entry point group `pdistill.teachers`).

    Attributes:
        model: what answers, with its version: goes into every ledger row.
        prompt_version: the version of the wording it asks with; empty if it asks without words.
        fingerprint: changes with all in the teacher that changes answers (model, prompt, decoding options).
        max_images: the largest group it can rank in one question.
        uses_images, uses_text: which parts of an item it looks at; only those are loaded and fingerprinted.
    """

    model: str
    prompt_version: str
    fingerprint: str
    max_images: int
    uses_images: bool
    uses_text: bool

    def rank(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """Answer every question, as answers come, in any order.

        Never raises for one question (that is an `Answer` with `error`); raises `ServiceError` when nothing can be
        answered any more. `questions` may grow while it is read: ask for the next only when ready to send it.
        """
        ...


@runtime_checkable
class Strategy(Protocol):
    """Finds the standings of n items by asking for small groups (entry point group `pdistill.strategies`).

    Pure: no I/O, no clock; all chance comes from `rng`.
    """

    def plan(self, n: int) -> Cost:
        """The exact cost of n items when no items tie and no answer fails (a tie only makes it cheaper)."""
        ...

    def play(
        self, items: Sequence[str], rng: np.random.Generator
    ) -> Generator[list[Group], list[Ranking | None], Ranking]:
        """Yield groups to rank, receive their rankings in the same order (None: no valid answer), return standings.

        The standings hold every item once, best first.
        """
        ...


@runtime_checkable
class Sampler(Protocol):
    """Chooses which items the teacher is asked about for each training persona (group `pdistill.samplers`)."""

    def choose(
        self, scores: np.ndarray, embeddings: np.ndarray, seen: np.ndarray, m: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Choose m unseen items per persona.

        Args:
            scores: (P, N) the student's cosine similarities.
            embeddings: (N, D) the student's item embeddings, unit length.
            seen: (P, N) bool, True where the pair was shown before; such a pair is never chosen.
            m: items per question.
            rng: all chance comes from here.

        Returns: P arrays of distinct item positions in the order to show them; shorter than m only where fewer
            unseen items are left.
        """
        ...


@runtime_checkable
class Student(Protocol):
    """A dual encoder whose text side is frozen (entry point group `pdistill.students`; arXiv 2510.12014, score).

    Attributes:
        text_fingerprint: changes with the text tower; the key of stored text embeddings.
        feature_fingerprint: changes with the frozen part of the image tower and its preprocessing; the key of
            stored features.
        dimension: D.
    """

    text_fingerprint: str
    feature_fingerprint: str
    dimension: int

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """(B,) texts -> (B, D) float32, unit length."""
        ...

    def preprocess(self, image: Image.Image) -> np.ndarray:
        """One upright RGB picture -> (3, H, W) float32."""
        ...

    def features(self, images: np.ndarray) -> np.ndarray:
        """(B, 3, H, W) float32 -> (B, F) float32: the frozen part, run once per picture and stored."""
        ...

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """(B, F) -> (B, D), unit length: the part that learns."""
        ...

    def trainable(self) -> list[torch.nn.Parameter]:
        """The parameters behind `project` that gradients may change; called once a training begins."""
        ...

    def state(self) -> dict[str, torch.Tensor]:
        """All that training changed, to be stored as safetensors; empty for the student as it comes."""
        ...

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take back what `state` gave. Raises ValueError if it does not fit."""
        ...


@runtime_checkable
class LinearStudent(Student, Protocol):
    """A student whose learning part can be one linear layer on stored features."""

    def set_projection(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        """Make project(x) = normalize(x @ weight + bias): weight (F, D), bias (D,), both on raw features."""
        ...


@runtime_checkable
class Loss(Protocol):
    """Turns a student's scores and a teacher's grades into one number (entry point group `pdistill.losses`)."""

    def __call__(self, scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Score B rankings.

        Args:
            scores: (B, M) cosine similarities, in [-1, 1].
            targets: (B, M) the teacher's grades, higher is better, equal is a tie, NaN is not judged.

        Returns: a scalar, finite and differentiable in `scores`; lower when the order agrees better.
        """
        ...


@dataclass(frozen=True)
class TrainingData:
    """All that a recipe learns from.

    Attributes:
        features: (N, F) stored features of the training items.
        prior: (N, D) where each item's embedding starts: of the item's own text, or of the student as it comes.
        has_text: (N,) bool, True where `prior` is of the item's text.
        personas: (P, D) text embeddings of the training personas.
        persona_index: (B,) which persona each ranking is for.
        item_index: (B, M) which items were shown; 0 where padded.
        targets: (B, M) the teacher's grades, NaN where padded.
    """

    features: torch.Tensor
    prior: torch.Tensor
    has_text: torch.Tensor
    personas: torch.Tensor
    persona_index: torch.Tensor
    item_index: torch.Tensor
    targets: torch.Tensor


@runtime_checkable
class Recipe(Protocol):
    """How a student learns from rankings (entry point group `pdistill.recipes`)."""

    def fit(
        self, student: Student, data: TrainingData, loss: Loss, seed: int, progress: Progress = SILENT
    ) -> dict[str, float]:
        """Train `student` in place from its state as it comes; the same data and seed give the same weights.

        Returns: numbers worth keeping beside the version (`loss_first`, `loss_last`, …).
        """
        ...


@runtime_checkable
class PersonaGenerator(Protocol):
    """Makes personas (entry point group `pdistill.generators`)."""

    def generate(self, count: int, seed: int) -> Iterator[str]:
        """`count` distinct persona texts, the same for the same seed."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a stage did, in numbers and failures.

    Attributes:
        result: JSON-ready data about the run.
        failures: one dict per item that failed, with at least `id` and `error`.
        warnings: sentences worth a user's attention.
    """

    result: dict[str, Any]
    failures: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
