"""The first attention: where to look is decided before the state is updated."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.decoders.decoder import Decoder, Step
from kseq2seq.layers import Attention, RecurrentStack, linear, maxout, recur, token_table
from kseq2seq.layers.starts import logits_start, table_start


@keras.saving.register_keras_serializable(package="kseq2seq")
class BahdanauDecoder(Decoder):
    r"""A GRU that looks at the source from its previous state.

    .. math::
        c_t = \sum_j \alpha_{tj} h_j, \quad
        \alpha_t = \mathrm{softmax}_j\, v^\top \tanh(W s_{t-1} + U h_j)

        s_t = \mathrm{GRU}([E y_{t-1}; c_t], s_{t-1}), \quad
        \mathrm{logits} = W_o\,\mathrm{maxout}(U_o s_t + V_o E y_{t-1} + C_o c_t)

    Args:
        vocabulary_size: number of target ids.
        embedding_dim: width of the token vectors and of the output layer.
        hidden_dim: width of every layer and of the scores.
        source_dim: width of the encoder's outputs.
        num_layers: how many layers; the top one's state is the query.
        dropout: rate on embeddings, between layers and before the output, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.
        maxout: the readout keeps the larger of each pair of features, else it is a tanh.
        start_dim: width of the encoder's "start".

    Source:
        Bahdanau et al. 2015, section 3 and appendix A.2. The state starts from the backward
        encoder's state at the first word (A.2.2). The readout is given s_t, as equation 4 says,
        not s_{t-1}, as the appendix does. Biases, absent there, are kept.
    """

    def __init__(
        self,
        vocabulary_size,
        *,
        embedding_dim,
        hidden_dim,
        source_dim,
        num_layers,
        dropout,
        residual,
        maxout,
        start_dim,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.hidden_width = embedding_dim
        self.maxout = maxout
        with self.parts():
            self.embedding = token_table(vocabulary_size, embedding_dim, start=table_start())
            self.starts = [
                linear(start_dim, hidden_dim, activation="tanh", name=f"start_{index}")
                for index in range(num_layers)
            ]
            self.attention = Attention(
                "additive", hidden_dim, source_dim, hidden_dim, name="attention"
            )
            width = embedding_dim + source_dim
            self.stack = RecurrentStack(
                "gru", width, hidden_dim, num_layers, dropout, residual, name="stack"
            )
            readout_dim = 2 * embedding_dim if maxout else embedding_dim
            self.readout = linear(hidden_dim + width, readout_dim, name="readout")
            self.dropout = keras.layers.Dropout(dropout)
            self.logits = linear(
                embedding_dim, vocabulary_size, name="logits", start=logits_start()
            )

    def initial(self, encoded, length=0):
        """See `Decoder`; the context is the source's outputs, their projections and mask."""
        begin = encoded["start"]
        context = self.attention.context(encoded["outputs"], encoded["mask"])
        return context, {"layers": [[start(begin)] for start in self.starts]}

    def call(self, tokens, context, state, position=0, training=None):
        """See `Decoder`."""
        embedded = self.dropout(self.embedding(tokens), training=training)

        def step(token, layers):
            mixed, alignment = self.attention(layers[-1][-1], context)
            x = ops.concatenate([token, mixed], axis=-1)
            output, layers = self.stack.step(x, layers, training=training)
            alignment = ops.cast(alignment, output.dtype)
            return ops.concatenate([output, x, alignment], axis=-1), layers

        outputs, layers = recur(step, embedded, state["layers"])
        features = outputs[..., : self.readout.kernel.shape[0]]
        alignment = ops.cast(outputs[..., self.readout.kernel.shape[0] :], "float32")
        readout = self.readout(features)
        hidden = maxout(readout) if self.maxout else ops.tanh(readout)
        logits = self.logits(self.dropout(hidden, training=training))
        return Step(logits, hidden, alignment, {"layers": layers})
