"""What tests of runs share: small models, data, and ways to end a run and to compare two."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import TokenCrossEntropy, build_model
from kseq2seq.metrics import TokenAccuracy
from kseq2seq.runs import Run
from kseq2seq.training.state import state_variables


def tiny(optimizer=None, metrics=("mae",), units=3, **options):
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1),
        ]
    )
    optimizer = optimizer or keras.optimizers.SGD(0.02, 0.9, use_ema=True, ema_momentum=0.9)
    model.compile(optimizer, "mse", metrics=list(metrics), **options)
    return model


def normalized():
    model = keras.Sequential([keras.Input((5,)), keras.layers.BatchNormalization()])
    model.add(keras.layers.Dense(1))
    adam = keras.optimizers.Adam(gradient_accumulation_steps=4)
    model.compile(keras.optimizers.LossScaleOptimizer(adam, 2.0**4, 3), "mse")
    return model


def translator():
    model = build_model("gru", 9, 9, hidden_dim=4, num_layers=1, dropout=0.2)
    model.compile(
        keras.optimizers.Adam(1e-2, use_ema=True, ema_momentum=0.9, global_clipnorm=1.0),
        TokenCrossEntropy(label_smoothing=0.1),
        metrics=[TokenAccuracy()],
    )
    return model


def numbers(bad=(), width=5):
    """Batches without end, shuffled anew each time around; those in `bad` have a NaN."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, width)).astype("f4"), rng.normal(size=(60, 1)).astype("f4")
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(60, seed=3).repeat().batch(8)
    places = tf.constant([-1, *bad], tf.int64)
    return batches.enumerate().map(
        lambda i, batch: (batch[0], tf.where(tf.reduce_any(i == places), np.nan, batch[1]))
    )


def sentences():
    ids = np.random.default_rng(1).integers(3, 9, (40, 5)).astype("int32")
    inputs = {"source": ids, "source_mask": ids > 0, "target": np.roll(ids, 1, axis=1)}
    return tf.data.Dataset.from_tensor_slices((inputs, ids)).shuffle(40, seed=1).repeat().batch(8)


class At(keras.callbacks.Callback):
    """Does something once, after a step counted from 1 in this call of `fit`."""

    def __init__(self, step, do):
        super().__init__()
        self.left, self.do = step, do

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            self.do()


class Ended(Exception):
    pass


def end():
    raise Ended


def fit(path, model, batches, steps=11, callbacks=(), run=None, steps_per_epoch=4, **options):
    run = {"every_steps": 3, "every_minutes": None, **(run or {})}
    options = {"verbose": 0, "callbacks": callbacks, **options}
    return Run(path, **run).fit(
        model, batches, steps=steps, steps_per_epoch=steps_per_epoch, **options
    )


def state(model):
    return [variable.numpy() for variable in state_variables(model)]


def put(model, values):
    for variable, value in zip(state_variables(model), values, strict=True):
        variable.assign(value)


def assert_same(here, there):
    """Two (state, history) of equal bits."""
    for one, other in zip(here[0], there[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert here[1].epoch == there[1].epoch
    assert here[1].history == there[1].history


def names(path):
    return sorted(checkpoint.name for checkpoint in (path / "checkpoints").iterdir())


def goes_on(path, model, **options):
    """The rest of a run, from a model with nothing of it left: state and history."""
    for variable in state_variables(model):
        if variable.name != "learning_rate":  # of which another one would count
            variable.assign(np.full(variable.shape, 7))
    history = fit(path, model, options.pop("batches", numbers()), **options)
    return state(model), history


@pytest.fixture
def runs():
    """The helpers above; all begins with the same seed."""
    keras.utils.set_random_seed(0)
    return SimpleNamespace(
        At=At,
        Ended=Ended,
        assert_same=assert_same,
        end=end,
        fit=fit,
        goes_on=goes_on,
        names=names,
        normalized=normalized,
        numbers=numbers,
        put=put,
        sentences=sentences,
        state=state,
        tiny=tiny,
        translator=translator,
    )


@pytest.fixture(scope="module")
def begun():
    """One model for many tests, traced once, and the state it has at the beginning of each."""
    model = tiny()
    model.fit(numbers().take(1), verbose=0)
    return model, state(model)


@pytest.fixture
def small(begun, runs):
    put(*begun)
    return begun[0]


@pytest.fixture(scope="module")
def whole(begun, tmp_path_factory):
    """State and history of a run that nothing ended."""
    keras.utils.set_random_seed(0)
    put(*begun)
    history = fit(tmp_path_factory.mktemp("whole"), begun[0], numbers())
    return state(begun[0]), history


@pytest.fixture(scope="module")
def trained(begun, tmp_path_factory):
    """The directory of a finished run: checkpoints 2 to 4, after steps 6, 9 and 11."""
    keras.utils.set_random_seed(0)
    put(*begun)
    path = tmp_path_factory.mktemp("trained") / "run"
    fit(path, begun[0], numbers())
    return path
