"""The loss of CTC against the sum over all alignments."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.heads import CtcLoss
from kseq2seq.heads.ctc import certain_blanks
from tests.heads.conftest import labelings

# repeated labels, none, one, as many as fit, and more than fit
LABELS = np.array([[1, 1, 0], [0, 0, 0], [2, 0, 0], [1, 2, 1], [2, 2, 1]], "int32")
REAL = np.array([4, 4, 3, 3, 3])


def padded(rng, places=4, size=3):
    logits = rng.normal(size=(len(REAL), places, size)).astype("float32")
    real = np.arange(places) < REAL[:, None]
    return logits, np.asarray(certain_blanks(tf.constant(logits), real))


def expected(logits):
    wanted = []
    for row, labels, real in zip(logits, LABELS, REAL, strict=True):
        ids = tuple(label for label in labels if label)
        found = labelings(row[:real]).get(ids)
        wanted.append(0.0 if found is None else -found / max(len(ids), 1))
    return np.array(wanted)


@pytest.fixture(scope="module")
def compiled():
    """The losses and their gradient, in a graph, and compiled by XLA."""

    def both(labels, logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            losses = CtcLoss().call(labels, logits)
            total = tf.reduce_sum(losses)
        return losses, tape.gradient(total, logits)

    open_shapes = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None, 3])]
    return {
        False: tf.function(both, input_signature=open_shapes),
        True: tf.function(both, jit_compile=True),
    }


@pytest.mark.parametrize("jit", [False, True])
def test_it_is_the_sum_over_all_alignments(rng, compiled, jit):
    logits, given = padded(rng)
    losses, _ = compiled[jit](LABELS, tf.constant(given))
    np.testing.assert_allclose(losses, expected(logits), rtol=1e-5)


@pytest.mark.parametrize("jit", [False, True])
def test_its_gradient_is_that_of_differences(rng, compiled, jit):
    logits, given = padded(rng)
    _, gradient = compiled[jit](LABELS, tf.constant(given))
    step = 1e-3
    for row, real in enumerate(REAL):
        for place in range(4):
            for label in range(3):
                moved = [logits.copy(), logits.copy()]
                moved[0][row, place, label] += step
                moved[1][row, place, label] -= step
                up, down = (expected(one)[row] for one in moved)
                wanted = (up - down) / (2 * step) if place < real else 0.0
                assert abs(float(gradient[row, place, label]) - wanted) < 1e-3


def test_what_has_no_alignment_neither_counts_nor_spoils_the_batch(rng):
    _, given = padded(rng)
    logits = tf.Variable(given)
    with tf.GradientTape() as tape:
        loss = CtcLoss()(LABELS, logits)
    gradient = np.asarray(tape.gradient(loss, logits))
    assert np.isfinite(gradient).all() and float(loss) > 0
    assert (gradient[4] == 0).all()  # three labels and a repeat in three positions
    assert not (gradient[3] == 0).all()


def test_tokens_weigh_alike_however_a_batch_is_cut(rng):
    _, given = padded(rng)
    loss, weights = CtcLoss(), CtcLoss().weights(tf.constant(LABELS)).numpy()
    assert weights.tolist() == [2, 1, 1, 3, 3]
    parts = [
        (float(loss(LABELS[a:b], given[a:b])), weights[a:b].sum()) for a, b in ((0, 2), (2, 5))
    ]
    whole = sum(mean * weight for mean, weight in parts) / weights.sum()
    np.testing.assert_allclose(float(loss(LABELS, given)), whole, rtol=1e-6)
    only_first = loss(LABELS, given, np.array([1.0, 0, 0, 0, 0]))
    np.testing.assert_allclose(only_first, loss(LABELS[:1], given[:1]), rtol=1e-6)
    of_each = loss(LABELS, given, np.eye(5, dtype="float32")[0][:, None] * np.ones((1, 3)))
    np.testing.assert_allclose(of_each, only_first, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_it_is_computed_in_float32(rng, dtype):
    _, given = padded(rng)
    low = tf.cast(given, dtype)
    made = CtcLoss()(LABELS, low)
    assert made.dtype == tf.float32
    np.testing.assert_allclose(made, CtcLoss()(LABELS, tf.cast(low, "float32")), rtol=1e-6)


def test_more_padding_changes_nothing(rng):
    _, given = padded(rng)
    blanks = np.full((5, 3, 3), -3e4, "float32")
    blanks[..., 0] = 0
    longer = np.concatenate([given, blanks], axis=1)
    more = np.pad(LABELS, ((0, 0), (0, 2)))
    np.testing.assert_array_equal(CtcLoss().call(more, longer), CtcLoss().call(LABELS, given))


def test_the_end_of_a_target_is_no_label(rng):
    logits = tf.constant(rng.normal(size=(2, 4, 5)), tf.float32)
    closed = np.array([[3, 4, 2], [2, 0, 0]])
    bare = np.array([[3, 4, 0], [0, 0, 0]])
    np.testing.assert_array_equal(CtcLoss(end=2).call(closed, logits), CtcLoss().call(bare, logits))


@pytest.mark.parametrize("shape", [(1, 1, 2), (2, 1, 2), (1, 3, 2)])
def test_the_smallest_shapes(rng, shape):
    logits = rng.normal(size=shape).astype("float32")
    labels = np.ones((shape[0], 1), "int32")
    wanted = [-labelings(row)[(1,)] for row in logits]
    np.testing.assert_allclose(CtcLoss().call(labels, logits), wanted, rtol=1e-5)
    none = np.zeros((shape[0], 0), "int32")
    wanted = [-labelings(row)[()] for row in logits]
    np.testing.assert_allclose(CtcLoss().call(none, logits), wanted, rtol=1e-5)


def test_long_rows_stay_finite(rng):
    logits = tf.Variable(30 * rng.normal(size=(1, 600, 4)), dtype=tf.float32)
    labels = rng.integers(1, 4, (1, 200))
    with tf.GradientTape() as tape:
        loss = CtcLoss()(labels, logits)
    gradient = np.asarray(tape.gradient(loss, logits))
    assert np.isfinite(float(loss)) and np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient.sum(axis=-1), 0, atol=1e-4)


def test_it_is_saved_with_its_end():
    config = keras.saving.serialize_keras_object(CtcLoss(end=2))
    assert keras.saving.deserialize_keras_object(config).end == 2
