from itertools import islice

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import SpecialTokens, TokenCrossEntropy, build_model
from kseq2seq.data import (
    Corpus,
    eval_batches,
    mask_tokens,
    masked_batches,
    pairs_from,
    train_batches,
)
from kseq2seq.text import ByteTokenizer, TextSource

SPECIAL = SpecialTokens()
TEXTS = ["hello", "안녕하세요", "👨‍👩‍👧", "e\u0301te\u0301", "a longer text"] * 3
SOURCE = TextSource(ByteTokenizer(), max_length=32)


def drawn(special=SPECIAL, rate=0.15, seed=(5, 0), size=54):
    """600,000 tokens, each id as often as any other, the last tenth of each row padding."""
    ids = np.random.default_rng(0).integers(0, size, (600, 1000)).astype("int32")
    mask = np.arange(1000) < np.full((600, 1), 900)
    ids[~mask] = special.padding
    inputs, labels = mask_tokens(ids, mask, seed, special=special, vocabulary_size=size, rate=rate)
    assert (inputs.dtype, labels.dtype) == (tf.int32, tf.int32)
    return ids, mask, inputs.numpy(), labels.numpy()


def near(share, expected, count):
    """Within five standard errors."""
    return abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / count)


@pytest.mark.parametrize("rate", [0.15, 0.4])
def test_shares_are_the_papers(rate):
    ids, mask, inputs, labels = drawn(rate=rate)
    text = mask & ~np.isin(ids, SPECIAL)
    chosen = labels != SPECIAL.padding
    assert near(chosen[text].mean(), rate, text.sum())
    became, was = inputs[chosen], ids[chosen]
    count = len(was)
    assert near((became == SPECIAL.unknown).mean(), 0.8, count)
    # One in ten is drawn from 50 ids, and so is itself again by a chance of 1/50.
    assert near((became == was).mean(), 0.1 + 0.1 / 50, count)
    other = became[(became != was) & (became != SPECIAL.unknown)]
    assert near(len(other) / count, 0.1 * 49 / 50, count)


def test_random_tokens_and_choices_are_even():
    ids, _, inputs, labels = drawn()
    chosen = labels != SPECIAL.padding
    other = inputs[chosen & (inputs != ids) & (inputs != SPECIAL.unknown)]
    for tokens in (other, labels[chosen]):
        counts = np.bincount(tokens, minlength=54)[len(SPECIAL) :]
        expected = counts.sum() / 50
        # chi-square of 49 degrees of freedom exceeds 85.4 once in a thousand
        assert ((counts - expected) ** 2 / expected).sum() < 85.4


@pytest.mark.parametrize("special", [SPECIAL, SpecialTokens(7, 40, 2, 53)])
def test_special_ids_and_padding_are_left_alone(special):
    ids, mask, inputs, labels = drawn(special)
    chosen = labels != special.padding
    kept = ~mask | np.isin(ids, special)
    assert not (chosen & kept).any()
    np.testing.assert_array_equal(inputs[~chosen], ids[~chosen])
    np.testing.assert_array_equal(labels[chosen], ids[chosen])
    new = inputs[inputs != ids]
    assert set(new) == set(range(54)) - set(special) | {special.unknown}


def test_the_seed_decides():
    first, again, other, third = (drawn(seed=seed)[2:] for seed in [(5, 0), (5, 0), (5, 1), (6, 0)])
    np.testing.assert_array_equal(first, again)
    for labels in (other[1], third[1]):
        both = ((first[1] != 0) & (labels != 0)).mean()
        assert near(both, (0.15 * 0.9 * 50 / 54) ** 2 * 54 / 50 / 0.9, first[1].size)


def test_bad_settings_are_refused():
    ids, mask = np.full((1, 2), 5), np.ones((1, 2), bool)
    for rate in (0, 1, 15):
        with pytest.raises(ValueError, match=f"between 0 and 1, for example 0.15; got {rate}"):
            mask_tokens(ids, mask, (0, 0), special=SPECIAL, vocabulary_size=9, rate=rate)
    with pytest.raises(ValueError, match="between 0 and 1"):
        masked_batches(tf.data.Dataset.from_tensors((SOURCE(["a"]), 0)), SOURCE, seed=0, rate=2)
    with pytest.raises(ValueError, match="must leave an id beside"):
        mask_tokens(ids, mask, (0, 0), special=SPECIAL, vocabulary_size=4)


