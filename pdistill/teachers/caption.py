"""The teacher that needs no model server: ranks items by how near their text lies to the persona's.

It owns similarities and their order, and must not know pictures, ledgers or strategies.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from pdistill.contracts import Answer, Question
from pdistill.embedded import minilm
from pdistill.fingerprint import fingerprint
from pdistill.ranking import from_scores

VERSION = 1
"""Goes up when the same question would be answered differently."""

LOWEST = -1.0
"""The similarity given to an item without text: none can be lower."""

_CHUNK = 256
_DECIMALS = 6


class Caption:
    """Ranks by the cosine similarity of MiniLM embeddings, persona to item text; a stand-in without eyes.

    It sees text where the student sees pictures, so what it teaches crosses from one to the other. Items whose texts
    are equal are tied; items without text share the last level. Similarities are rounded to 1e-6, above the noise of
    the arithmetic, so that an answer does not hang on which questions were asked with it.

    Attributes: see `contracts.Teacher`.
    """

    prompt_version = ""
    model = f"caption-{VERSION} (all-MiniLM-L6-v2)"
    prompt_version = ""
    max_images = 1000
    uses_images = False
    uses_text = True

    def __init__(self) -> None:
        self.fingerprint = fingerprint(["caption", VERSION, minilm.FINGERPRINT])

    def rank(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """Answer every question in order; at most 256 are read ahead and embedded together.

        A question none of whose items has text gets an `Answer` with `error`. Raises PluginError if the text tower
        is missing or damaged, as no question can be answered then.
        """
        waiting = iter(questions)
        while chunk := list(islice(waiting, _CHUNK)):
            started = time.perf_counter()
            texts = {text for each in chunk for text in (each.persona, *(item.text for item in each.items))}
            ordered = sorted(texts)
            vectors = dict(zip(ordered, minilm.encode(ordered), strict=True))
            latency_s = (time.perf_counter() - started) / len(chunk)
            for question in chunk:
                yield _answer(question, vectors, latency_s)


def _answer(question: Question, vectors: dict[str, np.ndarray], latency_s: float) -> Answer:
    items = question.items
    if not items:
        return Answer(question.key, error="the question shows no items", latency_s=latency_s)
    if not any(item.text.strip() for item in items):
        reason = "no item has text: the caption teacher ranks by text; use --title-field/--text-field"
        return Answer(question.key, error=reason, latency_s=latency_s)
    scores = tuple(_similarity(vectors[question.persona], item.text, vectors) for item in items)
    raw = json.dumps({"similarities": {item.id: score for item, score in zip(items, scores, strict=True)}})
    ranking = from_scores([item.id for item in items], scores, tolerance=0.0)
    return Answer(question.key, ranking=ranking, scores=scores, raw=raw, latency_s=latency_s)


def _similarity(persona: np.ndarray, text: str, vectors: dict[str, np.ndarray]) -> float:
    return round(float(np.dot(vectors[text], persona)), _DECIMALS) if text.strip() else LOWEST
