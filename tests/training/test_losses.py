import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import build_model
from kseq2seq.heads import CrfLoss, CtcLoss, Joint, Labels
from kseq2seq.training import TokenCrossEntropy, Weighted, loss_for, metrics_for

LABELS = np.array([[5, 3, 2, 0], [4, 2, 0, 0]])
LOGITS = np.random.default_rng(1).normal(size=(2, 4, 7)).astype("float32")


def by_definition(smoothing):
    """Cross-entropy against explicit smoothed distributions, averaged over real tokens."""
    log_probs = LOGITS - np.log(np.exp(LOGITS).sum(-1, keepdims=True))
    losses = []
    for b, t in zip(*np.nonzero(LABELS), strict=True):
        wanted = np.full(7, smoothing / 7)
        wanted[LABELS[b, t]] += 1 - smoothing
        losses.append(-(wanted * log_probs[b, t]).sum())
    return np.mean(losses)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_equals_the_definition(smoothing):
    loss = TokenCrossEntropy(label_smoothing=smoothing)
    assert float(loss(LABELS, LOGITS)) == pytest.approx(by_definition(smoothing), rel=1e-5)


def test_padding_has_no_gradient():
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        value = TokenCrossEntropy(0.1)(LABELS, logits)
    gradient = tape.gradient(value, logits).numpy()
    assert np.all(gradient[LABELS == 0] == 0)
    assert np.all(np.abs(gradient[LABELS != 0]).sum(-1) > 0)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_is_probability_less_target(smoothing, compiled):
    @tf.function(jit_compile=compiled)
    def gradient(logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = 3 * TokenCrossEntropy(smoothing)(LABELS, logits, np.array([1.0, 0.5]))
        return tape.gradient(value, logits)

    probabilities = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
    wanted = np.eye(7)[LABELS] * (1 - smoothing) + smoothing / 7
    weights = (LABELS != 0) * np.array([[1.0], [0.5]])
    expected = 3 * (probabilities - wanted) * (weights / weights.sum())[..., None]
    made = gradient(tf.constant(LOGITS))
    np.testing.assert_allclose(made, expected, atol=1e-6)
    assert gradient(tf.cast(LOGITS, tf.bfloat16)).dtype == tf.bfloat16


def test_impossible_ids_cost_nothing():
    logits = np.where(np.arange(7) == 6, -np.inf, LOGITS)
    expected = TokenCrossEntropy()(LABELS, LOGITS[..., :6])
    assert float(TokenCrossEntropy()(LABELS, logits)) == pytest.approx(float(expected), rel=1e-6)


def test_bfloat16_logits_are_summed_in_float32():
    coarse = tf.cast(LOGITS, tf.bfloat16)
    loss = TokenCrossEntropy()
    assert loss(LABELS, coarse).dtype == tf.float32
    assert float(loss(LABELS, coarse)) == pytest.approx(
        float(loss(LABELS, tf.cast(coarse, tf.float32))), rel=1e-6
    )


def test_sample_weight_and_all_padding():
    loss = TokenCrossEntropy()
    first = float(loss(LABELS[:1], LOGITS[:1]))
    assert float(loss(LABELS, LOGITS, np.array([1.0, 0.0]))) == pytest.approx(first, rel=1e-5)
    assert float(loss(np.zeros((1, 3), int), LOGITS[:1, :3])) == 0.0


def test_survives_compile_and_serialization():
    loss = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(TokenCrossEntropy(0.2, padding=6))
    )
    assert (loss.label_smoothing, loss.padding) == (0.2, 6)


def test_refuses_smoothing_out_of_range():
    with pytest.raises(ValueError, match=r"\[0, 1\).*1.5"):
        TokenCrossEntropy(label_smoothing=1.5)


@pytest.mark.parametrize("compiled", [False, True])
def test_keras_accumulates_means_of_batches(compiled):
    """A token of a batch with few then weighs more: with 1 and 3 of them, three times as much."""
    model = keras.Sequential([keras.Input((3, 7)), keras.layers.Dense(7, use_bias=False)])
    start = model.get_weights()[0]
    optimizer = keras.optimizers.SGD(0.5, gradient_accumulation_steps=2)
    model.compile(optimizer, TokenCrossEntropy(), jit_compile=compiled)
    inputs = np.random.default_rng(0).normal(size=(2, 3, 7)).astype("float32")
    labels = np.array([[4, 0, 0], [3, 5, 2]])
    model.fit(inputs, labels, batch_size=1, shuffle=False, verbose=0)
    expected = np.zeros((7, 7))
    for x, y in zip(inputs, labels, strict=True):
        logits = x @ start
        apart = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True) - np.eye(7)[y]
        expected += x[y != 0].T @ apart[y != 0] / (y != 0).sum() / 2
    np.testing.assert_allclose(model.get_weights()[0], start - 0.5 * expected, atol=1e-5)


def test_each_head_has_its_loss_and_its_metrics():
    for head, loss, metrics in (
        ("decoder", TokenCrossEntropy, 1),
        ("labels", TokenCrossEntropy, 1),
        (Labels(crf=True), CrfLoss, 1),
        ("label", TokenCrossEntropy, 1),
        ("ctc", CtcLoss, 0),
    ):
        model = build_model("gru", 9, 9, head=head, hidden_dim=4)
        assert type(loss_for(model)) is loss and len(metrics_for(model)) == metrics
        if loss is TokenCrossEntropy:
            assert loss_for(model, 0.1).label_smoothing == 0.1
        else:
            with pytest.raises(ValueError, match="no `label_smoothing`"):
                loss_for(model, 0.1)
    joint = build_model("gru", 9, 9, head=Joint(weight=0.2), hidden_dim=4)
    both = loss_for(joint, 0.1)
    assert both["decoder"].loss.label_smoothing == 0.1 and both["ctc"].loss.end == 2
    assert [both[name].weight for name in ("decoder", "ctc")] == [0.8, 0.2]
    assert list(metrics_for(joint)) == ["decoder", "ctc"]


def test_a_weighted_loss_is_saved_and_counts_as_its_own():
    loss = Weighted(TokenCrossEntropy(0.1), 0.3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    labels, logits = np.array([[3, 2, 0]]), np.random.default_rng(0).normal(size=(1, 3, 5))
    assert float(again(labels, logits)) == float(loss(labels, logits))
    np.testing.assert_allclose(loss(labels, logits), 0.3 * TokenCrossEntropy(0.1)(labels, logits))
    np.testing.assert_array_equal(loss.weights(labels), [[1, 1, 0]])
