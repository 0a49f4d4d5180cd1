"""A teacher and a student for tests: real plugins that keep their contracts, quick, the same on every machine.

They own opinions simple enough to follow by hand, and must not know any stage.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pdistill.contracts import Answer, Question, Ranking, Shown
from pdistill.fingerprint import content_hash, fingerprint, fraction
from pdistill.ranking import from_scores

if TYPE_CHECKING:
    import torch
    from PIL import Image

DIMENSION = 16
FEATURES = 12

Reply: TypeAlias = Ranking | str | BaseException | None
"""What a scripted teacher says next: a ranking, an error in words, something it raises, or nothing at all."""


class Scripted:
    """A teacher that says what is in its queue, and otherwise has an opinion of its own that never changes.

    Its opinion: the similarity of the words of the persona and the item, or chance fixed by the picture's content for
    a teacher that does not read, plus noise fixed by the question. Every question is kept in `history`.

    Args:
        noise: how far (standard deviation) an opinion about an item changes from question to question.
        fails: share of the questions, chosen by their keys, that get an error.
        at_once: questions read ahead; they are answered in another order than asked if there are several.
        seconds: time that one answer takes.
        log: a file that gets the key of each question, as a line, before it is answered.
    """

    model = "scripted-1"
    prompt_version = "p1"

    def __init__(
        self,
        noise: float = 0.0,
        fails: float = 0.0,
        at_once: int = 1,
        seconds: float = 0.0,
        log: str = "",
        max_images: int = 12,
        uses_images: bool = False,
        uses_text: bool = True,
    ) -> None:
        self.noise, self.fails = noise, fails
        self.at_once, self.seconds, self.log = at_once, seconds, log
        self.max_images, self.uses_images, self.uses_text = max_images, uses_images, uses_text
        self.fingerprint = fingerprint(["scripted", noise, fails, uses_images, uses_text])
        self.queue: list[Reply] = []
        self.history: list[Question] = []

    def rank(self, questions: Iterable[Question]) -> Iterator[Answer]:
        waiting = iter(questions)
        while batch := list(islice(waiting, self.at_once)):
            self.history += batch
            if self.log:
                with Path(self.log).open("a", encoding="utf-8") as file:
                    file.writelines(f"{question.key}\n" for question in batch)
            # In pairs back to front: [b, a, d, c, e].
            for question in (each for two in range(0, len(batch), 2) for each in batch[two : two + 2][::-1]):
                time.sleep(self.seconds)
                reply = self.queue.pop(0) if self.queue else self.opinion(question)
                if isinstance(reply, BaseException):
                    raise reply
                if isinstance(reply, str):
                    yield Answer(question.key, error=reply, raw=reply, tokens_in=10, tokens_out=1)
                elif reply is not None:
                    yield Answer(question.key, ranking=reply, raw=repr(reply), tokens_in=10, tokens_out=2)

    def opinion(self, question: Question) -> Ranking | str:
        """What it thinks when its queue is empty."""
        if fraction("fails", question.key) < self.fails:
            return "cannot say"
        chance = np.random.default_rng(int(fingerprint(question.key, 15), 16)).normal(
            0, self.noise, len(question.items)
        )
        scores = [
            self.liking(question.persona, item) + float(more) for item, more in zip(question.items, chance, strict=True)
        ]
        return from_scores([item.id for item in question.items], scores)

    def liking(self, persona: str, item: Shown) -> float:
        """How much a persona likes an item, without noise."""
        if self.uses_text:
            return float(words_vector(persona) @ words_vector(item.text))
        return fraction(persona, content_hash(item.image or b""))


class TinyStudent:
    """A student that sees the mean colours of a picture's quarters and reads bags of words; its layer is linear."""

    text_fingerprint = "words-1"
    feature_fingerprint = "quarters-1"
    dimension = DIMENSION

    def __init__(self) -> None:
        self._layer: tuple[torch.Tensor, torch.Tensor] | None = None

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([words_vector(text) for text in texts])

    def preprocess(self, image: Image.Image) -> np.ndarray:
        """(3, 8, 8), from 0 to 1."""
        return np.asarray(image.convert("RGB").resize((8, 8)), np.float32).transpose(2, 0, 1) / 255

    def features(self, images: np.ndarray) -> np.ndarray:
        """(B, 12): red, green and blue of the four quarters."""
        quarters = images.reshape(len(images), 3, 2, 4, 2, 4).mean((3, 5), dtype=np.float32)
        return np.ascontiguousarray(quarters.reshape(len(images), FEATURES))

    def project(self, features: torch.Tensor) -> torch.Tensor:
        import torch

        weight, bias = self._start() if self._layer is None else self._layer
        return torch.nn.functional.normalize(features @ weight + bias, dim=-1)

    def trainable(self) -> list[torch.nn.Parameter]:
        import torch

        weight, bias = (torch.nn.Parameter(each.detach().clone()) for each in self._layer or self._start())
        self._layer = (weight, bias)
        return [weight, bias]

    def state(self) -> dict[str, torch.Tensor]:
        if self._layer is None:
            return {}
        weight, bias = self._layer
        return {"weight": weight.detach().clone(), "bias": bias.detach().clone()}

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        if not state:
            self._layer = None
            return
        if set(state) != {"weight", "bias"}:
            raise ValueError(f"weight and bias are expected, not {', '.join(sorted(state))}")
        self.set_projection(state["weight"], state["bias"])

    def set_projection(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        if (tuple(weight.shape), tuple(bias.shape)) != ((FEATURES, DIMENSION), (DIMENSION,)):
            raise ValueError(f"the layer does not fit: {tuple(weight.shape)} and {tuple(bias.shape)}")
        self._layer = (weight.detach().clone(), bias.detach().clone())

    @staticmethod
    def _start() -> tuple[torch.Tensor, torch.Tensor]:
        """The layer it comes with: random, so that what it knows at first is chance."""
        import torch

        generator = torch.Generator().manual_seed(0)
        return torch.randn(FEATURES, DIMENSION, generator=generator), torch.randn(DIMENSION, generator=generator)


def words_vector(text: str) -> np.ndarray:
    """(16,) float32, unit length: the sum of a fixed random vector for each word."""
    total = _word_vector("")
    for word in re.findall(r"\w+", text.casefold()):
        total = total + _word_vector(word)
    return (total / np.linalg.norm(total)).astype(np.float32)


@cache
def _word_vector(word: str) -> np.ndarray:
    return np.random.default_rng(int(fingerprint(word, 15), 16)).normal(size=DIMENSION)
