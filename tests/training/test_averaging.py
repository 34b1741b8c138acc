import weakref

import keras
import ml_dtypes
import numpy as np
import pytest

from kseq2seq.training import BetterWeights, average_weights

RNG = np.random.default_rng(0)


def test_is_the_mean_in_the_dtype_that_was_given():
    checkpoints = [
        [RNG.normal(size=(2, 3)).astype("float32"), RNG.normal(size=4), np.float32(i)]
        for i in range(5)
    ]
    made = average_weights(checkpoints)
    for index, dtype in enumerate(("float32", "float64", "float32")):
        assert made[index].dtype == dtype
        mean = np.mean([c[index] for c in checkpoints], axis=0, dtype="float64")
        np.testing.assert_allclose(made[index], mean, rtol=1e-7)


def test_sums_are_of_float64():
    """In float32 the ones would be lost beside the first."""
    checkpoints = [[np.array([1e8], "float32")], *[[np.array([1.0], "float32")]] * 7]
    assert float(average_weights(checkpoints)[0][0]) == np.float32((1e8 + 7) / 8)
    half = [[np.array([256, 0.5], ml_dtypes.bfloat16)], [np.array([1, 0.25], ml_dtypes.bfloat16)]]
    (made,) = average_weights(half)
    assert made.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(made.astype("float64"), [128.0, 0.375])


def test_counters_are_the_last_ones():
    made = average_weights([np.array([i, 9]), np.array(i > 1), np.array(float(i))] for i in (1, 4))
    assert made[0].tolist() == [4, 9]
    assert made[1].tolist() is True
    assert made[2].tolist() == 2.5


def test_what_was_given_stays_as_it_was():
    first = [np.ones(2), np.array([1])]
    average_weights([first, [np.zeros(2), np.array([5])]])
    assert [weight.tolist() for weight in first] == [[1, 1], [1]]


def test_holds_one_checkpoint_at_a_time():
    class Weights(list):
        pass

    alive = []

    def load():
        for _ in range(4):
            assert sum(reference() is not None for reference in alive) <= 1
            weights = Weights([np.ones(3)])
            alive.append(weakref.ref(weights))
            yield weights
            del weights

    assert average_weights(load())[0].tolist() == [1, 1, 1]


def test_a_models_weights(model_named, lab):
    model, other = lab.make("gru", seed=1), lab.make("gru", seed=2)
    means = average_weights(each.get_weights() for each in (model, other))
    model.set_weights(means)
    for mean, weight in zip(means, model.get_weights(), strict=True):
        np.testing.assert_array_equal(mean, weight)


def test_refuses():
    with pytest.raises(ValueError, match="no checkpoints"):
        average_weights([])
    with pytest.raises(ValueError, match=r"number 2 has 1;.*index 0: \[\(2,\)\] and \[\(3,\)\]"):
        average_weights([[np.ones(2)], [np.ones(3)]])
    with pytest.raises(ValueError, match=r"first has 1 weights and number 3 has 2;.*index 1"):
        average_weights([[np.ones(2)], [np.ones(2)], [np.ones(2), np.ones(1)]])


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
