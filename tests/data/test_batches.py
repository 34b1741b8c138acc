import gc
import warnings
from collections import Counter
from itertools import islice
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.data.alignment import Aligner
from kseq2seq.data.batches import Budget, eval_batches, train_batches
from kseq2seq.data.buckets import fit_buckets
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.pairs import Pair
from kseq2seq.data.survey import survey
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text import ByteTokenizer, CharacterTokenizer, TextSource, TextTarget

PADDING, START, END, _ = SpecialTokens()
SOURCE = TextSource(ByteTokenizer(), max_length=40)
TARGET = TextTarget(ByteTokenizer(), max_length=30)
TOKENS = 256


def text(ids):
    return bytes((np.asarray(ids) - 4).tolist()).decode()


def some_pairs(count=700, seed=0):
    random = np.random.default_rng(seed)
    for i in range(count):
        source = f"{i} 가" + "x" * random.integers(0, 40)
        yield Pair(source, f"{i} é" + "y" * random.integers(0, 30), source)


def keeps(pair):
    return len(pair.source.encode()) < 40 and len(pair.target.encode()) < 30


@pytest.fixture(scope="module")
def corpus():
    empties = [Pair("", "y", "1"), Pair("x", "", "2")]
    with Corpus.write([*some_pairs(), *empties]) as corpus:
        yield corpus


@pytest.fixture(scope="module")
def buckets(corpus):
    return fit_buckets(survey(corpus, SOURCE, TARGET))


def rows_of(batch):
    """Check a batch cell by cell, and return its (source, target) texts; None for a filler."""
    inputs, labels = (tf.nest.map_structure(np.asarray, part) for part in batch)
    assert {name: array.dtype for name, array in inputs.items()} == {
        "source": np.int32,
        "source_mask": np.bool_,
        "target": np.int32,
    }
    assert labels.dtype == np.int32
    rows = []
    for source, mask, target, label in zip(*inputs.values(), labels, strict=True):
        length, label_length = mask.sum(), (label != PADDING).sum()
        assert mask[:length].all() and source[length - 1] == END
        assert (source[:length] != PADDING).all() and (source[length:] == PADDING).all()
        assert target[0] == START
        assert (target[max(1, label_length) :] == PADDING).all()
        if not label_length:
            assert length == 1
            rows.append(None)
            continue
        assert label[label_length - 1] == END and END not in label[: label_length - 1]
        np.testing.assert_array_equal(target[1:label_length], label[: label_length - 1])
        rows.append((text(source[: length - 1]), text(label[: label_length - 1])))
    return rows


def shape(batch):
    return (*batch[0]["source"].shape, *batch[1].shape)


