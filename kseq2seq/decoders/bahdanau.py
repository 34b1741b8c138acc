"""The first attention: the decoder looks at the source before it updates its state."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.decoders.attentive import AttentiveDecoder
from kseq2seq.decoders.recurrent import maxout, recur_and_align
from kseq2seq.layers import linear


@keras.saving.register_keras_serializable(package="kseq2seq")
class BahdanauDecoder(AttentiveDecoder):
    r"""A GRU, or another cell, that looks at the source from its previous state.

    .. math::
        c_t = \sum_j \alpha_{tj} h_j, \quad
        \alpha_t = \mathrm{softmax}_j\, v^\top \tanh(W s_{t-1} + U h_j)

        s_t = \mathrm{GRU}([E y_{t-1}; c_t], s_{t-1}), \quad
        \mathrm{logits} = W_o\,\mathrm{maxout}(U_o s_t + V_o E y_{t-1} + C_o c_t)

    Args:
        vocabulary_size: number of target ids.
        cell: "gru", as in the paper, or "lstm" or "rnn".
        embedding_dim: width of the token vectors and of the output layer.
        hidden_dim: width of every layer and of the scores.
        source_dim: width of the encoder's outputs.
        num_layers: how many layers; the top one's state is the query.
        dropout: rate on embeddings, between layers and before the output, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.
        maxout: the readout keeps the larger of each pair of features; else it is a tanh.
        start_dim: width of the encoder's "start".
        copy: mix words of the source into the distribution of the next word.
        coverage: weight of the coverage loss; 0 for no coverage.

    Source:
        Bahdanau et al. 2015, section 3 and appendix A.2. The state starts from the backward
        encoder's state at the first word (A.2.2). The readout reads s_t, as equation 4 says,
        not s_{t-1}, as the appendix does. Each state of an LSTM starts through a map of its own;
        its output, not its cell, is the query. Biases, absent there, are kept.
    """

    def __init__(self, vocabulary_size, *, cell="gru", maxout, start_dim, **kwargs):
        super().__init__(vocabulary_size, cell=cell, **kwargs)
        self.maxout = maxout
        hidden_dim, embedding_dim = self.hidden_dim, self.embedding_dim
        width = embedding_dim + self.source_dim
        with self.parts():
            self.embed()
            self.starts = [
                linear(start_dim, hidden_dim, activation="tanh", name=f"start_{index}")
                for index in range(self.num_layers * self.num_states)
            ]
            self.make_attention("additive")
            self.stack_on(width)
            readout_dim = 2 * embedding_dim if maxout else embedding_dim
            self.readout = linear(hidden_dim + width, readout_dim, name="readout")
            self.finish(embedding_dim)
            self.make_pointer(hidden_dim + width)

    def initial(self, encoded, length=0):
        """See `Decoder`; the context is the source's outputs, their projections and mask."""
        states = [start(encoded["start"]) for start in self.starts]
        each = self.num_states  # of a layer, side by side
        layers = [states[i : i + each] for i in range(0, len(states), each)]
        return self.of_source(encoded), {"layers": layers, **self.first_coverage(encoded)}

    def call(self, tokens, context, state, position=0, training=None):
        """See `Decoder`."""
        context, state = self.cast(context, state)
        embedded = self.embedded(tokens, training)  # (rows, T, E)

        # 1. Steps, each of which looks from the last state, then updates it: token (rows, E).
        def step(token, state):
            query = state["layers"][-1][0]
            mixed, alignment = self.attention(query, context, state.get("coverage"))
            x = ops.concatenate([token, mixed], axis=-1)
            output, layers = self.stack.step(x, state["layers"], training=training)
            after = {"layers": layers, **self.next_coverage(state, alignment)}
            return [output, x], alignment, after

        # 2. The readout of all steps at once, from [s_t; E y_{t-1}; c_t].
        width = self.hidden_dim + self.embedding_dim + self.source_dim
        features, alignment, state = recur_and_align(step, embedded, state, width)
        readout = self.readout(features)
        hidden = maxout(readout) if self.maxout else ops.tanh(readout)
        # 3. Logits, or the mixture with copies.
        answer = self.answer(hidden, alignment, state, training)
        return self.with_copies(answer, [features], context)
