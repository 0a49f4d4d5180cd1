"""The frozen text tower: all-MiniLM-L6-v2 as one encoder that the whole process shares.

It owns tokens, windows, batches and the memory of past texts, and must not know what a text means to a stage.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from pdistill.embedded import weights

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

DIMENSION = 384
WINDOW = 256
"""Tokens that the network reads at once, the opening and the closing one included."""
FINGERPRINT = f"minilm-l6-v2:{weights.MINILM_L6_V2.sha256[:16]}:windows-{WINDOW}:1"
"""Changes with the weights and with how texts become vectors."""

REMEMBERED = 50_000
"""Texts whose vectors are kept: 77 MB at most."""

_BATCH = 32


class MiniLM:
    """Sentence embeddings of all-MiniLM-L6-v2 (mean pooling, unit length), on the CPU, through sentence-transformers.

    Args:
        remembered: how many texts to keep the vectors of; the ones longest unused are forgotten first.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._memory: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, SentenceTransformer] | None = None

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(B,) texts -> (B, 384) float32, unit length; equal texts give bit-identical rows.

        A text longer than the window is read window by window and its tokens are pooled together, so nothing is cut.
        Safe to call from several threads. Raises PluginError if the weights are missing or wrong.
        """
        with self._lock:
            found = {text: self._memory[text] for text in texts if text in self._memory}
            unknown = [text for text in dict.fromkeys(texts) if text not in found]
            if unknown:
                for text, vector in zip(unknown, self._embed(unknown), strict=True):
                    found[text] = self._memory[text] = vector
            for text in found:
                self._memory.move_to_end(text)
            while len(self._memory) > self._remembered:
                self._memory.popitem(last=False)
        if not texts:
            return np.zeros((0, DIMENSION), dtype=np.float32)
        return np.stack([found[text] for text in texts])

    def _embed(self, texts: list[str]) -> np.ndarray:
        """(B,) distinct texts -> (B, 384), unit length."""
        import torch

        tokenizer, model = self._tower()
        windows = [_windows(tokenizer, text) for text in texts]
        # Only windows of one length share a batch: without padding, a text's vector does not hang on its neighbours.
        by_length: defaultdict[int, list[tuple[int, list[int]]]] = defaultdict(list)
        for row, parts in enumerate(windows):
            for part in parts:
                by_length[len(part)].append((row, part))
        sums = torch.zeros(len(texts), DIMENSION)
        for _, entries in sorted(by_length.items()):
            for start in range(0, len(entries), _BATCH):
                batch = entries[start : start + _BATCH]
                ids = torch.tensor([part for _, part in batch])
                with torch.inference_mode():
                    tokens = model({"input_ids": ids, "attention_mask": torch.ones_like(ids)})["token_embeddings"]
                pooled = tokens.sum(1)
                sums.index_add_(0, torch.tensor([row for row, _ in batch]), pooled)
        return torch.nn.functional.normalize(sums, dim=-1).numpy()

    def _tower(self) -> tuple[Tokenizer, SentenceTransformer]:
        if self._loaded is None:
            folder = weights.minilm_folder()
            library = weights.import_or_explain("sentence_transformers", "sentence-transformers")
            from tokenizers import Tokenizer
            from transformers.utils import logging

            logging.disable_progress_bar()
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.no_truncation()
            tokenizer.no_padding()
            model = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
            self._loaded = tokenizer, model.eval()
        return self._loaded


def _windows(tokenizer: Tokenizer, text: str) -> list[list[int]]:
    """Token ids in windows of at most WINDOW, each with the opening and closing token; an empty text has one."""
    # A lone surrogate, which JSON can smuggle in, is no text to the tokenizer.
    first, *tokens, last = tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
    inner = WINDOW - 2
    return [[first, *tokens[start : start + inner], last] for start in range(0, max(len(tokens), 1), inner)]


@cache
def shared() -> MiniLM:
    """The process's one encoder."""
    return MiniLM()


def encode(texts: Sequence[str]) -> np.ndarray:
    """(B,) texts -> (B, 384) float32, unit length, by the shared encoder; see `MiniLM.encode`."""
    return shared().encode(texts)
