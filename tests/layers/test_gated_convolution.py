from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.layers import GatedConvolution
from kseq2seq.layers.gated_convolution import ROOT_HALF

RNG = np.random.default_rng(0)


def spread(layer):
    for weight in layer.weights:
        weight.assign(RNG.normal(size=weight.shape))
    return layer


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_equation(lab, width):
    """Dauphin et al. 2017, equation 1: (X * W + b) gated by sigma(X * V + c), a place at a time."""
    layer = spread(GatedConvolution(dim=3, width=width))
    x = RNG.normal(size=(2, 6, 3)).astype("float32")
    (kernel, bias) = (lab.weights(layer.convolution)[name] for name in ("kernel", "bias"))
    made = np.array(layer(x))
    assert made.shape == (2, 7 - width, 3)
    for b in range(2):
        for t in range(7 - width):
            z = bias + sum(x[b, t + k] @ kernel[k] for k in range(width))
            np.testing.assert_allclose(made[b, t], z[:3] * lab.sigmoid(z[3:]), atol=1e-5)


def test_starts_with_weights_that_keep_the_variance(lab):
    """Gehring et al. 2017, section 3.5 (dropout aside): N(0, sqrt(4 / n)), n inputs an output."""
    weights = lab.weights(GatedConvolution(dim=64, width=3).convolution)
    np.testing.assert_allclose(weights["kernel"].std(), np.sqrt(4 / (3 * 64)), rtol=0.02)
    assert not weights["bias"].any()


def test_half_keeps_the_variance_of_a_sum_of_two():
    assert np.square(ROOT_HALF) == pytest.approx(0.5)
