"""Convolutions over time and features that shorten a sequence, before an encoder reads it."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.layers.adaptable import Conv2D
from kseq2seq.layers.prebuilt import Prebuilt

STRIDES = (1, 2, 4, 8)  # each convolution halves
WIDTH = 3  # of a convolution, in both directions


@keras.saving.register_keras_serializable(package="kseq2seq")
class Subsampling(Prebuilt):
    r"""Makes one position of every `stride` units, by convolutions that halve time and features.

    Each convolution is 3 x 3 of stride 2, with a ReLU. Along time it sees units 2i - 1 to 2i + 1,
    so that position i of the result depends on no unit after its own, i * stride to
    (i + 1) * stride - 1. Padding is seen as zeros at every depth, so no position depends on how
    much there is.

    Args:
        num_features: F, how many a unit has; several axes are flattened.
        stride: 2, 4 or 8.
        channels: of each convolution.

    Attributes:
        output_features: how many a position has: `channels` times :math:`\lceil F / stride
            \rceil`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import Subsampling
        >>> shorten = Subsampling(num_features=40, stride=4, channels=8)
        >>> frames, mask = np.ones((2, 12, 40), "float32"), np.ones((2, 12), bool)
        >>> tuple(shorten(frames, mask).shape)
        (2, 3, 80)

    Source:
        Dong et al. 2018, "Speech-Transformer", section 3.2; Gulati et al. 2020, section 2. There
        convolutions see one unit more; here they look ahead by none.
    """

    def __init__(self, num_features: int, stride: int, channels: int = 32, **kwargs):
        super().__init__(**kwargs)
        self.num_features = num_features
        width, depth, self.convolutions = num_features, 1, []
        with self.parts():
            for index in range(stride.bit_length() - 1):
                convolution = Conv2D(
                    channels,
                    WIDTH,
                    strides=2,
                    activation="relu",
                    kernel_initializer="he_normal",
                    name=f"convolution_{index}",
                )
                convolution.build((None, None, width + 2, depth))
                self.convolutions.append(convolution)
                width, depth = -(-width // 2), channels
        self.output_features = width * depth

    def call(self, features, padding_mask):
        """Maps features (B, S, ...), or (B, S) for one, and a mask (B, S) to (B, S / stride, E)."""
        shape = ops.shape(features)
        x = ops.reshape(features, (shape[0], shape[1], self.num_features, 1))
        x, mask = ops.cast(x, self.compute_dtype), padding_mask
        for convolution in self.convolutions:
            x = x * ops.cast(mask, x.dtype)[:, :, None, None]
            x = convolution(ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))))
            mask = mask[:, ::2]
        return ops.reshape(x, (ops.shape(x)[0], ops.shape(x)[1], self.output_features))
