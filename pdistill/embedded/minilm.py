"""The frozen text tower: all-MiniLM-L6-v2 as one encoder that the whole process shares.

It owns tokens, windows, batches and the memory of past texts, and must not know what a text means to a stage.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pdistill.embedded import weights

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

DIMENSION = 384
WINDOW = 256
"""Tokens that the network reads at once, the opening and the closing one included."""
FINGERPRINT = f"minilm-l6-v2:{weights.MINILM_L6_V2.sha256[:16]}:windows-{WINDOW}:1"
"""Changes with the weights and with how texts become vectors."""

REMEMBERED = 50_000
"""Texts whose vectors are kept: 77 MB at most."""

_HEADS = 12
_LAYERS = 6
_BATCH = 32
_LAYER_NORM_EPSILON = 1e-12

State: TypeAlias = "dict[str, torch.Tensor]"


class MiniLM:
    """Sentence embeddings of all-MiniLM-L6-v2 (a six-layer BERT, mean pooling, unit length), on the CPU.

    The network is run here rather than through sentence-transformers, whose import takes three seconds where a
    search should take one; the vectors are the same to 1e-6.

    Args:
        remembered: how many texts to keep the vectors of; the ones longest unused are forgotten first.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._memory: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, State] | None = None

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

        tokenizer, state = self._tower()
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
                pooled = _forward(state, torch.tensor([part for _, part in batch])).sum(1)
                sums.index_add_(0, torch.tensor([row for row, _ in batch]), pooled)
        return torch.nn.functional.normalize(sums, dim=-1).numpy()

    def _tower(self) -> tuple[Tokenizer, State]:
        if self._loaded is None:
            folder = weights.minilm_folder()
            weights.import_or_explain("tokenizers", "tokenizers")
            from safetensors.torch import load_file
            from tokenizers import Tokenizer

            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.no_truncation()
            tokenizer.no_padding()
            self._loaded = tokenizer, load_file(folder / "model.safetensors")
        return self._loaded


def _windows(tokenizer: Tokenizer, text: str) -> list[list[int]]:
    """Token ids in windows of at most WINDOW, each with the opening and closing token; an empty text has one."""
    # A lone surrogate, which JSON can smuggle in, is no text to the tokenizer.
    first, *tokens, last = tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
    inner = WINDOW - 2
    return [[first, *tokens[start : start + inner], last] for start in range(0, max(len(tokens), 1), inner)]


def _forward(state: State, ids: torch.Tensor) -> torch.Tensor:
    """(B, L) token ids without padding -> (B, L, 384): BERT's encoder, arXiv 1810.04805, read off its weights."""
    import torch
    from torch.nn import functional

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        return functional.layer_norm(x, (DIMENSION,), weight, bias, _LAYER_NORM_EPSILON)

    def heads(x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (_HEADS, -1)).transpose(1, 2)

    with torch.inference_mode():
        positions = state["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kinds = state["embeddings.token_type_embeddings.weight"][0]
        x = norm(state["embeddings.word_embeddings.weight"][ids] + positions + kinds, "embeddings.LayerNorm")
        for layer in range(_LAYERS):
            name = f"encoder.layer.{layer}"
            query, key, value = (
                heads(linear(x, f"{name}.attention.self.{part}")) for part in ("query", "key", "value")
            )
            mixed = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
            attended = linear(mixed, f"{name}.attention.output.dense")
            x = norm(x + attended, f"{name}.attention.output.LayerNorm")
            widened = functional.gelu(linear(x, f"{name}.intermediate.dense"))
            x = norm(x + linear(widened, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        return x


@cache
def shared() -> MiniLM:
    """The process's one encoder."""
    return MiniLM()


def encode(texts: Sequence[str]) -> np.ndarray:
    """(B,) texts -> (B, 384) float32, unit length, by the shared encoder; see `MiniLM.encode`."""
    return shared().encode(texts)
