"""The convolutional decoder: attention in every layer, and a state of a few steps."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.decoders.decoder import Decoder, Step
from kseq2seq.deprecation import renamed
from kseq2seq.layers import (
    Attention,
    GatedConvolution,
    Prebuilt,
    TokenEmbedding,
    linear,
    output_table,
)
from kseq2seq.layers.gated_convolution import DEVIATION, ROOT_HALF


@keras.saving.register_keras_serializable(package="kseq2seq")
class AttentiveConvolution(Prebuilt):
    r"""A gated convolution over the past, followed by a look at the source.

    .. math::
        h = \mathrm{GLU}(\mathrm{conv}(x)), \quad d = (W_d h + g) \sqrt{1/2}, \quad
        c = \sqrt{m} \sum_j \mathrm{softmax}_j(d^\top z_j) (z_j + e_j) \sqrt{1/2}

        \mathrm{out} = ((h + W_c c) \sqrt{1/2} + x) \sqrt{1/2}

    with g the embedded target and m the number of source tokens.
    """

    def __init__(self, embedding_dim, hidden_dim, width, dropout, **kwargs):
        super().__init__(**kwargs)
        with self.parts():
            self.convolution = GatedConvolution(hidden_dim, width, name="convolution")
            self.dropout = keras.layers.Dropout(dropout)
            self.query = linear(hidden_dim, embedding_dim, name="query")
            self.attention = Attention("dot", embedding_dim, embedding_dim, 0, name="attention")
            self.condition = linear(embedding_dim, hidden_dim, name="condition")

    def call(self, x, before, embedded, context, training=None):
        """Takes T steps.

        Args:
            x: (rows, T, hidden_dim).
            before: (rows, width - 1, hidden_dim), the inputs of the steps before.
            embedded: (rows, T, E), the embedded target.
            context: of the source.
            training: bool.

        Returns:
            (x (rows, T, hidden_dim), the new `before`, alignment (rows, T, S)).
        """
        # 1. Over the past: (rows, width - 1 + T, hidden_dim) -> h (rows, T, hidden_dim).
        inputs = ops.concatenate([before, self.dropout(x, training=training)], axis=1)
        h = self.convolution(inputs)
        # 2. To the source, by queries (rows, T, E).
        query = (self.query(h) + embedded) * ROOT_HALF
        mixed, alignment = self.attention(query, context)
        h = (h + self.condition(mixed)) * ROOT_HALF
        return (h + x) * ROOT_HALF, inputs[:, -before.shape[1] :], alignment


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
class ConvolutionalDecoder(Decoder):
    """Gated convolutions over the target, each followed by attention to the source.

    The state holds the last `kernel_size - 1` inputs of each layer, on which the next output
    depends; it starts as zeros, in training too, which makes the convolutions causal.

    Args:
        vocabulary_size: number of target ids.
        embedding_dim: width of the token vectors, of the encoder's outputs and of attention.
        hidden_dim: width of the convolutions.
        num_layers: how many.
        kernel_size: positions each convolution sees; at least 2.
        position_scheme: "learned" or "sinusoidal".
        max_positions: the longest target that learned positions reach.
        tied: the output layer is the target embedding.
        dropout: rate on embeddings, convolutions' inputs and the last layer, in [0, 1).

    Source:
        Gehring et al. 2017, sections 3.1 to 3.4. The alignment is the layers' mean.
    """

    def __init__(
        self,
        vocabulary_size,
        *,
        embedding_dim,
        hidden_dim,
        num_layers,
        kernel_size,
        position_scheme,
        max_positions,
        tied,
        dropout,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.hidden_width = embedding_dim
        self.hidden_dim = hidden_dim
        self.kernel_size = kernel_size
        with self.parts():
            self.table = output_table(vocabulary_size, embedding_dim, tied=tied)
            reach = (position_scheme, max_positions)
            self.embedding = TokenEmbedding(
                self.table, embedding_dim, *reach, dropout, DEVIATION, name="embedding"
            )
            self.max_positions = self.embedding.max_length
            self.enter = linear(embedding_dim, hidden_dim, name="enter")
            self.blocks = [
                AttentiveConvolution(
                    embedding_dim, hidden_dim, kernel_size, dropout, name=f"block_{index}"
                )
                for index in range(num_layers)
            ]
            self.leave = linear(hidden_dim, embedding_dim, name="leave")
            self.dropout = keras.layers.Dropout(dropout)

    def initial(self, encoded, length=0):
        """See `Decoder`; every layer shares one context."""
        mask = encoded["mask"]
        real = ops.sum(ops.cast(mask, "float32"), axis=1)[:, None, None]
        outputs = encoded["outputs"]
        outputs = outputs * ops.cast(ops.sqrt(real), outputs.dtype)
        context = {"key": encoded["keys"], "value": outputs, "mask": mask}
        shape = (ops.shape(mask)[0], self.kernel_size - 1, self.hidden_dim)
        return context, {"before": [ops.zeros(shape, self.compute_dtype) for _ in self.blocks]}

    def call(self, tokens, context, state, position=0, training=None):
        """See `Decoder`."""
        embedded = self.embedding(tokens, position=position, training=training)
        x = self.enter(embedded)
        last_inputs, alignments = [], []
        for block, before in zip(self.blocks, state["before"], strict=True):
            x, before, alignment = block(x, before, embedded, context, training=training)
            last_inputs.append(before)
            alignments.append(alignment)
        hidden = self.leave(x)
        logits = self.table(self.dropout(hidden, training=training), reverse=True)
        return Step(logits, hidden, sum(alignments) / len(alignments), {"before": last_inputs})
