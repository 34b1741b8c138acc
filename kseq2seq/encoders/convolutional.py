"""The convolutional encoder."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.deprecation import renamed
from kseq2seq.encoders.source_table import source_table
from kseq2seq.encoders.spec import SourceSpec, real_positions, sequence_spec
from kseq2seq.layers import GatedConvolution, Prebuilt, TokenEmbedding, linear
from kseq2seq.layers.gated_convolution import DEVIATION, ROOT_HALF


@keras.saving.register_keras_serializable(package="kseq2seq")
class ConvolutionalBlock(Prebuilt):
    """A gated convolution that sees as far to the left as to the right, and a residual."""

    def __init__(self, dim, width, dropout, **kwargs):
        super().__init__(**kwargs)
        with self.parts():
            self.convolution = GatedConvolution(dim, width, name="convolution")
            self.dropout = keras.layers.Dropout(dropout)
        self.left = (width - 1) // 2
        self.right = width - 1 - self.left

    def call(self, x, padding_mask, training=None):
        """Maps x (B, S, dim) to the same; padding is seen as zeros."""
        real = ops.cast(padding_mask, x.dtype)[..., None]
        below = self.dropout(x, training=training) * real
        below = ops.pad(below, ((0, 0), (self.left, self.right), (0, 0)))
        return (self.convolution(below) + x) * ROOT_HALF


@keras.saving.register_keras_serializable(package="kseq2seq")
class WithEmbeddings(keras.layers.Layer):
    """Joins the outputs of convolutions and the embedded tokens: `(z + e) sqrt(1/2)`."""

    def call(self, z, embedded):
        """Maps two (B, S, E) to one."""
        return (z + embedded) * ROOT_HALF


@renamed(positions="position_scheme")
def convolutional_encoder(
    source: SourceSpec | int,
    *,
    embedding_dim: int,
    hidden_dim: int,
    num_layers: int,
    kernel_size: int,
    position_scheme: str,
    max_positions: int,
    dropout: float,
) -> keras.Model:
    """Builds a stack of gated convolutions over embedded tokens, or over features.

    Args:
        source: a sequence of ids or of features; or a number of ids.
        embedding_dim: width of the token vectors, or of what features are projected to, and of
            the outputs.
        hidden_dim: width of the convolutions.
        num_layers: how many.
        kernel_size: positions each convolution sees.
        position_scheme: "learned" or "sinusoidal".
        max_positions: the longest source that learned positions reach.
        dropout: rate on embeddings and on the input of every convolution, in [0, 1).

    Returns:
        A functional model {"source" (B, S, ...), "source_mask" (B, S)} -> {"outputs" (B, S, E),
        "keys" (B, S, E), "mask" (B, S)}: attention scores the keys z and mixes the outputs z + e.

    Example:
        >>> from kseq2seq.encoders import convolutional_encoder
        >>> encoder = convolutional_encoder(
        ...     50,
        ...     embedding_dim=4,
        ...     hidden_dim=8,
        ...     num_layers=2,
        ...     kernel_size=3,
        ...     position_scheme="learned",
        ...     max_positions=64,
        ...     dropout=0.1,
        ... )
        >>> encoder.output["outputs"].shape
        (None, None, 4)

    Source:
        Gehring et al. 2017, "Convolutional Sequence to Sequence Learning", sections 3.1 to 3.3; and
        3.5, by which embeddings start from N(0, 0.1).
        The gradients of the encoder are not scaled by the number of attentions.
    """
    spec = sequence_spec(source, "a convolutional model")
    inputs = spec.symbolic()
    mask = real_positions(inputs)
    with keras.name_scope("encoder"):
        table = source_table(spec, embedding_dim)
        reach = (position_scheme, max_positions)
        embed = TokenEmbedding(table, embedding_dim, *reach, dropout, DEVIATION, name="embedding")
        embedded = embed(inputs["source"])
        x = linear(embedding_dim, hidden_dim, name="enter")(embedded)
        for index in range(num_layers):
            x = ConvolutionalBlock(hidden_dim, kernel_size, dropout, name=f"block_{index}")(x, mask)
        keys = linear(hidden_dim, embedding_dim, name="leave")(x)
        outputs = WithEmbeddings(name="outputs")(keys, embedded)
    encoded = {"outputs": outputs, "keys": keys, "mask": mask}
    return keras.Model(inputs, encoded, name="encoder")
