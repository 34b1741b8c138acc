import keras
import numpy as np
import pytest

from kseq2seq.training import BetterWeights


def assert_same(here, there):
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("wanted", ["raw", "averaged"])
def test_the_better_weights_stay_and_are_named(runs, tmp_path, small, wanted):
    """And a run that had ended says the same again."""
    scored, last = [], []

    def score():
        scored.append(small.get_weights())
        return float(len(scored) == 1 + ["averaged", "raw"].index(wanted))

    better = BetterWeights(score)
    watch = runs.At(11, lambda: last.append(small.get_weights()))
    runs.fit(tmp_path, small, runs.numbers(), callbacks=[watch, better])
    assert better.chosen == wanted
    assert better.scores == {"averaged": wanted == "averaged", "raw": wanted == "raw"}
    averaged, raw = scored
    assert_same(raw, last[0])
    assert not np.array_equal(averaged[0], raw[0])
    kept = {"raw": raw, "averaged": averaged}[wanted]
    assert_same(small.get_weights(), kept)
    scored.clear()
    again = BetterWeights(score)
    runs.goes_on(tmp_path, small, callbacks=[again])  # nothing is left to train
    assert again.chosen == wanted
    assert_same(small.get_weights(), kept)


def test_a_score_that_is_no_number_loses():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
    answers = iter([float("nan"), -5.0])
    better = BetterWeights(lambda: next(answers))
    x = np.ones((8, 1))
    model.fit(x, x, batch_size=2, epochs=2, verbose=0, callbacks=[better])
    assert better.chosen == "raw"


def test_without_averages_there_is_no_choice():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    better = BetterWeights(lambda: pytest.fail("nothing is to be scored"))
    model.fit(np.ones((8, 1)), np.ones((8, 1)), verbose=0, callbacks=[better])
    assert (better.chosen, better.scores) == (None, {})
