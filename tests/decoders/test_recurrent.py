from __future__ import annotations

import numpy as np

from kseq2seq.decoders.recurrent import Bridge, maxout


def test_equal_widths_are_handed_over():
    states = [[np.ones((2, 3)), np.zeros((2, 3))]]
    bridge = Bridge(3, 3, num_layers=1, num_states=2)
    assert bridge.weights == []
    for kept, given in zip(bridge(states)[0], states[0], strict=True):
        np.testing.assert_array_equal(np.array(kept), given)


def test_other_widths_go_through_a_tanh_of_their_own(lab):
    rng = np.random.default_rng(0)
    states = [[rng.normal(size=(2, 6)) for _ in range(2)] for _ in range(2)]
    bridge = Bridge(6, 3, num_layers=2, num_states=2)
    assert len(bridge.weights) == 8
    made = bridge(states)
    for layer, projections in enumerate(bridge.projections):
        for state, projection in enumerate(projections):
            w = lab.weights(projection)
            expected = np.tanh(states[layer][state] @ w["kernel"] + w["bias"])
            np.testing.assert_allclose(np.array(made[layer][state]), expected, atol=1e-5)


def test_keeps_the_larger_of_neighbors():
    assert np.array(maxout(np.array([[[1.0, -2.0, -4.0, -3.0]]]))).tolist() == [[[1.0, -3.0]]]


def test_any_number_of_axes():
    x = np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32")
    expected = np.maximum(x[..., 0::2], x[..., 1::2])
    np.testing.assert_array_equal(np.array(maxout(x)), expected)
    np.testing.assert_array_equal(np.array(maxout(x[0])), expected[0])
