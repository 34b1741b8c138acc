"""The first GRU encoder-decoder: every step sees one vector that sums up the source."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.decoders.recurrent import RecurrentDecoder, maxout
from kseq2seq.layers import fold, linear, unfold


@keras.saving.register_keras_serializable(package="kseq2seq")
class ChoDecoder(RecurrentDecoder):
    r"""A GRU that reads a summary of the source at every step and in its output layer.

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

    def __init__(self, vocabulary_size, **kwargs):
        super().__init__(vocabulary_size, cell="gru", **kwargs)
        hidden_dim, embedding_dim = self.hidden_dim, self.embedding_dim
        width = embedding_dim + hidden_dim
        with self.parts():
            self.embed()
            self.summary = linear(self.source_dim, hidden_dim, activation="tanh", name="summary")
            self.starts = [
                linear(hidden_dim, hidden_dim, activation="tanh", name=f"start_{index}")
                for index in range(self.num_layers)
            ]
            self.stack_on(width)
            self.readout = linear(hidden_dim + width, 2 * embedding_dim, name="readout")
            self.finish(embedding_dim)

    def initial(self, encoded, length=0):
        """See `Decoder`; the context is the summary c (B, hidden_dim)."""
        summary = self.summary(encoded["states"][-1][0])
        return {"summary": summary}, {"layers": [[start(summary)] for start in self.starts]}

    def call(self, tokens, context, state, position=0, training=None):
        """See `Decoder`."""
        embedded = self.embedded(tokens, training)  # (B * N, T, E)
        # 1. The source's summary beside each token of its hypotheses: (B * N, T, E + hidden_dim).
        summary = context["summary"][:, None, :]
        folded = fold(embedded, ops.shape(summary)[0])  # (B, N * T, E)
        summary = ops.broadcast_to(
            summary, (ops.shape(folded)[0], ops.shape(folded)[1], summary.shape[-1])
        )
        x = ops.concatenate([embedded, unfold(summary, embedded)], axis=-1)
        # 2. The recurrence, and the readout from [h_t; E y_{t-1}; c].
        outputs, layers = self.stack(x, state["layers"], training=training)
        hidden = maxout(self.readout(ops.concatenate([outputs, x], axis=-1)))
        return self.answer(hidden, None, {"layers": layers}, training)