def static_shapes(buckets):
    return {(n, s, n, t) for s, t in buckets for n in [max(1, TOKENS // max(s, t))]}


def test_evaluation_holds_each_kept_pair_once_in_static_shapes(corpus, buckets):
    made = eval_batches(corpus, SOURCE, TARGET, buckets=buckets, tokens_per_batch=TOKENS)
    batches = list(made)
    assert {shape(batch) for batch in batches} == static_shapes(buckets)
    assert len(buckets) == 6
    assert made.cardinality() == len(batches)
    with_survey = eval_batches(
        corpus, SOURCE, TARGET, buckets=buckets, tokens_per_batch=TOKENS,
        survey=survey(corpus, SOURCE, TARGET),
    )  # fmt: skip
    assert with_survey.cardinality() == len(batches)
    rows = Counter(row for batch in batches for row in rows_of(batch))
    fillers = rows.pop(None)
    assert rows == Counter(pair[:2] for pair in some_pairs() if keeps(pair))
    assert fillers < sum(TOKENS // max(bucket) for bucket in buckets)


def test_each_pair_lies_in_the_first_bucket_that_holds_it(corpus, buckets):
    for batch in eval_batches(corpus, SOURCE, TARGET, buckets=buckets, tokens_per_batch=TOKENS):
        for row in filter(None, rows_of(batch)):
            sizes = [len(side.encode()) + 1 for side in row]
            first = next(b for b in buckets if sizes[0] <= b[0] and sizes[1] <= b[1])
            assert (batch[0]["source"].shape[1], batch[1].shape[1]) == first


def test_evaluation_is_always_in_one_order(corpus, buckets):
    first, again = (
        [rows_of(b) for b in eval_batches(corpus, SOURCE, TARGET, buckets=buckets)]
        for _ in range(2)
    )
    assert first == again


def training(corpus, buckets, seed, count, **options):
    batches = train_batches(
        corpus, SOURCE, TARGET, buckets=buckets, seed=seed, tokens_per_batch=TOKENS, **options
    )
    return list(islice(batches, count))


def test_training_repeats_the_corpus_without_loss_or_filler(corpus, buckets):
    """One bucket: its epochs follow one another exactly."""
    kept = Counter(pair[:2] for pair in some_pairs() if keeps(pair))
    total = kept.total()
    size = TOKENS // 40
    batches = training(corpus, [(40, 30)], 1, -(-3 * total // size), shuffle_buffer=50)
    rows = [row for batch in batches for row in rows_of(batch)]
    epochs = [rows[i * total : (i + 1) * total] for i in range(3)]
    assert all(Counter(epoch) == kept for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_training_batches_are_full_and_of_few_shapes(corpus, buckets):
    batches = training(corpus, buckets, 1, 300)
    assert {shape(batch) for batch in batches} == static_shapes(buckets)
    rows = Counter(row for batch in batches for row in rows_of(batch))
    assert None not in rows
    assert set(rows) == {pair[:2] for pair in some_pairs() if keeps(pair)}


def test_order_is_the_seeds(corpus, buckets):
    first, again, other = (
        [rows_of(batch) for batch in training(corpus, buckets, seed, 100)] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_xla_compiles_no_more_shapes_than_buckets(corpus, buckets):
    traced = []

    @tf.function
    def step(inputs, labels):
        traced.append(labels.shape)
        return tf.reduce_sum(inputs["target"] * labels)

    for batch in training(corpus, buckets, 1, 60):
        step(*batch)
    assert len(traced) <= 6


def test_one_row_where_a_bucket_exceeds_the_budget(corpus):
    batches = eval_batches(corpus, SOURCE, TARGET, buckets=[(40, 30)], tokens_per_batch=8)
    assert {shape(batch) for batch in batches} == {(1, 40, 1, 30)}


def test_a_pair_that_fits_no_bucket_is_an_error_and_not_lost(corpus):
    batches = eval_batches(corpus, SOURCE, TARGET, buckets=[(10, 10), (20, 20)])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"fits no bucket of \[\(10, 10\)"):
        list(batches)


def test_training_on_nothing_is_an_error_and_does_not_hang():
    with (
        Corpus.write([Pair("x" * 99, "y", "k")]) as corpus,
        pytest.raises(ValueError, match=r"None of the 1 pairs can be trained on.*40 source"),
    ):
        train_batches(corpus, SOURCE, TARGET, buckets=[(40, 30)], seed=0)


def test_batches_keep_what_they_are_made_from():
    pairs = [Pair("가", "나", "k")]
    source = TextSource(CharacterTokenizer.train(["가나"]), max_length=9)
    target = TextTarget(CharacterTokenizer.train(["가나"]), max_length=9)
    batches = eval_batches(Corpus.write(pairs), source, target, buckets=[(2, 2)])
    expected = target.tokens(["나"]).to_list()[0]
    del source, target
    gc.collect()
    ((_, labels),) = batches.take(1)
    assert labels[0].numpy().tolist() == expected


@pytest.mark.parametrize(
    "bad", [[], [(9, 9), (5, 5)], [(5, 9), (9, 5)], [(1, 5)], [(3, 4, 5)], (3, 4)]
)
def test_bad_buckets(corpus, bad):
    with pytest.raises(ValueError, match=r"`buckets` must be .* from short to long"):
        eval_batches(corpus, SOURCE, TARGET, buckets=bad)


def test_bad_budget(corpus):
    with pytest.raises(ValueError, match="`tokens_per_batch` must be at least 1; got 0"):
        eval_batches(corpus, SOURCE, TARGET, buckets=[(40, 30)], tokens_per_batch=0)


class Doubling:
    """Sampled, each byte is written twice; other ids than usual for the special tokens."""

    max_length = 12
    tokenizer = SimpleNamespace(special=SpecialTokens(padding=3, start=2, end=1, unknown=0))

    def tokens(self, texts, sample=False):
        ids = tf.cast(tf.strings.unicode_decode(texts, "UTF-8"), tf.int32)
        if sample:
            ids = tf.concat([ids, ids], axis=1)
        return tf.concat([ids, tf.fill([ids.nrows(), 1], 1)], axis=1)


def test_sampling_gives_way_where_it_would_be_too_long():
    texts = ["가나다", "가나다라마바사아"]  # 7 and 17 tokens sampled, 4 and 9 not
    with Corpus.write([Pair(text, text, text) for text in texts]) as corpus:
        batches = train_batches(
            corpus, Doubling(), Doubling(), buckets=[(12, 12)], seed=0, tokens_per_batch=12,
            sample=True,
        )  # fmt: skip
        rows = {tuple(labels[0].numpy()) for _, labels in batches.take(4)}
    short, long = ([ord(c) for c in text] for text in texts)
    assert rows == {(*short, *short, 1, 3, 3, 3, 3, 3), (*long, 1, 3, 3, 3)}


def test_special_ids_are_the_tokenizers():
    with Corpus.write([Pair("가", "나다", "k")]) as corpus:
        ((inputs, labels),) = eval_batches(
            corpus, Doubling(), Doubling(), buckets=[(4, 5)], tokens_per_batch=10
        )
    assert inputs["source"].numpy().tolist() == [[ord("가"), 1, 3, 3], [1, 3, 3, 3]]
    assert inputs["source_mask"].numpy().tolist() == [
        [True, True, False, False],
        [True] + [False] * 3,
    ]
    assert inputs["target"].numpy().tolist() == [[2, ord("나"), ord("다"), 3, 3], [2, 3, 3, 3, 3]]
    assert labels.numpy().tolist() == [[ord("나"), ord("다"), 1, 3, 3], [3] * 5]


def test_training_data_says_that_it_has_no_end(corpus, buckets):
    batches = train_batches(corpus, SOURCE, TARGET, buckets=buckets, seed=1)
    assert batches.cardinality() == tf.data.INFINITE_CARDINALITY
    with pytest.raises(ValueError, match=r"must have an end.*take\(1000\)"):
        Aligner.fit(batches)


@pytest.mark.parametrize(
    "given, told",
    [
        ({"seed": None}, "`seed` must be a whole number of at least 0; got None"),
        ({"shuffle_buffer": 0}, "`shuffle_buffer` must be .* at least 1; got 0"),
    ],
)
def test_settings_that_make_no_sense(corpus, buckets, given, told):
    with pytest.raises(ValueError, match=told):
        train_batches(corpus, SOURCE, TARGET, **{"buckets": buckets, "seed": 1, **given})


def test_a_survey_of_another_corpus_counts_no_batches(corpus, buckets):
    with Corpus.write([Pair("a", "b", "k")]) as other:
        of_another = survey(other, SOURCE, TARGET)
    with pytest.raises(ValueError, match=r"`survey` must be of this corpus .* got one of 1"):
        eval_batches(corpus, SOURCE, TARGET, buckets=buckets, survey=of_another)


def test_keras_evaluates_all_batches_and_misses_none(corpus, buckets):
    model = keras.Sequential([keras.layers.Lambda(lambda inputs: inputs["target"])])
    model.compile(loss=lambda true, made: tf.reduce_mean(tf.cast(made, tf.float32)))
    batches = eval_batches(corpus, SOURCE, TARGET, buckets=buckets, tokens_per_batch=TOKENS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.evaluate(batches, verbose=0)


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        ({}, 256),
        ({"tokens_per_batch": 25}, 2),
        ({"tokens_per_batch": 1}, 1),
        ({"batch_size": 7}, 7),
    ],
)
def test_rows_of_a_batch(given, rows):
    assert Budget(**given).rows((5, 12)) == rows


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tokens_per_batch": 3072, "batch_size": 8}, "not both; got 3072 and 8"),
        ({"batch_size": 0}, "`batch_size` must be at least 1; got 0"),
        ({"tokens_per_batch": 2.5}, "`tokens_per_batch` must be a whole number.*2.5"),
        ({"batch_size": True}, "`batch_size` must be a whole number.*True"),
    ],
)
def test_budgets_that_make_no_sense(given, told):
    with pytest.raises(ValueError, match=told):
        Budget(**given)
