"""The first GRU encoder-decoder: one vector sums the source up and is seen at every step."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.decoders.decoder import Decoder, Step
from kseq2seq.layers import RecurrentStack, fold, linear, maxout, token_table, unfold
from kseq2seq.layers.starts import logits_start, table_start


@keras.saving.register_keras_serializable(package="kseq2seq")
class ChoDecoder(Decoder):
    r"""A GRU that is given the source's summary at every step and in its output layer.

    .. math::
        c = \tanh(V h_S), \quad h_0 = \tanh(V' c), \quad h_t = \mathrm{GRU}([E y_{t-1}; c], h_{t-1})

        \mathrm{logits} = G\,\mathrm{maxout}(O_h h_t + O_y E y_{t-1} + O_c c)

    Args:
        vocabulary_size: number of target ids.
        embedding_dim: width of the token vectors and of the maxout layer.
        hidden_dim: width of every layer and of the summary c.
        source_dim: width of the encoder's states.
        num_layers: how many layers; each starts from c through a projection of its own.
        dropout: rate on embeddings, between layers and before the output, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.

    Source:
        Cho et al. 2014, section 2.2 and appendix A.1. Biases, absent there, are kept.
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
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.hidden_width = embedding_dim
        with self.parts():
            self.embedding = token_table(vocabulary_size, embedding_dim, start=table_start())
            self.summary = linear(source_dim, hidden_dim, activation="tanh", name="summary")
            self.starts = [
                linear(hidden_dim, hidden_dim, activation="tanh", name=f"start_{index}")
                for index in range(num_layers)
            ]
            width = embedding_dim + hidden_dim
            self.stack = RecurrentStack(
                "gru", width, hidden_dim, num_layers, dropout, residual, name="stack"
            )
            self.readout = linear(hidden_dim + width, 2 * embedding_dim, name="readout")
            self.dropout = keras.layers.Dropout(dropout)
            self.logits = linear(
                embedding_dim, vocabulary_size, name="logits", start=logits_start()
            )

    def initial(self, encoded, length=0):
        """See `Decoder`; the context is the summary c (B, hidden_dim)."""
        summary = self.summary(encoded["states"][-1][0])
        return {"summary": summary}, {"layers": [[start(summary)] for start in self.starts]}

    def call(self, tokens, context, state, position=0, training=None):
        """See `Decoder`."""
        embedded = self.dropout(self.embedding(tokens), training=training)
        summary = context["summary"][:, None, :]
        folded = fold(embedded, ops.shape(summary)[0])
        summary = ops.broadcast_to(
            summary, (ops.shape(folded)[0], ops.shape(folded)[1], summary.shape[-1])
        )
        x = ops.concatenate([embedded, unfold(summary, embedded)], axis=-1)
        outputs, layers = self.stack(x, state["layers"], training=training)
        hidden = maxout(self.readout(ops.concatenate([outputs, x], axis=-1)))
        logits = self.logits(self.dropout(hidden, training=training))
        return Step(logits, hidden, None, {"layers": layers})
