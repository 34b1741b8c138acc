"""Conditional random fields against all rows of labels."""

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.heads import CrfLoss
from kseq2seq.heads.crf import best_paths, log_product, stacked
from tests.heads.conftest import rows_of_labels

COUNTS = [4, 1, 2, 0]


def example(rng, size=4, places=4):
    emissions = rng.normal(size=(4, places, size)).astype("float32")
    transitions = (2 * rng.normal(size=(size + 2, size))).astype("float32")
    emissions[..., 0] = -3e4  # padding is no label
    labels = rng.integers(1, size, (4, places)) * (np.arange(places) < np.array(COUNTS)[:, None])
    return emissions, transitions, labels.astype("int32")


def expected(emissions, transitions, labels):
    losses = []
    for one, row, count in zip(emissions.astype("float64"), labels, COUNTS, strict=True):
        if not count:
            losses.append(0.0)
            continue
        scores = rows_of_labels(one, transitions.astype("float64"), count)
        total = np.logaddexp.reduce(list(scores.values()))
        losses.append((total - scores[tuple(row[:count])]) / count)
    return np.array(losses)


@pytest.mark.parametrize("jit", [False, True])
def test_its_loss_is_over_all_rows_and_its_gradient_of_differences(rng, jit):
    emissions, transitions, labels = example(rng)

    @tf.function(jit_compile=jit)
    def both(labels, emissions, transitions):
        with tf.GradientTape() as tape:
            tape.watch((emissions, transitions))
            losses = CrfLoss().call(labels, stacked(emissions, transitions))
            total = tf.reduce_sum(losses)
        return losses, tape.gradient(total, (emissions, transitions))

    losses, gradients = both(labels, tf.constant(emissions), tf.constant(transitions))
    np.testing.assert_allclose(losses, expected(emissions, transitions, labels), rtol=1e-5)
    step, given = 1e-3, [emissions, transitions]
    for which, gradient in enumerate(gradients):
        for place in np.ndindex(given[which].shape):
            if which == 0 and place[-1] == 0:
                continue
            moved = []
            for sign in (1, -1):
                changed = [part.astype("float64") for part in given]
                changed[which][place] += sign * step
                moved.append(expected(*changed, labels).sum())
            wanted = (moved[0] - moved[1]) / (2 * step)
            assert abs(float(gradient[place]) - wanted) < 2e-4, (which, place)


@pytest.mark.parametrize("size", [2, 4])
def test_viterbi_finds_the_best_of_all_rows(rng, size):
    emissions, transitions, _ = example(rng, size)
    real = np.arange(4) < np.array(COUNTS)[:, None]
    paths, scores = best_paths(stacked(emissions, transitions), real)
    for row, count in enumerate(COUNTS):
        if not count:
            assert float(scores[row]) == 0
            continue
        everything = rows_of_labels(emissions[row].astype("float64"), transitions, count)
        best = max(everything, key=everything.get)
        assert tuple(np.asarray(paths)[row, :count]) == best
        total = np.logaddexp.reduce(list(everything.values()))
        assert abs(float(scores[row]) - (everything[best] - total)) < 1e-4


def test_labels_weigh_alike_however_a_batch_is_cut(rng):
    emissions, transitions, labels = example(rng)
    made, loss = np.asarray(stacked(emissions, transitions)), CrfLoss()
    weights = loss.weights(tf.constant(labels)).numpy()
    assert weights.tolist() == COUNTS
    parts = [float(loss(labels[a:b], made[a:b])) * sum(COUNTS[a:b]) for a, b in ((0, 1), (1, 4))]
    np.testing.assert_allclose(float(loss(labels, made)), sum(parts) / sum(COUNTS), rtol=1e-6)


def test_transitions_that_are_forbidden_leave_all_finite(rng):
    emissions, transitions, labels = example(rng)
    transitions[1, 2] = transitions[2, 3] = -1e4
    given = tf.Variable(stacked(emissions, transitions))
    with tf.GradientTape() as tape:
        loss = CrfLoss()(labels, given)
    assert np.isfinite(float(loss))
    assert np.isfinite(np.asarray(tape.gradient(loss, given))).all()


@pytest.mark.parametrize("over", [1, 2])
@pytest.mark.parametrize("scale", [1, 300])  # a sum of exponentials holds all, or holds none
def test_products_of_logs_are_exact_at_any_scale(rng, over, scale):
    matrix, x = scale * rng.normal(size=(2, 5, 5)), scale * rng.normal(size=(2, 5))
    matrix[0, :, 3] = matrix[0, 3] = -1e4
    terms = x[:, :, None] + matrix if over == 1 else x[:, None] + matrix
    made = log_product(tf.constant(matrix, "float32"), over)(tf.constant(x, "float32"))
    np.testing.assert_allclose(made, np.logaddexp.reduce(terms, axis=over), rtol=1e-5, atol=1e-4)


def test_lengths_need_not_be_known_to_a_graph(rng):
    emissions, transitions, labels = example(rng)

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None, 4])]
    )
    def both(labels, made):
        with tf.GradientTape() as tape:
            tape.watch(made)
            losses = CrfLoss().call(labels, made)
        return losses, tape.gradient(losses, made), best_paths(made, labels > 0)[0]

    losses, gradient, paths = both(labels, stacked(emissions, transitions))
    np.testing.assert_allclose(losses, expected(emissions, transitions, labels), rtol=1e-5)
    assert gradient.shape == (4, 10, 4) and paths.shape == (4, 4)


def test_rows_may_all_be_empty(rng):
    made = tf.Variable(stacked(np.zeros((2, 0, 4), "float32"), np.ones((6, 4), "float32")))
    with tf.GradientTape() as tape:
        loss = CrfLoss()(np.zeros((2, 0), "int32"), made)
    assert float(loss) == 0 and (np.asarray(tape.gradient(loss, made)) == 0).all()
    paths, scores = best_paths(made, np.zeros((2, 0), bool))
    assert paths.shape == (2, 0) and scores.numpy().tolist() == [0, 0]
