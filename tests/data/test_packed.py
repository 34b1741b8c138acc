from collections import Counter
from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.data.packed import packed_batches
from kseq2seq.data.packing import fit_row
from kseq2seq.data.padding import padding_share
from kseq2seq.data.pairs import Pair
from kseq2seq.data.records import Corpus
from kseq2seq.data.survey import survey
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

PADDING, START, END, _ = SpecialTokens()
SOURCE = TextSource(ByteTokenizer(), max_length=40)
TARGET = TextTarget(ByteTokenizer(), max_length=30)
SHAPE, TOKENS = (60, 50), 240


def text(ids):
    return bytes((np.asarray(ids) - 4).tolist()).decode()


def some_pairs(count=1500, seed=0):
    random = np.random.default_rng(seed)
    for i in range(count):
        source = f"{i} 가" + "x" * random.integers(0, 40)
        yield Pair(source, f"{i} é" + "y" * random.integers(0, 30), source)


def keeps(pair):
    return len(pair.source.encode()) < 40 and len(pair.target.encode()) < 30


KEPT = Counter(pair[:2] for pair in some_pairs() if keeps(pair))


@pytest.fixture(scope="module")
def corpus():
    empties = [Pair("", "y", "1"), Pair("x", "", "2")]
    with Corpus.write([*some_pairs(), *empties]) as corpus:
        yield corpus


def training(corpus, seed=1, **options):
    given = {"shape": SHAPE, "seed": seed, "tokens_per_batch": TOKENS, **options}
    return packed_batches(corpus, SOURCE, TARGET, **given)


def pairs_of(batch):
    """Check a batch row by row, and return the texts of its pairs."""
    inputs, labels = (tf.nest.map_structure(np.asarray, part) for part in batch)
    assert {array.dtype for array in (*inputs.values(), labels)} == {np.dtype("int32")}
    pairs = []
    for row in range(len(labels)):
        places = {name: array[row] for name, array in inputs.items()}
        count = places["source_segments"].max()
        assert count == places["target_segments"].max() >= 1
        for side in ("source", "target"):
            segments = places[f"{side}_segments"]
            real = segments[segments > 0]
            assert (segments[len(real) :] == 0).all() and (np.diff(real) >= 0).all()
            assert (places[side][len(real) :] == PADDING).all()
            assert (places[side][: len(real)] != PADDING).all()
        assert ((labels[row] != PADDING) == (places["target_segments"] > 0)).all()
        for number in range(1, count + 1):
            source = places["source"][places["source_segments"] == number]
            of_target = places["target_segments"] == number
            target, label = places["target"][of_target], labels[row][of_target]
            assert source[-1] == label[-1] == END and target[0] == START
            np.testing.assert_array_equal(target[1:], label[:-1])
            pairs.append((text(source[:-1]), text(label[:-1])))
    return pairs


def test_epochs_follow_one_another_without_loss(corpus):
    """One row a batch: an epoch ends where every pair has come up once."""
    rows, epochs = iter(training(corpus, tokens_per_batch=1)), []
    for _ in range(3):
        seen: Counter = Counter()
        while seen.total() < KEPT.total():
            seen.update(pairs_of(next(rows)))
        epochs.append(seen)
    assert epochs == [KEPT] * 3


def test_one_static_shape(corpus):
    batches = training(corpus)
    for inputs, labels in [batches.element_spec, *islice(batches, 200)]:
        assert inputs["source"].shape == inputs["source_segments"].shape == (4, 60)
        assert inputs["target"].shape == inputs["target_segments"].shape == labels.shape == (4, 50)


def test_order_is_the_seeds(corpus):
    first, again, other = (
        [pairs_of(batch) for batch in islice(training(corpus, seed), 40)] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_epochs_differ_and_long_pairs_do_not_come_first(corpus):
    rows = [pairs_of(batch) for batch in islice(training(corpus, tokens_per_batch=1), 400)]
    lengths = [np.mean([len(source) for source, _ in row]) for row in rows]
    assert abs(np.corrcoef(np.arange(len(lengths)), lengths)[0, 1]) < 0.3
    assert rows[:50] != rows[len(rows) // 2 :][:50]


def test_little_padding(corpus):
    shape = fit_row(survey(corpus, SOURCE, TARGET), pairs=9)
    assert padding_share(training(corpus, shape=shape), 100) < 0.08


def test_padding_share_counts_places():
    inputs = {"source": tf.constant([[5, 9, 9], [5, 2, 9]])}
    batches = tf.data.Dataset.from_tensors((inputs, tf.constant([[7], [9]]))).repeat()
    assert padding_share(batches, 3, padding=9) == pytest.approx(4 / 8)


def test_no_batches_have_no_padding():
    with pytest.raises(ValueError, match="no batches to measure"):
        padding_share(tf.data.Dataset.from_tensors(({"source": [[1]]}, [[1]])).take(0))


def test_packed_data_says_that_it_has_no_end(corpus):
    assert training(corpus).cardinality() == tf.data.INFINITE_CARDINALITY


def test_sampling_gives_way_where_it_would_be_too_long():
    class Doubling(TextSource):
        def tokens(self, texts, sample=False):
            ids = self.tokenizer.tokenize(texts)
            ids = tf.concat([ids, ids], axis=1) if sample else ids
            return tf.concat([ids, tf.fill([ids.nrows(), 1], END)], axis=1)

    side = Doubling(ByteTokenizer(), max_length=9)
    with Corpus.write([Pair("abc", "abc", "1"), Pair("abcdefg", "abcdefg", "2")]) as corpus:
        batches = packed_batches(
            corpus, side, side, shape=(20, 20), seed=0, tokens_per_batch=20, sample=True
        )
        pairs = set(pairs_of(next(iter(batches))))
    assert pairs == {("abcabc", "abcabc"), ("abcdefg", "abcdefg")}


def test_a_pair_longer_than_a_row_is_an_error_and_not_lost(corpus):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"fits no row of \(20, 50\)"):
        next(iter(training(corpus, shape=(20, 50))))


def test_training_on_nothing_is_an_error_and_does_not_hang():
    with (
        Corpus.write([Pair("x" * 99, "y", "k")]) as corpus,
        pytest.raises(ValueError, match="None of the 1 pairs can be trained on"),
    ):
        training(corpus)


@pytest.mark.parametrize("shape", [(1, 9), (9,), (9, 9, 9)])
def test_bad_shape(corpus, shape):
    with pytest.raises(ValueError, match=r"shape is the \(source, target\) lengths"):
        training(corpus, shape=shape)


def test_bad_budget(corpus):
    with pytest.raises(ValueError, match="`tokens_per_batch` must be at least 1; got 0"):
        training(corpus, tokens_per_batch=0)
