from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.layers.recurrence import recur, reverse


def running(x, state):
    total = state["total"] + x
    return keras.ops.concatenate([total, x], -1), {"total": total, "steps": state["steps"] + 1}


@pytest.mark.parametrize("length", [1, 2, 5])
def test_recur_is_a_loop(length):
    x = np.random.default_rng(0).normal(size=(2, length, 3)).astype("float32")
    state = {"total": np.ones((2, 3), "float32"), "steps": np.zeros((2, 1), "float32")}
    outputs, last = recur(running, x, state)
    totals = 1 + np.cumsum(x, axis=1)
    np.testing.assert_allclose(np.array(outputs), np.concatenate([totals, x], -1), atol=1e-5)
    np.testing.assert_allclose(np.array(last["total"]), totals[:, -1], atol=1e-5)
    assert np.array(last["steps"]).tolist() == [[length], [length]]


@pytest.mark.parametrize("length", [1, 4])
def test_each_state_keeps_its_dtype(length):
    """A sum in float32 beside inputs in bfloat16, which have 8 bits."""
    x = keras.ops.full((1, length, 1), 0.001, dtype="bfloat16")
    state = {"narrow": x[:, 0] * 0, "wide": keras.ops.ones((1, 1), dtype="float32")}

    def step(x, state):
        assert keras.backend.standardize_dtype(x.dtype) == "bfloat16"
        wide = state["wide"] + keras.ops.cast(x, "float32")
        return wide, {"narrow": state["narrow"] + x, "wide": wide}

    outputs, last = recur(step, x, state, dtype="float32")
    expected = 1 + np.cumsum(np.array(x, "float32")[0, :, 0])
    np.testing.assert_allclose(np.array(outputs)[0, :, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(np.array(last["wide"])[0], expected[-1:], rtol=1e-6)
    dtypes = [keras.backend.standardize_dtype(last[name].dtype) for name in ("narrow", "wide")]
    assert dtypes == ["bfloat16", "float32"]


def test_gradient_flows_through_what_a_step_captures_and_compiles():
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    weight = tf.Variable(0.5)

    @tf.function(jit_compile=True)
    def gradient(x):
        with tf.GradientTape() as tape:
            outputs, _ = recur(lambda x, s: (s * weight + x, s * weight + x), x, x[:, 0] * 0)
            total = tf.reduce_sum(outputs)
        return tape.gradient(total, weight)

    def total(w):
        s, made = np.zeros((2, 3)), 0.0
        for t in range(4):
            s = s * w + x[:, t]
            made += s.sum()
        return made

    expected = (total(0.5 + 1e-4) - total(0.5 - 1e-4)) / 2e-4
    np.testing.assert_allclose(float(gradient(tf.constant(x))), expected, rtol=1e-3)


def test_reverse_leaves_padding_on_the_right():
    x = np.array([[4, 5, 6, 2], [7, 2, 0, 0], [0, 0, 0, 0]])
    made = np.array(reverse(x, x != 0)).tolist()
    assert made == [[2, 6, 5, 4], [2, 7, 0, 0], [0, 0, 0, 0]]
