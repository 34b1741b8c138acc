"""The place in data of recordings and of pictures is saved and found again, as that in texts is."""

import keras
import numpy as np
import pytest

from kseq2seq import image, speech
from kseq2seq.data import Corpus, Example, train_batches
from kseq2seq.runs.state import ResumableIterator
from kseq2seq.text import TextTarget, WordTokenizer
from tests.runs.test_state import following

TARGET = TextTarget(WordTokenizer(["red", "blue"]), 4)
RNG = np.random.default_rng(0)
SENSES = {
    "recordings": (
        speech.AudioSource(8000, 8, 1, augmentation=speech.Augmentation()),
        lambda: RNG.normal(scale=0.1, size=RNG.integers(2000, 4000)).astype("float32"),
        (100, 4),
    ),
    "pictures": (
        image.ImageSource(16, augmentation=image.Augmentation()),
        lambda: RNG.integers(0, 256, (16, 20, 3), "uint8"),
        (4, 4),
    ),
    "lines": (
        image.LineSource(8, 40),
        lambda: RNG.integers(0, 256, (8, RNG.integers(20, 40)), "uint8"),
        (40, 4),
    ),
}


@pytest.mark.parametrize("sense", SENSES)
def test_all_that_follows_is_the_same(sense, tmp_path):
    source, drawn, bucket = SENSES[sense]
    examples = [Example(drawn(), "red" if n % 2 else "blue", str(n)) for n in range(12)]
    with Corpus.write(examples, source=source) as corpus:
        positions = [
            ResumableIterator(
                keras.Sequential(),
                train_batches(corpus, source, TARGET, buckets=[bucket], seed=1, batch_size=4),
            )
            for _ in range(2)
        ]
        following(positions[0].iterator, 2)
        positions[0].save(tmp_path)
        assert (tmp_path / "data.index").exists()  # it is the place, and not a count of batches
        positions[1].restore(tmp_path, 2)
        pairs = zip(*(following(position.iterator, 5) for position in positions), strict=True)
        for one, other in pairs:
            for expected, found in zip(one, other, strict=True):
                np.testing.assert_array_equal(expected, found)
