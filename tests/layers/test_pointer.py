from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import TokenCrossEntropy
from kseq2seq.layers import Pointer, coverage_loss

V = 7
IDS = np.array([[4, 5, 4, 0], [6, 3, 4, 5]], "int32")  # 4 twice in the first; 0 can't be copied
RNG = np.random.default_rng(0)


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def inputs(hypotheses=1, steps=2):
    rows = 2 * hypotheses
    logits = RNG.normal(size=(rows, steps, V)).astype("float32")
    features = RNG.normal(size=(rows, steps, 3)).astype("float32")
    alignment = softmax(RNG.normal(size=(rows, steps, 4))).astype("float32")
    return logits, features, alignment


def by_hand(pointer, logits, features, alignment, hypotheses):
    """See et al. 2017, equation 9; what falls on positions that can't be copied is generated."""
    kernel, bias = (np.array(weight, "float64") for weight in pointer.switch.weights)
    p_gen = 1 / (1 + np.exp(-(features @ kernel + bias)))
    copied = np.zeros(logits.shape)
    for row, step, place in np.ndindex(alignment.shape):
        copied[row, step, IDS[row // hypotheses, place]] += alignment[row, step, place]
    nowhere = copied[..., :1].copy()
    copied[..., 0] = 0
    return (p_gen + (1 - p_gen) * nowhere) * softmax(logits) + (1 - p_gen) * copied


@pytest.mark.parametrize("hypotheses", [1, 3])
def test_mixture(hypotheses):
    pointer = Pointer(3)
    given = inputs(hypotheses)
    made = np.array(pointer(*given, IDS))
    np.testing.assert_allclose(np.exp(made), by_hand(pointer, *given, hypotheses), atol=1e-6)
    np.testing.assert_allclose(tf.nn.log_softmax(made), made, atol=1e-6)
    assert made.dtype == "float32"


def test_a_source_with_nothing_to_copy_is_generated_from():
    pointer = Pointer(3)
    logits, features, alignment = inputs()
    made = np.array(pointer(logits, features, alignment, np.zeros_like(IDS)))
    np.testing.assert_allclose(made, tf.nn.log_softmax(logits), atol=1e-6)


@pytest.mark.parametrize("share", [-1e4, 0, 1e4])
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_finite_whatever_the_numbers(share, scale):
    pointer = Pointer(3)
    pointer.switch.bias.assign([share])
    logits, features, alignment = (tf.constant(x) for x in inputs())
    alignment = tf.one_hot([[0, 1], [1, 1]], 4) if scale > 1 else alignment  # as sharp as can be
    loss = TokenCrossEntropy(label_smoothing=0.1)
    with tf.GradientTape() as tape:
        tape.watch([logits, alignment])
        made = pointer(scale * logits, features, alignment, IDS)
        value = loss(np.array([[1, 4], [3, 2]]), made)
    gradients = tape.gradient(value, [logits, alignment, *pointer.trainable_weights])
    np.testing.assert_allclose(np.exp(made).sum(-1), 1, atol=1e-5)
    for x in (made, value, *gradients):
        assert np.isfinite(np.array(x)).all()


def test_gradients_are_those_of_the_mixture():
    """Of the loss with label smoothing, against differences."""
    pointer = Pointer(3)
    logits, features, alignment = (tf.constant(x) for x in inputs())
    loss = TokenCrossEntropy(label_smoothing=0.1)
    labels = np.array([[1, 4], [3, 2]])

    def value(logits, alignment):
        return loss(labels, pointer(logits, features, alignment, IDS))

    for index, x in enumerate((logits, alignment)):
        way = tf.constant(RNG.normal(size=x.shape), "float32")
        given = [logits, alignment]
        with tf.GradientTape() as tape:
            tape.watch(x)
            made = value(logits, alignment)
        slope = float(tf.reduce_sum(tape.gradient(made, x) * way))
        ends = []
        for sign in (1, -1):
            given[index] = x + sign * 3e-3 * way
            ends.append(float(value(*given)))
        assert slope == pytest.approx((ends[0] - ends[1]) / 6e-3, abs=2e-3)


def test_bfloat16_is_computed_in_float32():
    pointer = Pointer(3, dtype="mixed_bfloat16")
    logits, features, alignment = inputs()
    made = pointer(tf.cast(logits, "bfloat16"), tf.cast(features, "bfloat16"), alignment, IDS)
    assert made.dtype == tf.float32
    np.testing.assert_allclose(np.exp(made).sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(
        np.exp(made), by_hand(pointer, logits, features, alignment, 1), atol=0.02
    )


def test_coverage_loss_by_hand():
    alignment = softmax(RNG.normal(size=(2, 3, 4)))
    counts = np.array([[True, True, False], [True, True, True]])
    total = 0.0
    for row, step in zip(*np.nonzero(counts), strict=True):
        before = alignment[row, :step].sum(axis=0)
        total += np.minimum(alignment[row, step], before).sum()
    made = coverage_loss(keras.ops.convert_to_tensor(alignment, "float32"), counts)
    assert float(made) == pytest.approx(total / 5, abs=1e-6)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_repeated_ids_add_up_in_tflite(precision, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    pointer = Pointer(3)
    given = inputs(steps=1)
    module = tf.Module()
    module.weights = [weight.value for weight in pointer.weights]
    names = ("logits", "features", "alignment", "copy_ids")
    named = dict(zip(names, (*given, IDS), strict=True))
    specs = [tf.TensorSpec(x.shape, x.dtype, name=name) for name, x in named.items()]
    mix = tf.function(lambda *x: {"mixed": pointer(*x)}, input_signature=specs)
    tf.saved_model.save(module, str(tmp_path), signatures={"mix": mix.get_concrete_function()})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    if precision == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    interpreter = Interpreter(model_content=converter.convert())
    run = interpreter.get_signature_runner()
    made = run(**named)["mixed"]
    wanted = np.array(pointer(*given, IDS))
    np.testing.assert_allclose(made, wanted, atol=1e-5 if precision == "float32" else 2e-3)
