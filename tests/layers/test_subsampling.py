"""Convolutions that shorten a sequence, against loops, and what they see."""

import numpy as np
import pytest

from kseq2seq.layers import Subsampling

RNG = np.random.default_rng(0)


def by_hand(layer, features):
    """The result for one source without padding, by loops."""
    x = features[:, :, None].astype("float64")
    for convolution in layer.convolutions:
        kernel, bias = (np.asarray(w, "float64") for w in convolution.weights)
        x = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        length, width = (x.shape[0] - 1) // 2, (x.shape[1] - 1) // 2
        made = np.zeros((length, width, kernel.shape[-1]))
        for i in range(length):
            for j in range(width):
                seen = x[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
                made[i, j] = np.einsum("abc,abcd->d", seen, kernel) + bias
        x = np.maximum(made, 0)
    return x.reshape(x.shape[0], -1)


def noisy(layer):
    for weight in layer.weights:
        weight.assign(RNG.normal(scale=0.5, size=weight.shape))
    return layer


@pytest.mark.parametrize(("stride", "features"), [(2, 5), (4, 7), (8, 1)])
def test_it_is_the_convolutions_and_their_padding(stride, features):
    layer = noisy(Subsampling(features, stride, channels=3))
    x = RNG.normal(size=(1, 2 * stride, features)).astype("float32")
    made = np.asarray(layer(x, np.ones((1, 2 * stride), bool)))
    assert made.shape == (1, 2, layer.output_features)
    np.testing.assert_allclose(made[0], by_hand(layer, x[0]), atol=1e-4)


def test_padding_is_seen_at_no_depth_and_no_later_unit_either():
    layer = noisy(Subsampling(4, 4, channels=3))
    x = RNG.normal(size=(2, 12, 4)).astype("float32")
    mask = np.arange(12) < np.array([[12], [6]])
    made = np.asarray(layer(x, mask))
    other = np.asarray(layer(np.where(mask[..., None], x, 9.0), mask))
    np.testing.assert_array_equal(made, other)
    alone = np.asarray(layer(x[1:, :8], mask[1:, :8]))
    np.testing.assert_allclose(made[1, :2], alone[0], atol=1e-6)
    later = x.copy()
    later[:, 8:] += 1
    changed = np.abs(np.asarray(layer(later, mask)) - made).max(axis=-1)
    np.testing.assert_array_equal(changed[0] > 0, [False, False, True])
