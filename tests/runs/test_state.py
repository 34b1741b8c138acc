"""The place in the data is found again, and callbacks go on where they were."""

import signal
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.data import Corpus, Pair, packed_batches, train_batches
from kseq2seq.metrics import bleu
from kseq2seq.runs.state import ResumableIterator
from kseq2seq.text import ByteTokenizer, CharacterTokenizer, TextSource, TextTarget
from kseq2seq.training import GenerationScore, TimeLimit

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
        position = ResumableIterator(model, batches)
        following(position.iterator, taken)
        position.save(tmp_path)
        assert (tmp_path / "data.index").exists()  # it is the place, and not a count of batches
        whole = following(position.iterator, 40)
        there = ResumableIterator(model, MAKERS[kind](again))  # as another process makes it
        corpus.close()
        there.restore(tmp_path, taken)
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
    position = ResumableIterator(model, batches_of())
    following(position.iterator, 3)
    position.save(tmp_path)
    ResumableIterator(model, batches_of()).restore(tmp_path, 3)
    with pytest.raises(ValueError, match="was made with different data"):
        ResumableIterator(model, batches_of(**other)).restore(tmp_path, 3)


@pytest.fixture
def went_on(runs, tmp_path, small, begun):
    """Compares a whole run with one that was ended after some steps each time it was begun."""

    def compare(callbacks, ends, steps=40):
        history = runs.fit(tmp_path / "whole", small, runs.numbers(), steps, callbacks())
        whole = runs.state(small), history
        runs.put(*begun)
        for step in ends:
            with pytest.raises(runs.Ended):
                at = runs.At(step, runs.end)
                runs.fit(tmp_path / "ended", small, runs.numbers(), steps, [*callbacks(), at])
        options = {"steps": steps, "callbacks": callbacks()}
        runs.assert_same(whole, runs.goes_on(tmp_path / "ended", small, **options))
        # once more: it is over, and stays so
        never = {**options, "callbacks": [*callbacks(), runs.At(1, runs.end)]}
        runs.assert_same(whole, runs.goes_on(tmp_path / "ended", small, **never))
        return history

    return compare


class Errors(keras.callbacks.Callback):
    """Word error rates that are known before."""

    values = (5, 3, 4, 4, 4, 4, 1)

    def on_epoch_end(self, epoch, logs=None):
        logs["val_wer"] = self.values[epoch]


def test_early_stopping_waits_on(went_on):
    def callbacks():
        options = {"patience": 3, "mode": "min", "restore_best_weights": True}
        return [Errors(), keras.callbacks.EarlyStopping("val_wer", **options)]

    assert went_on(callbacks, ends=(7, 8, 5)).epoch == [0, 1, 2, 3, 4]


def test_early_stopping_on_generated_text(went_on, small):
    """On BLEU and on an error rate of one's own, of texts that the model's weights decide."""

    def generate(sources):
        right = int(1000 * abs(small.get_weights()[0]).sum()) % 5
        return [" ".join(["right"] * right + ["wrong"] * (5 - right))] * len(sources)

    def wer(hypotheses, references):
        pairs = zip(hypotheses[0].split(), references[0].split(), strict=True)
        return sum(word != other for word, other in pairs) / 5

    def callbacks():
        metrics = {"bleu": bleu, "wer": wer}
        return [
            GenerationScore(generate, ["source"], ["right right right right right"], metrics),
            keras.callbacks.EarlyStopping("val_wer", patience=2, mode="min"),
            keras.callbacks.EarlyStopping("val_bleu", patience=4, mode="max"),
        ]

    history = went_on(callbacks, ends=(6,))
    assert len(set(history.history["val_wer"])) > 1
    best = int(np.argmin(history.history["val_wer"]))
    assert len(history.epoch) == best + 3


def test_more_patience_goes_on(runs, tmp_path, small):
    def fit(patience):
        stop = keras.callbacks.EarlyStopping("val_wer", patience=patience, mode="min")
        return runs.fit(tmp_path, small, runs.numbers(), 28, [Errors(), stop])

    assert len(fit(2).epoch) == 4
    assert len(fit(3).epoch) == 5
    assert len(fit(5).epoch) == 7


