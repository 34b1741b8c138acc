"""A convolution along time whose output is gated."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.layers.adaptable import Conv1D
from kseq2seq.layers.prebuilt import Prebuilt

ROOT_HALF = 0.5**0.5  # keeps the variance of a sum of two
DEVIATION = 0.1  # of embeddings at the start: the attention of convolutions is not scaled


@keras.saving.register_keras_serializable(package="kseq2seq")
class GatedConvolution(Prebuilt):
    r"""A convolution along time with a gated linear unit: :math:`A \odot \sigma(B)`.

    A and B are the halves of the convolution's output. Nothing is padded: the input must have
    `width - 1` positions of context more, on the side on which they are seen.

    Args:
        dim: width of input and output.
        width: positions that one output is made of; at least 1.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import GatedConvolution
        >>> convolve = GatedConvolution(dim=4, width=3)
        >>> tuple(convolve(np.ones((1, 7, 4), "float32")).shape)
        (1, 5, 4)

    Source:
        Dauphin et al. 2017, "Language Modeling with Gated Convolutional Networks", equation 1.
        Initial weights as in Gehring et al. 2017, section 3.5, without regard to dropout; without
        their weight normalization.
    """

    def __init__(self, dim: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim
        self.width = width
        # sqrt(4 / (width * dim)) keeps the variance of gated outputs that of the inputs.
        normal = keras.initializers.RandomNormal(stddev=(4.0 / (width * dim)) ** 0.5)
        with self.parts():
            self.convolution = Conv1D(2 * dim, width, kernel_initializer=normal, name="convolution")
            self.convolution.build((None, None, dim))

    def call(self, x):
        """Maps (B, T + width - 1, dim) to (B, T, dim)."""
        x = self.convolution(x)
        return x[..., : self.dim] * ops.sigmoid(x[..., self.dim :])
