"""The checks for plugin authors: what keeps a contract passes, and each way of breaking it is found and named."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from pdistill.contracts import Answer, Cost, Question
from pdistill.losses.bradley_terry import BradleyTerry
from pdistill.samplers.diverse import Diverse
from pdistill.samplers.paper_bins import PaperBins
from pdistill.samplers.uniform import Uniform
from pdistill.strategies.knockout import Knockout
from pdistill.strategies.successive_halving import SuccessiveHalving
from pdistill.testing import check_loss, check_sampler, check_strategy, check_student, check_teacher


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


class Bags:
    """A student that really embeds: texts by their letters, pictures by their mean colour and a layer."""

    text_fingerprint, feature_fingerprint, dimension = "letters-1", "colours-1", 26

    def __init__(self) -> None:
        self.layer: torch.Tensor | None = None

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.array(
            [[text.lower().count(chr(97 + letter)) for letter in range(26)] for text in texts], np.float32
        )
        return _unit(counts + 0.1)

    def preprocess(self, image: Any) -> np.ndarray:
        return np.asarray(image.resize((4, 4)), np.float32).transpose(2, 0, 1) / 255

    def features(self, images: np.ndarray) -> np.ndarray:
        return images.mean((2, 3))

    def project(self, features: torch.Tensor) -> torch.Tensor:
        layer = torch.eye(3, 26) if self.layer is None else self.layer
        return torch.nn.functional.normalize(features @ layer + 0.1, dim=-1)

    def trainable(self) -> list[torch.nn.Parameter]:
        self.layer = torch.nn.Parameter(torch.eye(3, 26))
        return [self.layer]

    def state(self) -> dict[str, torch.Tensor]:
        return {} if self.layer is None else {"layer": self.layer.detach().clone()}

    def load_state(self, state: Any) -> None:
        if state and set(state) != {"layer"}:
            raise ValueError("not a state of Bags")
        self.layer = state["layer"] if state else None


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class LongText(Bags):
    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return 2 * super().encode_text(texts)


class ThawedText(Bags):
    """Its texts move once training began, and stay moved."""

    moved = False

    def trainable(self) -> list[torch.nn.Parameter]:
        self.moved = True
        return super().trainable()

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return np.ascontiguousarray(super().encode_text(texts)[:, :: -1 if self.moved else 1])


class BatchText(Bags):
    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return _unit(super().encode_text(texts) + 0.1 * np.arange(len(texts), dtype=np.float32)[:, None] ** 2 % 0.7)


class BatchFeatures(Bags):
    def features(self, images: np.ndarray) -> np.ndarray:
        return super().features(images - images.mean(0))


class AnySize(Bags):
    def preprocess(self, image: Any) -> np.ndarray:
        return np.asarray(image, np.float32).transpose(2, 0, 1)


class Deaf(Bags):
    def project(self, features: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(features @ torch.eye(3, 26) + 0.1, dim=-1)


class Forgetful(Bags):
    def load_state(self, state: Any) -> None:
        super().load_state({name: torch.zeros(3, 26) for name in state} if "layer" in state else state)


class Gullible(Bags):
    def load_state(self, state: Any) -> None:
        self.layer = state.get("layer")


class FalseLinear(Bags):
    def set_projection(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        self.layer = weight


def test_a_student_in_order_passes_and_is_left_as_it_came() -> None:
    student = Bags()
    check_student(student)
    assert student.state() == {}


@pytest.mark.parametrize(
    ("student", "complaint"),
    [
        (LongText(), "encode_text: not of unit length"),
        (ThawedText(), "training changed encode_text"),
        (BatchText(), "encode_text: a text hangs on its neighbours"),
        (BatchFeatures(), "features: a picture hangs on the others"),
        (AnySize(), "preprocess: the shape hangs on"),
        (Deaf(), "project does not hang on any parameter"),
        (Forgetful(), "load_state does not bring back what state gave"),
        (Gullible(), "load_state took a state that does not fit"),
        (FalseLinear(), "set_projection: project is not normalize"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_student_out_of_order_is_named(student: Bags, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_student(student)


def _margins(scores: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return scores[:, :, None] - scores[:, None, :], targets[:, :, None] > targets[:, None, :]


def _per_ranking(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    margins, above = _margins(scores, targets)
    return (softplus(-margins) * above).sum((1, 2))


def _unguarded_mean(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    margins, above = _margins(scores, targets)
    return softplus(-margins)[above].mean()


def _backwards(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return BradleyTerry()(-scores, targets)


def _squared_error(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (scores - targets).square().mean()


def _unjudged_is_worst(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return BradleyTerry()(scores, targets.nan_to_num(-1.0))


def _place_matters(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return BradleyTerry()(scores, targets) + 0.1 * scores[:, 0].mean()


def _first_ranking_only(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return BradleyTerry()(scores[:1], targets[:1])


def _counts_mistakes(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    margins, above = _margins(scores, targets)
    return ((margins < 0) & above).float().mean()


def test_a_loss_in_order_passes() -> None:
    check_loss(BradleyTerry())


@pytest.mark.parametrize(
    ("loss", "complaint"),
    [
        (_per_ranking, "not a scalar"),
        (_unguarded_mean, "the loss is nan"),
        (_backwards, "the right order costs"),
        (_squared_error, "the right order costs|the loss is nan"),
        (_unjudged_is_worst, "an item that was not judged gets a gradient"),
        (_place_matters, "order in which items are listed"),
        (_first_ranking_only, "the order of rankings"),
        (_counts_mistakes, "not differentiable"),
    ],
)
def test_a_loss_out_of_order_is_named(loss: Any, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_loss(loss)


@pytest.mark.parametrize("sampler", [Diverse(), PaperBins(), Uniform()], ids=lambda value: type(value).__name__)
def test_the_samplers_pass(sampler: Any) -> None:
    check_sampler(sampler)


class Careless:
    """Draws well but for one flaw."""

    def __init__(self, flaw: str) -> None:
        self.flaw = flaw

    def choose(
        self, scores: np.ndarray, embeddings: np.ndarray, seen: np.ndarray, m: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        if self.flaw == "unseeded":
            rng = np.random.default_rng()
        if self.flaw == "marks":
            seen[0, 0] = not seen[0, 0]
        rows = np.zeros_like(seen) if self.flaw == "repeats pairs" else seen
        chosen = [rng.permutation(np.flatnonzero(~row))[: m - (self.flaw == "short")] for row in rows]
        return [np.repeat(each[:1], len(each)) for each in chosen] if self.flaw == "repeats items" else chosen


def test_a_sampler_in_order_passes() -> None:
    check_sampler(Careless("none"))


@pytest.mark.parametrize(
    ("flaw", "complaint"),
    [
        ("unseeded", "the same seed chooses differently"),
        ("marks", "changed its inputs|the same seed chooses differently"),
        ("repeats pairs", "items chosen where|seen before is chosen"),
        ("short", "items chosen where"),
        ("repeats items", "an item is chosen twice"),
    ],
)
def test_a_sampler_out_of_order_is_named(flaw: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_sampler(Careless(flaw))


@pytest.mark.parametrize(
    "strategy",
    [Knockout(2), Knockout(8), SuccessiveHalving(8), SuccessiveHalving(5)],
    ids=["knockout-2", "knockout-8", "halving-8", "halving-5"],
)
def test_the_strategies_pass(strategy: Any) -> None:
    check_strategy(strategy)


class AllAtOnce:
    """Asks one question with every item, but for one flaw."""

    def __init__(self, flaw: str) -> None:
        self.flaw = flaw

    def plan(self, n: int) -> Cost:
        if n == 1:
            return Cost(0, 0, 0)
        return Cost(1 + (self.flaw == "dear"), n, 1)

    def play(self, items: Sequence[str], rng: np.random.Generator) -> Any:
        if len(items) == 1:
            return (tuple(items),)
        if self.flaw == "endless":
            while True:
                yield [tuple(items)]
        source = np.random.default_rng() if self.flaw == "unseeded" else rng
        group = tuple(items[position] for position in source.permutation(len(items)))
        if self.flaw == "doubles":
            group += group[:1]
        if self.flaw == "strangers":
            group += ("nobody",)
        if self.flaw == "lonely":
            yield [group[:1]]
        (ranking,) = yield [group]
        if ranking is None:
            return (group[1:],) if self.flaw == "loses" else (group,)
        return ranking[::-1] if self.flaw == "upside down" else ranking


def test_a_strategy_in_order_passes() -> None:
    check_strategy(AllAtOnce("none"))


@pytest.mark.parametrize(
    ("flaw", "complaint"),
    [
        ("dear", "the plan says"),
        ("endless", "no end after"),
        ("unseeded", "the same seed plays differently"),
        ("doubles", "shows an item twice"),
        ("strangers", "shows an item that does not play"),
        ("lonely", "leaves nothing to compare"),
        ("loses", "no permutation of the items"),
        ("upside down", "a noiseless teacher's best does not win"),
    ],
)
def test_a_strategy_out_of_order_is_named(flaw: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_strategy(AllAtOnce(flaw))
