"""The text tower against its published implementation, and what texts of any length and script become."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pdistill.embedded import minilm, weights

TEXTS = [
    "",
    "Hiking boots",
    "I work in a bakery. I have two dogs, and I spend every weekend in the mountains with them.",
    "Ünïcödé, 登山, 🏔️",
]


class Counting(minilm.MiniLM):
    """The real encoder, keeping which texts reach the network."""

    def __init__(self, remembered: int) -> None:
        super().__init__(remembered)
        self.embedded: list[str] = []

    def _embed(self, texts: list[str]) -> np.ndarray:
        self.embedded += texts
        return super()._embed(texts)


def test_vectors_are_those_of_the_published_implementation() -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    published = sentence_transformers.SentenceTransformer(str(weights.minilm_folder()), device="cpu")
    wanted = published.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert np.abs(minilm.encode(TEXTS) - wanted).max() < 1e-5


def test_shape_type_and_length() -> None:
    vectors = minilm.encode(TEXTS)
    assert vectors.shape == (4, minilm.DIMENSION)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert minilm.encode([]).shape == (0, minilm.DIMENSION)


def test_equal_texts_give_the_same_bits_in_any_batch() -> None:
    encoder = minilm.MiniLM()
    first = encoder.encode(["a red hat", "a blue hat", "a red hat"])
    again = encoder.encode(["a green scarf", *TEXTS, "a red hat"])
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(first[0], again[-1])


def test_a_text_does_not_hang_on_its_neighbours() -> None:
    alone = minilm.MiniLM().encode([TEXTS[2]])[0]
    among = minilm.MiniLM().encode([*TEXTS, "boots " * 200])[2]
    assert among == pytest.approx(alone, abs=1e-6)


def test_a_text_of_two_equal_windows_is_where_one_window_is() -> None:
    # "dog" is one token and a window holds 254 of them beside its opening and closing token, so 508 dogs are two
    # equal windows: the sum of two equal vectors points where one does.
    one, two = minilm.encode([" ".join(["dog"] * 254), " ".join(["dog"] * 508)])
    assert two == pytest.approx(one, abs=1e-6)


def test_the_end_of_a_long_text_is_read() -> None:
    start = "I like quiet evenings at home. " * 320
    assert len(start) > 9_900
    plain, ending = minilm.encode([start, start + "Above all I sail, sail and sail boats on the open sea. " * 20])
    sea = minilm.encode(["sailing boats on the sea"])[0]
    assert ending @ sea > plain @ sea + 0.02


def test_half_a_character_is_no_reason_to_fail() -> None:
    assert np.isfinite(minilm.encode(["half an emoji \ud83c here", "\x00"])).all()


def test_past_texts_are_remembered_and_the_longest_unused_forgotten() -> None:
    encoder = Counting(remembered=2)
    encoder.encode(["a", "b"])
    encoder.encode(["a"])
    encoder.encode(["c"])  # forgets b, as a was used since
    encoder.encode(["a", "c", "b"])
    assert encoder.embedded == ["a", "b", "c", "b"]


def test_threads_share_one_encoder() -> None:
    encoder = Counting(remembered=100)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(encoder.encode, [TEXTS] * 8))
    assert sorted(encoder.embedded) == sorted(TEXTS)
    assert all(np.array_equal(found[0], each) for each in found)


def test_the_towers_say_nothing() -> None:
    program = (
        "import numpy as np\n"
        "from pdistill.embedded import efficientnet, minilm\n"
        "minilm.encode(['boots', 'word ' * 5000])\n"
        "efficientnet.features(np.zeros((1, 3, 224, 224), np.float32))\n"
        "efficientnet.class_names()\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
