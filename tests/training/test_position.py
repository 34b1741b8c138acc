import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.data import Corpus, Pair, packed_batches, train_batches
from kseq2seq.text import ByteTokenizer, CharacterTokenizer, TextSource, TextTarget
from kseq2seq.training.position import Position

SIDES = TextSource(ByteTokenizer(), 24), TextTarget(ByteTokenizer(), 24)
PAIRS = [Pair("ab"[i % 2] * (1 + i % 9) + str(i), str(i) * (1 + i % 3), str(i)) for i in range(64)]
MAKERS = {
    "bucketed": lambda corpus: train_batches(
        corpus, *SIDES, buckets=[(8, 8), (24, 24)], seed=1, tokens_per_batch=96
    ),
    "in blocks": lambda corpus: train_batches(
        corpus, *SIDES, buckets=[(24, 24)], seed=1, tokens_per_batch=96, shuffle_buffer=10
    ),
    "packed": lambda corpus: packed_batches(
        corpus, *SIDES, shape=(48, 48), seed=1, tokens_per_batch=96
    ),
}


def following(iterator, count):
    return [[np.asarray(x) for x in tf.nest.flatten(next(iterator))] for _ in range(count)]


@pytest.mark.parametrize("taken", [1, 7, 30])
@pytest.mark.parametrize("kind", MAKERS)
def test_all_that_follows_is_the_same_in_later_epochs_too(kind, taken, tmp_path):
    """A corpus of a few batches, of which shuffling has read all when the place is written."""
    with Corpus.write(PAIRS) as corpus, Corpus.write(PAIRS) as again:
        batches, model = MAKERS[kind](corpus), keras.Sequential()
        position = Position(model, batches)
        following(position.iterator, taken)
        position.write(tmp_path)
        assert (tmp_path / "data.index").exists()  # it is the place, and not a count of batches
        whole = following(position.iterator, 40)
        there = Position(model, MAKERS[kind](again))  # as another process makes it
        corpus.close()
        there.read(tmp_path, taken)
        for expected, found in zip(whole, following(there.iterator, 40), strict=True):
            for one, other in zip(expected, found, strict=True):
                np.testing.assert_array_equal(one, other)


def batches_of(pairs=PAIRS, sides=SIDES, **given):
    given = {"buckets": [(24, 24)], "seed": 1, "tokens_per_batch": 96, **given}
    return train_batches(Corpus.write(pairs), *sides, **given)


@pytest.mark.parametrize(
    "other",
    [
        {"pairs": PAIRS[:-1] + PAIRS[:1]},
        {"seed": 2},
        {"buckets": [(8, 8), (24, 24)]},
        {"tokens_per_batch": 48},
        {"shuffle_buffer": 10},
        {"sample": True},
        {"sides": (TextSource(ByteTokenizer(), 12), SIDES[1])},
        {"sides": (TextSource(CharacterTokenizer.train(["ab0123456789"]), 24), SIDES[1])},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_place_in_other_data_is_refused(other, tmp_path):
    model = keras.Sequential()
    position = Position(model, batches_of())
    following(position.iterator, 3)
    position.write(tmp_path)
    Position(model, batches_of()).read(tmp_path, 3)
    with pytest.raises(ValueError, match="was made with different data"):
        Position(model, batches_of(**other)).read(tmp_path, 3)