@pytest.fixture(scope="module")
def corpus():
    with Corpus.write(pairs_from((text, text) for text in TEXTS)) as corpus:
        yield corpus


def training(corpus, seed=1):
    batches = train_batches(
        corpus, SOURCE, SOURCE, buckets=[(19, 19), (32, 32)], seed=0, tokens_per_batch=5 * 32
    )
    return masked_batches(batches, SOURCE, seed=seed)


def taken(dataset, count):
    return [tf.nest.map_structure(np.asarray, batch) for batch in islice(dataset, count)]


def test_batches_hide_some_of_each_text(corpus):
    shown = set()
    for inputs, labels in taken(training(corpus), 30):
        assert list(inputs) == ["source", "source_mask"]
        assert (inputs["source"].shape, labels.shape) in [((8, 19),) * 2, ((5, 32),) * 2]
        whole = np.where(labels, labels, inputs["source"])
        for row, mask in zip(whole, inputs["source_mask"], strict=True):
            assert row[mask][-1] == SPECIAL.end and not row[~mask].any()
            shown.add(bytes((row[mask][:-1] - 4).tolist()).decode())
    assert shown == set(TEXTS)


def test_epochs_differ_and_the_seed_repeats_them():
    with Corpus.write(pairs_from([("one and the same text", "x")])) as corpus:

        def some(seed):
            batches = train_batches(
                corpus, SOURCE, SOURCE, buckets=[(22, 22)], seed=0, tokens_per_batch=22
            )
            rows = taken(masked_batches(batches, SOURCE, seed=seed), 20)
            return [tuple(labels[0]) for _, labels in rows]

        first, again, other = some(1), some(1), some(2)
    assert len(set(first)) > 15  # each batch is an epoch of one text
    assert first == again
    assert first != other


def test_evaluation_hides_the_same_each_time(corpus):
    batches = eval_batches(corpus, SOURCE, SOURCE, buckets=[(32, 32)], tokens_per_batch=128)
    masked = masked_batches(batches, SOURCE, seed=3)
    for one, two in zip(masked, masked, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, two)
    # a filler row has nothing to say
    assert not (one[1].numpy()[one[0]["source_mask"].numpy().sum(axis=1) == 1]).any()


def test_a_batch_without_a_chosen_token_teaches_nothing_and_breaks_nothing():
    ids = np.array([[SPECIAL.unknown, SPECIAL.end, 0]])
    inputs, labels = mask_tokens(
        ids, ids > 0, (0, 0), special=SPECIAL, vocabulary_size=9, rate=0.99
    )
    assert inputs.numpy().tolist() == ids.tolist() and not labels.numpy().any()
    logits = tf.Variable(np.random.default_rng(0).normal(size=(1, 3, 9)))
    with tf.GradientTape() as tape:
        loss = TokenCrossEntropy(0.1)(labels, logits)
    assert float(loss) == 0
    assert not tape.gradient(loss, logits).numpy().any()


def test_an_encoder_learns_from_them(corpus):
    keras.utils.set_random_seed(0)
    batches = train_batches(
        corpus, SOURCE, SOURCE, buckets=[(32, 32)], seed=0, tokens_per_batch=480
    )
    size = SOURCE.tokenizer.vocabulary_size
    sizes = {"hidden_dim": 32, "num_layers": 1, "num_heads": 4, "dropout": 0.0}
    encoder = build_model("transformer", size, size, **sizes).encoder
    logits = keras.layers.Dense(size)(encoder.output["outputs"])
    model = keras.Model(encoder.input, logits)
    model.compile(keras.optimizers.Adam(0.005), TokenCrossEntropy())
    masked = masked_batches(batches, SOURCE, seed=0)
    losses = model.fit(masked, epochs=2, steps_per_epoch=60, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]
