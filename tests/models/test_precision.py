from __future__ import annotations

import keras
import numpy as np
import pytest

from kseq2seq import Beam, Greedy, TokenCrossEntropy, decode

NAMES = [
    "lstm",
    "gru-deep",
    "bahdanau",
    "luong",
    "luong-concat",
    "transformer",
    "transformer-post",
    "transformer-rotary",
    "transformer-shaw",
    "transformer-chunked",
    "rnn",
    "convolutional",
    "decoder_only",
    "decoder_only-t5",
    "hybrid-transformer-luong",
]
TARGETS = np.array([[1, 3, 4], [1, 6, 6], [1, 4, 3]], "int32")


class Watched(Greedy):
    """Greedy search that insists on float32."""

    def advance(self, made, live, state, problem):
        assert keras.backend.standardize_dtype(made.log_probs.dtype) == "float32"
        return super().advance(made, live, state, problem)


@pytest.fixture(scope="module", params=NAMES)
def mixed(request, lab):
    return lab.make(request.param, dtype="mixed_bfloat16")


def dtypes(state):
    return {keras.backend.standardize_dtype(leaf.dtype) for leaf in keras.tree.flatten(state)}


def test_state_keeps_the_compute_dtype(lab, mixed):
    context, state = mixed.decoder.initial(mixed.encoder(lab.source), 4)
    assert dtypes(state) == {"bfloat16"}
    for t in range(2):
        step = mixed.decoder(TARGETS[:, t : t + 1], context, state, position=t)
        state = step.state
        assert dtypes(state) == {"bfloat16"}
    step = mixed.decoder(TARGETS, context, state)
    assert dtypes(step.state) == {"bfloat16"}
    if step.alignment is not None:
        assert dtypes(step.alignment) == {"float32"}
        np.testing.assert_allclose(np.array(step.alignment).sum(-1), 1, atol=1e-5)


def test_weights_stay_float32(mixed):
    assert {weight.dtype for weight in mixed.weights} == {"float32"}


def test_scores_are_float32(lab, mixed):
    for search in (Watched(), Beam(3)):
        found = lab.searched(mixed, lab.source, search, 5)
        assert found.scores.dtype == np.float32
        assert np.isfinite(found.scores).all()


def test_logits_are_near_those_of_float32(lab, mixed):
    config = {**mixed.get_config(), "dtype": "float32"}
    exact = type(mixed).from_config(config)
    exact.set_weights(mixed.get_weights())
    inputs = {**lab.source, "target": TARGETS}
    made, expected = (lab.numpy(keras.ops.cast(m(inputs), "float32")) for m in (mixed, exact))
    scale = np.abs(expected).max()
    assert np.abs(made - expected).max() < 0.08 * scale + 0.08


@pytest.mark.parametrize("name", ["luong", "transformer"])
def test_decodes_in_a_graph_and_under_xla(lab, name):
    model = lab.make(name, dtype="mixed_bfloat16")
    for search, jit_compile in ((Greedy(), False), (Beam(2), True)):
        found = decode(model, lab.source, search, max_length=5, jit_compile=jit_compile)
        assert np.isfinite(np.array(found.scores)).all()
        assert np.array(found.lengths).min() >= 1


@pytest.mark.parametrize("name", ["bahdanau", "luong", "transformer"])
def test_trains(lab, name):
    import tensorflow as tf

    model = lab.make(name, dtype="mixed_bfloat16", dropout=0.1)
    with tf.GradientTape() as tape:
        logits = model({**lab.source, "target": TARGETS}, training=True)
        loss = tf.reduce_mean(tf.cast(logits, "float32") ** 2)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(tf.convert_to_tensor(gradient).numpy()).all(), weight.path


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["gru-deep", "luong", "rnn"])
def test_weights_may_be_of_low_precision_themselves(lab, name, dtype):
    model = lab.make(name, dtype=dtype)
    assert {weight.dtype for weight in model.weights} == {dtype}
    model.compile("sgd", TokenCrossEntropy(), run_eagerly=True)
    assert np.isfinite(model.train_on_batch({**lab.source, "target": TARGETS}, TARGETS))
    assert np.isfinite(lab.searched(model, lab.source, Greedy(), 4).scores).all()