def test_patience_counts_scorings(runs, tmp_path, small):
    texts = iter([["a b"], ["a b c d"], ["x"], ["x"]])
    score = GenerationScore(lambda _: next(texts), ["source"], ["a b c d"], every=2)
    stop = keras.callbacks.EarlyStopping("val_chrf", patience=2, mode="max")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of epochs without a score
        history = runs.fit(tmp_path, small, runs.numbers(), 80, [score, stop])
    assert len(history.history["val_chrf"]) == 4
    assert history.epoch == [0, 1, 2, 3, 4, 5, 6]


def test_a_lowered_rate_goes_on(went_on, small):
    def callbacks():
        return [keras.callbacks.ReduceLROnPlateau("loss", 0.5, patience=2, min_delta=9.0)]

    history = went_on(callbacks, ends=(10, 4, 7), steps=20)
    assert history.history["learning_rate"][-1] < history.history["learning_rate"][0]


def test_swapped_averages_go_on(went_on):
    def callbacks():
        return [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]

    went_on(callbacks, ends=(5, 6), steps=12)


def test_time_that_was_used_up_counts(runs, tmp_path, small, begun):
    def limit(minutes):
        ticks = iter(range(1000))
        return [TimeLimit(minutes, ticks.__next__)]

    def newest():
        return int(runs.names(tmp_path / "limited")[-1].rsplit("-", 1)[1])

    runs.fit(tmp_path / "limited", small, runs.numbers(), 40, limit(0.1))
    first = newest()
    assert 3 <= first <= 6
    runs.fit(tmp_path / "limited", small, runs.numbers(), 40, limit(0.1))
    assert newest() == first
    runs.fit(tmp_path / "limited", small, runs.numbers(), 40, limit(0.2))
    assert first < newest() <= 12
    runs.put(*begun)
    whole = runs.fit(tmp_path / "whole", small, runs.numbers(), 14)
    whole = runs.state(small), whole
    runs.assert_same(whole, runs.goes_on(tmp_path / "limited", small, steps=14))


def test_a_callback_of_ones_own_is_asked(runs, tmp_path, small):
    class Counting(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append(batch)

        def get_state(self):
            return {"seen": self.seen, "array": np.array(self.seen)}

        def set_state(self, state):
            self.seen = state["seen"]
            assert state["array"].tolist() == self.seen

    counting = Counting()
    with pytest.raises(runs.Ended):
        callbacks = [Counting(), runs.At(8, runs.end)]
        runs.fit(tmp_path, small, runs.numbers(), callbacks=callbacks)
    runs.fit(tmp_path, small, runs.numbers(), callbacks=[keras.callbacks.Callback(), counting])
    assert counting.seen == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2]


def test_what_no_checkpoint_holds_is_refused(runs, tmp_path, small):
    class Odd(keras.callbacks.Callback):
        def get_state(self):
            return {"a set": {1, 2}}

    with pytest.raises(TypeError, match="lists, numbers, strings and arrays; got set"):
        runs.fit(tmp_path, small, runs.numbers(), callbacks=[Odd()])
    assert runs.names(tmp_path) == []


def test_a_train_step_of_ones_own_and_two_optimizers(runs, tmp_path):
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.other = keras.layers.Dense(1), keras.layers.Dense(1)
            self.second = keras.optimizers.Adam(0.1)

        def call(self, x):
            return self.one(x) + self.other(x)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape(persistent=True) as tape:
                loss = tf.reduce_mean((self(x) - y) ** 2)
            for optimizer, layer in ((self.optimizer, self.one), (self.second, self.other)):
                weights = layer.trainable_variables
                optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"loss": loss, "twice": 2 * loss}

    def build():
        model = Two()
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9))
        return model

    model = build()
    history = runs.fit(tmp_path / "whole", model, runs.numbers())
    assert set(history.history) == {"loss", "twice"}
    whole = runs.state(model), history
    keras.utils.set_random_seed(0)
    with pytest.raises(SystemExit):  # at the end of an epoch, whose logs are its last step's
        told = [runs.At(8, lambda: signal.raise_signal(signal.SIGTERM))]
        runs.fit(tmp_path / "ended", build(), runs.numbers(), callbacks=told)
    fresh = build()
    history = runs.fit(tmp_path / "ended", fresh, runs.numbers())
    runs.assert_same(whole, (runs.state(fresh), history))
