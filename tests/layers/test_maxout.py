from __future__ import annotations

import numpy as np

from kseq2seq.layers import maxout


def test_keeps_the_larger_of_neighbours():
    assert np.array(maxout(np.array([[[1.0, -2.0, -4.0, -3.0]]]))).tolist() == [[[1.0, -3.0]]]


def test_any_number_of_axes():
    x = np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32")
    expected = np.maximum(x[..., 0::2], x[..., 1::2])
    np.testing.assert_array_equal(np.array(maxout(x)), expected)
    np.testing.assert_array_equal(np.array(maxout(x[0])), expected[0])
