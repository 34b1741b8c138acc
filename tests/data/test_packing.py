from collections import Counter
from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.data.buckets import padding_share
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.packing import first_fit, fit_row, packed_batches, packed_rows
from kseq2seq.data.pairs import Pair
from kseq2seq.data.survey import Survey, survey
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget


def survey_of(pairs, longest=(64, 64)):
    lengths = np.zeros((longest[0] + 1, longest[1] + 1), np.int64)
    np.add.at(lengths, tuple(np.transpose(pairs)), 1)
    return Survey(lengths)


def by_definition(sizes, shape):
    """First fit decreasing, one pair at a time."""
    rooms, rows = [], {}
    for index in sorted(range(len(sizes)), key=lambda i: -sum(sizes[i])):
        source, target = sizes[index]
        row = next((r for r, (s, t) in enumerate(rooms) if source <= s and target <= t), len(rooms))
        if row == len(rooms):
            rooms.append(shape)
        rooms[row] = (rooms[row][0] - source, rooms[row][1] - target)
        rows[index] = row
    return [rows[index] for index in range(len(sizes))]


@pytest.mark.parametrize("seed", range(3))
def test_first_fit_is_first_fit(seed):
    sizes = np.random.default_rng(seed).integers(2, 40, (150, 2)).astype("int32")
    rows = first_fit(tf.constant(sizes), (48, 60)).numpy().tolist()
    assert rows == by_definition(sizes.tolist(), (48, 60))


def test_first_fit_of_nothing():
    assert first_fit(tf.zeros([0, 2], tf.int32), (4, 4)).shape == (0,)


def skewed(count=1024, seed=0):
    random = np.random.default_rng(seed)
    sources = np.clip(random.lognormal(2.7, 0.5, count), 2, 48).astype("int32")
    targets = np.clip(sources * random.normal(1.2, 0.2, count), 2, 48).astype("int32")
    return np.stack([sources, targets], axis=1)


def test_a_fitted_row_leaves_little_padding():
    sizes = skewed()
    shape = fit_row(survey_of(sizes))
    rows = first_fit(tf.constant(sizes), shape).numpy().max() + 1
    assert 1 - sizes.sum() / (rows * sum(shape)) < 0.04
    square = (max(shape),) * 2
    rows = first_fit(tf.constant(sizes), square).numpy().max() + 1
    assert 1 - sizes.sum() / (rows * sum(square)) > 0.06


@pytest.mark.parametrize("pairs", [1, 3, 8])
def test_a_row_holds_the_longest_and_as_many_as_asked_and_no_more(pairs):
    sizes = skewed(seed=1)
    shape = fit_row(survey_of(sizes), pairs)
    asked = np.maximum(sizes.max(axis=0), pairs * sizes.mean(axis=0))
    assert np.all(shape >= asked - 1e-6)
    assert np.any(shape <= asked + 1)
    assert shape[1] / shape[0] == pytest.approx(sizes[:, 1].sum() / sizes[:, 0].sum(), abs=0.05)


def test_rows_of_long_sources_and_short_targets():
    assert fit_row(survey_of([(50, 5), (40, 4)], (64, 64)), 2) == (90, 9)


def test_long_pairs_do_not_fill_rows_by_halves():
    random = np.random.default_rng(2)
    sources = random.integers(20, 42, 1024)
    sizes = np.stack([sources, sources * random.normal(1, 0.05, 1024)], axis=1).astype("int32")

    def padding(shape):
        rows = first_fit(tf.constant(sizes), shape).numpy().max() + 1
        return 1 - sizes.sum() / (rows * sum(shape))

    assert padding(fit_row(survey_of(sizes))) < 0.08 < padding(fit_row(survey_of(sizes), 1))


def test_refusals():
    with pytest.raises(ValueError, match=r"kept no pair \(3 too long, 2 empty\)"):
        fit_row(Survey(np.zeros((9, 9), int), empty=2, too_long=3))
    with pytest.raises(ValueError, match=r"at least 1, .* got 0.5"):
        fit_row(survey_of([(2, 2)]), 0.5)


def test_rows_of_no_pairs():
    nothing = tf.RaggedTensor.from_row_splits(tf.zeros([0], tf.int32), [0])
    inputs, labels = packed_rows(nothing, nothing, (5, 6), 1, (0, 0))
    assert labels.shape == (0, 6) and inputs["source"].shape == (0, 5)


def test_rows_of_other_special_ids():
    source, target = tf.ragged.constant([[9, 7]]), tf.ragged.constant([[8, 0, 7]])
    inputs, labels = packed_rows(source, target, (3, 4), 6, (4, 5))
    assert inputs["source"].numpy().tolist() == [[9, 7, 4]]
    assert inputs["target"].numpy().tolist() == [[6, 8, 0, 5]]
    assert inputs["target_segments"].numpy().tolist() == [[1, 1, 1, 0]]
    assert labels.numpy().tolist() == [[8, 0, 7, 5]]


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
    with pytest.raises(ValueError, match=r"`shape` must be the \(source, target\) lengths"):
        training(corpus, shape=shape)


def test_bad_budget(corpus):
    with pytest.raises(ValueError, match="`tokens_per_batch` must be at least 1; got 0"):
        training(corpus, tokens_per_batch=0)
