from __future__ import annotations

import math

import numpy as np
import pytest

from kseq2seq.layers import FeedForward

RNG = np.random.default_rng(0)


def spread(layer):
    for weight in layer.weights:
        weight.assign(RNG.normal(size=weight.shape))
    return layer


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("relu", lambda x: np.maximum(x, 0)),
        ("gelu", lambda x: x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))),
    ],
)
def test_two_maps_with_a_function_between(lab, activation, function):
    layer = spread(FeedForward(4, 6, activation))
    x = RNG.normal(size=(2, 3, 4)).astype("float32")
    inner, outer = lab.weights(layer.inner), lab.weights(layer.outer)
    expected = function(x @ inner["kernel"] + inner["bias"]) @ outer["kernel"] + outer["bias"]
    np.testing.assert_allclose(np.array(layer(x)), expected, rtol=1e-3, atol=1e-3)


def test_swiglu(lab):
    layer = spread(FeedForward(4, 6, "swiglu"))
    assert [tuple(weight.shape) for weight in layer.weights] == [(4, 12), (6, 4)]
    x = RNG.normal(size=(2, 3, 4)).astype("float32")
    w, v = np.split(lab.weights(layer.inner)["kernel"], 2, axis=1)
    swish = (x @ w) * lab.sigmoid(x @ w)
    expected = (swish * (x @ v)) @ lab.weights(layer.outer)["kernel"]
    np.testing.assert_allclose(np.array(layer(x)), expected, rtol=1e-4, atol=1e-4)
