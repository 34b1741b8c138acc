"""Convolutions that make one position of several columns of a picture, for any height."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.encoders.recurrent import recurrent_layers
from kseq2seq.encoders.spec import SourceSpec, real_positions
from kseq2seq.layers import linear, normalization
from kseq2seq.layers.prebuilt import Prebuilt

STRIDES = (1, 2, 4, 8)
LEAST_HEIGHT = 8
LEAST_DEVIATION = 0.03  # of pixels from 0 to 1; less is noise on empty paper


@keras.saving.register_keras_serializable(package="kseq2seq")
class Contrast(keras.layers.Layer):
    r"""Gives each picture the mean 0 and the deviation 1, with its ink above its paper.

    :math:`z = \pm (x - \mu) / \max(\sigma, 0.03)`; the sign is that of the third moment, since ink
    covers less than paper. So neither colors, nor contrast, nor light on dark make a difference.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.encoders.columns import Contrast
        >>> dark, light = np.eye(4, dtype="float32")[None], 1 - np.eye(4, dtype="float32")[None]
        >>> real = np.ones((1, 4), bool)
        >>> bool(np.allclose(Contrast()(dark, real), Contrast()(light, real), atol=1e-5))
        True
    """

    supports_masking = True  # masks are arguments; without this Keras warns

    def call(self, pixels, padding_mask):
        """Maps pixels (B, S, ...) and mask bool (B, S) to the same shape; padding is 0."""
        shape = ops.shape(pixels)
        flat = ops.reshape(ops.cast(pixels, "float32"), (shape[0], shape[1], -1))  # (B, S, P)
        real = ops.cast(padding_mask, "float32")[:, :, None]
        columns = ops.maximum(ops.sum(real, axis=(1, 2), keepdims=True), 1)

        def mean(x):
            return ops.sum(ops.mean(x, axis=2, keepdims=True), axis=1, keepdims=True) / columns

        apart = (flat - mean(flat * real)) * real
        scaled = apart / ops.maximum(ops.sqrt(mean(apart * apart)), LEAST_DEVIATION)
        scaled = ops.where(mean(scaled * scaled * scaled) < 0, -scaled, scaled)
        return ops.cast(ops.reshape(scaled, shape), self.compute_dtype)


@keras.saving.register_keras_serializable(package="kseq2seq")
class MaskedConvolution(Prebuilt):
    """A 3 x 3 convolution over columns and rows that sees nothing beyond the end of a picture.

    `mask * relu(norm(conv(mask * x)))`, plus x with `residual`. The normalization is that of the
    channels of one pixel: statistics over a batch or a picture would depend on the padding.

    Args:
        input_dim: channels of the input.
        dim: channels of the output.
        strides: of columns and of rows; the columns must be a multiple of the first.
        residual: add the input, which then has the same shape.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.encoders.columns import MaskedConvolution
        >>> layer = MaskedConvolution(1, 6, strides=(2, 2))
        >>> real = np.array([[True, True, False]])  # of positions after the stride
        >>> tuple(layer(np.ones((1, 6, 8, 1), "float32"), real).shape)
        (1, 3, 4, 6)
    """

    def __init__(
        self,
        input_dim: int,
        dim: int,
        strides: tuple[int, int] = (1, 1),
        residual: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.residual = residual
        with self.parts():
            self.convolution = keras.layers.Conv2D(
                dim,
                3,
                tuple(strides),
                "same",
                use_bias=False,  # the normalization has one
                kernel_initializer="he_normal",
                name="convolution",
            )
            self.convolution.build((None, None, None, input_dim))
            self.norm = normalization(dim, name="norm")

    def call(self, x, padding_mask):
        """Maps x (B, S, H, input_dim), 0 at padding, to (B, S / stride, H / stride, dim).

        Args:
            x: pixels, or the outputs of the layer below.
            padding_mask: bool (B, S / stride), True = real, of the outputs.
        """
        real = ops.cast(padding_mask, x.dtype)[:, :, None, None]
        made = ops.relu(self.norm(self.convolution(x))) * ops.cast(real, x.dtype)
        return made + x if self.residual else made


@keras.saving.register_keras_serializable(package="kseq2seq")
class ColumnReader(Prebuilt):
    """Convolutions from the pixels of columns to one vector for each `stride` of them.

    Each of four stages halves the height; as many of the first halve the width as `stride` needs.
    What is left of the height becomes part of the vector.

    Args:
        height: H, of the picture, in pixels.
        pixel_dim: numbers of a pixel: 1 if gray.
        channels: C, of the first stage; the others have 2 C, 4 C and 4 C.
        dim: D, of the vectors.
        stride: columns for each vector: 1, 2, 4 or 8.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.encoders.columns import ColumnReader
        >>> reader = ColumnReader(height=32, pixel_dim=1, channels=4, dim=8, stride=4)
        >>> pixels, real = np.ones((1, 12, 32), "float32"), np.ones((1, 12), bool)
        >>> tuple(reader(pixels, real).shape)
        (1, 3, 8)
    """

    def __init__(
        self, height: int, pixel_dim: int, channels: int, dim: int, stride: int, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.height, self.pixel_dim, self.stride = height, pixel_dim, stride
        self.steps: list[int] = []  # columns of the picture for each position, by layer
        with self.parts():
            self.convolutions: list[MaskedConvolution] = []
            below, step = pixel_dim, 1
            for stage, factor in enumerate((1, 2, 4, 4)):
                above, by = factor * channels, 2 if 2**stage < stride else 1
                step, height = step * by, -(-height // 2)
                name = f"stage_{stage}"
                self._add(MaskedConvolution(below, above, (by, 2), name=name), step)
                if stage:
                    again = MaskedConvolution(above, above, residual=True, name=f"{name}_again")
                    self._add(again, step)
                below = above
            self.dense = linear(height * below, dim, name="dense")
        self.flat = height * below

    def _add(self, layer: MaskedConvolution, step: int) -> None:
        self.convolutions.append(layer)
        self.steps.append(step)

    def call(self, pixels, padding_mask):
        """Maps pixels (B, S, H) or (B, S, H, P) and mask bool (B, S) to (B, S / stride, D).

        S is a multiple of the stride. Vectors of padding are not zero.
        """
        shape = ops.shape(pixels)
        x = ops.reshape(pixels, (shape[0], shape[1], self.height, self.pixel_dim))
        real = ops.cast(padding_mask, self.compute_dtype)[:, :, None, None]
        x = ops.cast(x, self.compute_dtype) * real
        for layer, step in zip(self.convolutions, self.steps, strict=True):
            x = layer(x, padding_mask[:, ::step])
        positions = ops.shape(x)[1]
        return self.dense(ops.reshape(x, (shape[0], positions, self.flat)))


def column_encoder(
    source: SourceSpec,
    *,
    channels: int,
    hidden_dim: int,
    num_layers: int,
    cell: str,
    stride: int,
    dropout: float = 0.0,
) -> keras.Model:
    """Builds convolutions over the columns of a picture, and bidirectional layers on top of them.

    Args:
        source: "source" (None, H) or (None, H, P), the columns of a picture of the height H from
            left to right, and "source_mask" (None,).
        channels: of the first stage of convolutions; see `ColumnReader`.
        hidden_dim: width of each direction.
        num_layers: recurrent layers, at least 1.
        cell: "lstm", "gru" or "rnn".
        stride: columns for each position.
        dropout: rate on the input of each recurrent layer, in [0, 1).

    Returns:
        A functional model of these inputs -> {"outputs" (B, S / stride, 2 * hidden_dim), "mask"
        (B, S / stride), "states", "start"}, as `recurrent_encoder` gives them.

    Raises:
        ValueError: the source is no such picture.

    Example:
        >>> from kseq2seq.encoders import SourceSpec, column_encoder
        >>> line = {"source": ((None, 32), "float32"), "source_mask": ((None,), "int32")}
        >>> sizes = {"channels": 4, "hidden_dim": 8, "num_layers": 1, "cell": "lstm", "stride": 4}
        >>> column_encoder(SourceSpec.of(line), **sizes).output["outputs"].shape
        (None, None, 16)

    Source:
        Shi et al. 2015, "An End-to-End Trainable Neural Network for Image-based Sequence
        Recognition", table 1. Strided convolutions with residuals stand in place of convolutions
        and max-pooling, and layer normalization in place of batch normalization, which sees the
        padding.
    """
    shape, dtype = source.inputs["source"]
    if not source.is_sequence or not dtype.startswith("float") or len(shape) not in (2, 3):
        raise ValueError(
            "The encoder of columns reads 'source', float (None, height) or (None, height, "
            f"channels), and 'source_mask' (None,); the source has {source}. Give a source of "
            "that form, for example a LineSource."
        )
    height, pixel_dim = shape[1], (*shape, 1)[2]
    assert height is not None and pixel_dim is not None  # `is_sequence` has seen to it
    if height < LEAST_HEIGHT:
        raise ValueError(
            f"The encoder of columns needs a height of at least {LEAST_HEIGHT}; got {height}."
        )
    inputs = source.symbolic()
    mask = real_positions(inputs)
    with keras.name_scope("encoder"):
        reader = ColumnReader(height, pixel_dim, channels, 2 * hidden_dim, stride, name="columns")
        pixels = Contrast(name="contrast")(inputs["source"], mask)
        x, real = reader(pixels, mask), mask[:, ::stride]
        x, states = recurrent_layers(
            x,
            real,
            cell=cell,
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            bidirectional=True,
            dropout=dropout,
        )
        start = states[-1][0][:, -hidden_dim:]
    encoded = {"outputs": x, "mask": real, "states": states, "start": start}
    return keras.Model(inputs, encoded, name="encoder")
