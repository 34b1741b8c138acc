"""Averages of weights that start warm, held against their formula in NumPy."""

import keras
import numpy as np
import pytest

from kseq2seq.training import GenerationScore, averaged_weights, warm_averages
from kseq2seq.training.averaging import averages_of

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(48, 3)).astype("f4"), RNG.normal(size=(48, 1)).astype("f4")
MOMENTUM = 0.8


def adam(**options):
    return keras.optimizers.Adam(0.1, use_ema=True, ema_momentum=MOMENTUM, **options)


def multiple():
    sgd = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=MOMENTUM)
    of = keras.optimizers.OptimizerMap(sgd, {".*bias": adam()})
    return keras.optimizers.MultiOptimizer(of)


# optimizer, batches in one update, what else it is compiled with
OPTIMIZERS = {
    "Adam, compiled": (adam, 1, {"jit_compile": True}),
    "gathered": (lambda: adam(gradient_accumulation_steps=3), 3, {}),
    "several steps at once": (adam, 1, {"steps_per_execution": 4}),
    "scaled": (lambda: keras.optimizers.LossScaleOptimizer(adam(), 4.0), 1, {}),
    "two of them": (multiple, 1, {}),
    "free of a schedule": (
        lambda: keras.optimizers.ScheduleFreeAdamW(0.1, use_ema=True, ema_momentum=MOMENTUM),
        1,
        {},
    ),
}


def tiny(optimizer, **options):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse", **options)
    return model


class Seen(keras.callbacks.Callback):
    """The weights after each batch."""

    def __init__(self):
        super().__init__()
        self.weights = []

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append(self.model.get_weights())


def fit(model, *callbacks, rows=48, **options):
    seen = Seen()
    model.fit(
        X[:rows], Y[:rows], batch_size=2, shuffle=False, verbose=0, callbacks=[*callbacks, seen],
        **options,
    )  # fmt: skip
    return seen.weights


def expected(weights, batches=1):
    """The average of the weights after each update, by the formula."""
    average = weights[batches - 1]
    for t, now in enumerate(weights[2 * batches - 1 :: batches], start=1):
        k = min(MOMENTUM, (1 + t) / (10 + t))
        average = [k * a + (1 - k) * w for a, w in zip(average, now, strict=True)]
    return average


def assert_close(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_average_is_its_formula_under_any_optimizer(name):
    make, batches, options = OPTIMIZERS[name]
    model = tiny(make(), **options)
    warm_averages(model)
    if "steps_per_execution" in options:  # seen one by one in a model of its own
        weights = fit(tiny(make()))
        fit(model)
    else:
        weights = fit(model)
    assert_close(model.get_weights(), expected(weights, batches))  # `fit` leaves the average


def test_callbacks_that_look_at_averages_make_them_warm():
    """Compiled and fitted as Keras documents, in a model that was traced before."""
    model, chosen = tiny(adam()), []
    model.train_on_batch(X[:2], Y[:2])
    model.optimizer.iterations.assign(0)

    def generate(texts):
        chosen.append(model.get_weights())
        return ["a"]

    weights = fit(model, GenerationScore(generate, ["a"], ["a"]))
    assert_close(model.get_weights(), expected(weights))
    assert_close(chosen[0], expected(weights))


def test_a_short_run_keeps_nothing_of_its_beginning():
    optimizer = keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.998)
    model = tiny(optimizer)
    warm_averages(model)
    weights = fit(model)
    with averaged_weights(model):
        left = np.linalg.norm(model.get_weights()[0] - weights[-1][0])
    assert left < 0.25 * np.linalg.norm(weights[0][0] - weights[-1][0])


def test_a_loaded_model_goes_on_with_its_average(tmp_path):
    whole = tiny(adam())
    warm_averages(whole)
    weights = [fit(whole, rows=24), fit(whole, rows=24)]
    wanted = whole.get_weights()
    model = tiny(adam())
    warm_averages(model)
    fit(model, rows=24)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    warm_averages(loaded)
    for one, other in zip(fit(loaded, rows=24), weights[1], strict=True):
        assert_close(one, other)
    assert_close(loaded.get_weights(), wanted)


def test_keras_callback_that_swaps_averages_finds_them():
    model, inside = tiny(adam()), []
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: inside.append(model.get_weights())
    )
    score = GenerationScore(lambda texts: ["a"], ["a"], ["a"])
    weights = fit(model, score, swap, look)
    assert_close(inside[0], expected(weights))


def test_weights_that_are_overwritten_by_their_average_now_and_then():
    model = tiny(adam(ema_overwrite_frequency=6))
    warm_averages(model)
    seen = fit(model, rows=12)
    average = averages_of(model)[0][1]
    np.testing.assert_array_equal(seen[-1][0], np.array(average))  # the sixth step


def test_fewer_batches_than_an_update_takes_leave_the_weights():
    model = tiny(adam(gradient_accumulation_steps=4))
    warm_averages(model)
    before = model.get_weights()
    fit(model, rows=4)
    assert_close(model.get_weights(), before)


def test_an_average_that_cant_move_is_told_of_and_is_the_weights():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, dtype="bfloat16")])
    model.compile(adam(), "mse")
    with pytest.warns(UserWarning, match="an average can't move"):
        warm_averages(model)
    weights = fit(model, rows=12)
    np.testing.assert_array_equal(model.get_weights()[0], weights[-1][0])


def test_what_has_no_averages_stays_as_it_is():
    model = tiny("adam")
    model.train_on_batch(X, Y)
    traced = model.train_function
    warm_averages(model)
    assert model.train_function is traced
    assert averages_of(model) == []


def test_what_is_not_compiled_has_no_averages():
    with (
        pytest.raises(ValueError, match=r"'gone' is not compiled.*the view"),
        averaged_weights(keras.Sequential(name="gone")),
    ):
        pass
