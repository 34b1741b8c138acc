"""Accumulated batches are one large batch, however many tokens each of them has."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import TokenCrossEntropy, build_model
from kseq2seq.training.state import state_variables
from kseq2seq.training.steps import UNKNOWN, accumulated_in

LENGTHS = (2, 2, 12, 11, 5, 1)  # of targets, their ends included; two rows a batch


def batch(*rows):
    rng = np.random.default_rng(7)
    labels = rng.integers(3, 9, (len(LENGTHS), 12)).astype("int32")
    labels *= np.arange(12) < np.array(LENGTHS)[:, None]
    source = rng.integers(3, 9, (len(LENGTHS), 4)).astype("int32")
    target = np.pad(labels[:, :-1], [(0, 0), (1, 0)], constant_values=1)
    x = {"source": source, "source_mask": source != 0, "target": target}
    return {name: value[list(rows)] for name, value in x.items()}, labels[list(rows)]


def adam(steps=None, **options):
    options = {"clipnorm": 0.05, "weight_decay": 0.1, **options}
    return keras.optimizers.Adam(0.1, gradient_accumulation_steps=steps, **options)


def trained(batches, optimizer, **options):
    """A model after a step for each batch: run eagerly unless told otherwise, which is faster."""
    options = options or {"run_eagerly": True}
    keras.utils.set_random_seed(0)
    model = build_model("gru", 9, 9, hidden_dim=4, num_layers=1, dropout=0.0)
    model.compile(optimizer, TokenCrossEntropy(), **options)
    for x, y, *weight in batches:
        model.train_on_batch(x, y, *weight)
    return model


def assert_same(one, other, atol=1e-5):  # Adam divides by roots of squares that are nearly 0
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=atol)


@pytest.fixture(scope="module")
def joined():
    """Two steps of one large batch."""
    return trained([batch(*range(6))] * 2, adam())


@pytest.mark.parametrize("options", [{"run_eagerly": False}, {"jit_compile": True}])
def test_batches_of_unlike_tokens_make_the_step_of_the_large_one(joined, options):
    parts = [batch(0, 1), batch(2, 3), batch(4, 5)]
    assert_same(trained(parts * 2, adam(3), **options), joined)


def test_so_they_do_where_the_loss_is_scaled(joined):
    """A batch without finite gradients is not learned from, nor are its tokens counted."""
    first = batch(0, 1)
    parts = [first, batch(2, 3), batch(4, 5)]
    scaled = keras.optimizers.LossScaleOptimizer(adam(3), initial_scale=2.0**10)
    broken = (*first, np.full((2,), np.nan, "float32"))
    assert_same(trained([parts[0], broken, *parts[1:], *parts], scaled), joined, 1e-5)


def test_weighted_tokens_count_as_they_weigh():
    weight = np.array([1.0, 0.5, 0.0, 2.0, 3.0, 1.0], "float32")
    parts = [(*batch(*rows), weight[list(rows)]) for rows in ((0, 1), (2, 3), (4, 5))]
    whole = trained([(*batch(*range(6)), weight)], adam())
    assert_same(trained(parts, adam(3)), whole)


def test_a_batch_without_tokens_changes_nothing():
    x, y = batch(0, 1)
    nothing = (x, 0 * y)
    whole = trained([batch(2, 3)], adam())
    assert_same(trained([nothing, batch(2, 3)], adam(2)), whole)
    assert_same(trained([batch(2, 3), nothing], adam(2)), whole)


def test_equal_batches_are_added_up_as_keras_does_it():
    parts = [batch(0, 1), batch(0, 1), batch(1, 0)]
    ours = trained(parts, adam(3))
    keras.utils.set_random_seed(0)
    model = build_model("gru", 9, 9, hidden_dim=4, num_layers=1, dropout=0.0)
    plain = keras.Model(model.input, model.output)
    plain.compile(adam(3), TokenCrossEntropy(), run_eagerly=True)
    for x, y in parts:
        plain.train_on_batch(x, y)
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_that_is_saved_between_goes_on_as_keras_does(tmp_path):
    """Its file has the gradients, and not how many tokens they are of."""
    model = trained([batch(0, 1)], adam(2))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.gradient_accumulation_steps == 2  # compiled as it was
    assert float(np.asarray(accumulated_in(loaded).count)) == UNKNOWN
    loaded.train_on_batch(*batch(1, 0))
    model.train_on_batch(*batch(1, 0))
    assert_same(loaded, model)


def data():
    parts = [batch(0, 1), batch(2, 3), batch(4, 5)]
    x = {name: np.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
    y = np.concatenate([part[1] for part in parts])
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(2).repeat()


def test_a_run_goes_on_between_two_steps(runs, tmp_path, joined):
    options = {"steps": 6, "steps_per_epoch": 3, "run": {"every_steps": 1}}
    model = trained([], adam(3), run_eagerly=False)
    with pytest.raises(runs.Ended):
        runs.fit(tmp_path, model, data(), callbacks=[runs.At(3, runs.end)], **options)
    assert state_variables(model)[-1] is accumulated_in(model).count
    model = trained([], adam(3), run_eagerly=False)
    runs.fit(tmp_path, model, data(), **options)
    assert_same(model, joined)
