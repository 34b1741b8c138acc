import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.training import RDrop, TokenCrossEntropy, r_drop

LABELS = np.array([[5, 3, 2, 0], [4, 2, 0, 0]])
LOGITS = np.random.default_rng(1).normal(size=(2, 2, 4, 7)).astype("float32")


def by_definition(alpha, smoothing, logits=LOGITS, weights=(1, 1)):
    """Liang et al. 2021, equations 2 to 4, halved, token by token."""
    total = count = 0.0
    for b, t in zip(*np.nonzero(LABELS), strict=True):
        one, two = (np.exp(x) / np.exp(x).sum() for x in logits[b, :, t].astype("float64"))
        wanted = np.full(7, smoothing / 7)
        wanted[LABELS[b, t]] += 1 - smoothing
        likelihood = -(wanted * np.log(one)).sum() - (wanted * np.log(two)).sum()
        divergence = (one * np.log(one / two)).sum() / 2 + (two * np.log(two / one)).sum() / 2
        total += weights[b] * (likelihood + alpha * divergence) / 2
        count += weights[b]
    return total / count


@pytest.mark.parametrize(("alpha", "smoothing"), [(5.0, 0.0), (1.0, 0.1), (0.0, 0.1)])
def test_equals_the_definition(alpha, smoothing):
    loss = RDrop(alpha, smoothing)
    assert float(loss(LABELS, LOGITS)) == pytest.approx(by_definition(alpha, smoothing), rel=1e-5)
    weighted = by_definition(alpha, smoothing, weights=(0.5, 2))
    assert float(loss(LABELS, LOGITS, np.array([0.5, 2]))) == pytest.approx(weighted, rel=1e-5)


def test_passes_that_agree_cost_what_one_does():
    same = np.repeat(LOGITS[:, :1], 2, axis=1)
    one = float(TokenCrossEntropy(0.1)(LABELS, same[:, 0]))
    assert float(RDrop(9.0, 0.1)(LABELS, same)) == pytest.approx(one, rel=1e-5)


def test_padding_has_no_gradient():
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        value = RDrop()(LABELS, logits)
    gradient = tape.gradient(value, logits).numpy().transpose(0, 2, 1, 3)
    assert (gradient[LABELS == 0] == 0).all()
    assert (np.abs(gradient[LABELS != 0]).sum(-1) > 0).all()


def test_bfloat16_logits_and_extreme_ones_are_finite():
    coarse = tf.cast(LOGITS, tf.bfloat16)
    exact = by_definition(5.0, 0.0, coarse.numpy().astype("float32"))
    assert float(RDrop()(LABELS, coarse)) == pytest.approx(exact, rel=1e-5)
    assert np.isfinite(float(RDrop()(LABELS, 1000 * LOGITS)))


def test_serializes():
    loss = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(RDrop(2.0, 0.2, padding=6))
    )
    assert (loss.alpha, loss.label_smoothing, loss.padding) == (2.0, 0.2, 6)


def test_refuses():
    with pytest.raises(ValueError, match=r"`alpha` must be at least 0.*-1"):
        RDrop(-1)
    with pytest.raises(ValueError, match="`label_smoothing`"):
        RDrop(label_smoothing=1.0)


@pytest.mark.parametrize("name", ["lstm", "decoder_only"])
def test_runs_each_example_twice(lab, name):
    model = lab.make(name, dropout=0.3)
    inputs = {**lab.source, "target": np.array([[1, 4], [1, 6], [1, 0]])}
    view, plain = r_drop(model), np.array(model(inputs))
    certain = np.array(view(inputs))
    assert certain.shape == (3, 2, 2, 7)
    for index in range(2):
        np.testing.assert_allclose(certain[:, index], plain, atol=1e-5)
    drawn = np.array(view(inputs, training=True))
    assert np.abs(drawn[:, 0] - drawn[:, 1]).max(axis=(1, 2)).min() > 1e-3
