"""How often texts are cut into tokens: once a pass."""

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.contracts.target import drawn
from kseq2seq.data import (
    Corpus,
    Pair,
    eval_batches,
    fit_buckets,
    masked_batches,
    survey,
    train_batches,
)
from kseq2seq.data.measured import fingerprint
from kseq2seq.text import (
    ByteTokenizer,
    CharacterTokenizer,
    CharacterWordSource,
    TextSource,
    TextTarget,
    WordTokenizer,
)

COUNT = 300


class Counting(ByteTokenizer):
    """Counts the texts it is given; a drawn one is written twice."""

    def __init__(self):
        super().__init__()
        self.seen = {False: 0, True: 0}

    def tokenize(self, texts, sample=False):
        def count(given):
            self.seen[sample] += len(given)
            return given

        texts = tf.convert_to_tensor(texts)
        texts = tf.ensure_shape(tf.numpy_function(count, [texts], tf.string), [None])
        ids = super().tokenize(texts)
        return tf.concat([ids, ids], axis=1) if sample else ids

    def taken(self):
        seen, self.seen = self.seen, {False: 0, True: 0}
        return seen[False], seen[True]


@pytest.fixture(scope="module")
def corpus():
    with Corpus.write(Pair("x" * (1 + n % 12), "y", str(n)) for n in range(COUNT)) as corpus:
        yield corpus


def test_each_text_is_cut_once_a_pass(corpus):
    counting, target = Counting(), TextTarget(ByteTokenizer(), 9)
    source = TextSource(counting, 20)
    found = survey(corpus, source, target)
    assert counting.taken() == (COUNT, 0)
    buckets = fit_buckets(found, 2)
    batches = eval_batches(corpus, source, target, buckets=buckets)  # the survey is remembered
    assert counting.taken() == (0, 0)
    assert batches.cardinality() == len(list(batches))
    assert counting.taken() == (COUNT, 0)

    other = TextSource(counting, 19)
    eval_batches(corpus, other, target, buckets=buckets)
    assert counting.taken() == (COUNT, 0)
    survey(corpus, other, target)
    other.max_length = 18
    assert counting.taken() == (0, 0)
    survey(corpus, other, target)
    assert counting.taken() == (COUNT, 0)


def test_training_cuts_each_text_once_an_epoch_and_few_to_know_its_data(corpus):
    counting, target = Counting(), TextTarget(ByteTokenizer(), 9)
    source = TextSource(counting, 20)
    options = {"buckets": [(20, 2)], "seed": 1, "batch_size": COUNT}
    batches = train_batches(corpus, source, target, **options)
    assert counting.taken()[0] <= 64
    next(iter(batches.prefetch(0).take(1)))
    usual, _ = counting.taken()
    assert usual in (COUNT, 2 * COUNT)  # what the next epoch reads ahead is cut, too


def test_words_that_have_other_ids_are_other_data(corpus):
    def source(*words):
        letters = CharacterTokenizer("xyz")
        return CharacterWordSource(WordTokenizer(words), letters, 9)

    target = TextTarget(ByteTokenizer(), 9)
    known = ("x", "xx"), ("xx", "x"), ("y", "z")
    prints = [fingerprint(corpus, source(*words), target) for words in known]
    assert len(set(prints)) == 3
    assert fingerprint(corpus, source(*known[0]), target) == prints[0]


def test_drawing_cuts_again_only_what_was_too_long():
    counting = Counting()
    source = TextSource(counting, 9)
    made = drawn(source.tokens, ["abc", "abcdef", "", "abcd", "abcde"], 9)
    assert counting.taken() == (2, 5)
    assert [len(row) - 1 for row in made.to_list()] == [6, 6, 0, 8, 5]
    expected = source.tokens(["abcdef", "abcde"]).to_list()
    assert [made.to_list()[n] for n in (1, 4)] == expected
    assert drawn(source.tokens, tf.constant([], tf.string), 9).shape[0] == 0


def test_a_survey_needs_no_memory_for_lengths_that_do_not_occur():
    source, target = TextSource(ByteTokenizer(), 2**30), TextTarget(ByteTokenizer(), 2**30)
    with Corpus.write([Pair("x" * 9, "y", "1"), Pair("x" * 99_999, "y" * 50_000, "2")]) as corpus:
        found = survey(corpus, source, target)
        assert found.occurring.sizes.tolist() == [[10, 2], [100_000, 50_001]]
        assert fit_buckets(found, 2) == [(10, 2), (100_000, 50_001)]
        assert found.longest() == (100_000, 50_001)
        with pytest.raises(ValueError, match=r"is too large\. Use the survey's `occurring`"):
            found.lengths  # noqa: B018
        eval_batches(corpus, source, target, buckets=[(10, 2), (100_000, 50_001)])


def test_what_is_only_tokens_still_trains_an_encoder(corpus):
    source = TextSource(ByteTokenizer(), 20)
    batches = eval_batches(corpus, source, source, buckets=[(20, 20)], batch_size=4)
    inputs, labels = next(iter(masked_batches(batches, source, seed=1, rate=0.9)))
    assert sorted(inputs) == ["source", "source_mask"] and np.any(labels != 0)
    with pytest.raises(TypeError, match="`source` must be a Source, for example a TextSource"):
        survey(corpus, None, source)
    with pytest.raises(TypeError, match="`target` must be a Target, for example a TextTarget"):
        survey(corpus, source, "text")
