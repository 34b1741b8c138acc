from __future__ import annotations

import numpy as np

from kseq2seq.layers import linear


def test_linear_has_its_weights_at_once():
    layer = linear(3, 4, activation="tanh", name="here")
    assert layer.name == "here"
    assert [tuple(weight.shape) for weight in layer.weights] == [(3, 4), (4,)]
    assert [tuple(weight.shape) for weight in linear(3, 4, use_bias=False).weights] == [(3, 4)]
    x = np.ones((2, 3), "float32")
    kernel, bias = (np.array(weight) for weight in layer.weights)
    np.testing.assert_allclose(np.array(layer(x)), np.tanh(x @ kernel + bias), atol=1e-6)
