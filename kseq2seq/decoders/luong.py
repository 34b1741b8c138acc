"""Luong's attention: the decoder updates its state, then looks at the source."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.decoders.attentive import AttentiveDecoder
from kseq2seq.decoders.recurrent import recur_and_align
from kseq2seq.layers import linear
from kseq2seq.layers.recurrent_stack import combine_start


@keras.saving.register_keras_serializable(package="kseq2seq")
class LuongDecoder(AttentiveDecoder):
    r"""An LSTM, or another cell, whose new state looks at the source.

    .. math::
        h_t = \mathrm{LSTM}([E y_{t-1}; \tilde h_{t-1}], h_{t-1}), \quad
        \tilde h_t = \tanh(W_c [c_t; h_t]), \quad \mathrm{logits} = W_s \tilde h_t

    where :math:`c_t` is the mean of the encoder's outputs under the alignment of :math:`h_t`.
    Without input feeding the recurrence does not depend on the attention, which then runs once
    for all steps.

    Args:
        vocabulary_size: number of target ids.
        cell: "lstm", as in the paper, or "gru" or "rnn".
        embedding_dim: width of the token vectors.
        hidden_dim: width of every layer and of the attentional vector.
        source_dim: width of the encoder's outputs and states.
        num_layers: how many layers, as many as the encoder has.
        dropout: rate on embeddings, between layers and before the output, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.
        score: "dot", "general" or "concat".
        input_feeding: give the attentional vector of a step to the next.
        copy: mix words of the source into the distribution of the next word.
        coverage: weight of the coverage loss; 0 for no coverage, which needs `input_feeding` and
            the score "concat".

    Source:
        Luong et al. 2015, sections 3.1 (global attention, equations 5 to 8) and 3.3.
    """

    def __init__(self, vocabulary_size, *, cell="lstm", score, input_feeding, **kwargs):
        super().__init__(vocabulary_size, cell=cell, **kwargs)
        self.input_feeding = input_feeding
        hidden_dim, source_dim = self.hidden_dim, self.source_dim
        with self.parts():
            self.embed()
            self.bridge = self.bridge_to_first_states()
            self.make_attention(score)
            self.stack_on(self.embedding_dim + (hidden_dim if input_feeding else 0))
            self.combine = linear(
                source_dim + hidden_dim,
                hidden_dim,
                use_bias=False,
                activation="tanh",
                name="combine",
                start=combine_start(),
            )
            self.finish(hidden_dim, use_bias=False)
            self.make_pointer(hidden_dim + self.embedding_dim)

    def initial(self, encoded, length=0):
        """See `Decoder`; with input feeding the state holds the last attentional vector."""
        state = {"layers": self.bridge(encoded["states"])}
        if self.input_feeding:
            state["fed"] = ops.zeros_like(state["layers"][-1][0])
        return self.of_source(encoded), {**state, **self.first_coverage(encoded)}

    def call(self, tokens, context, state, position=0, training=None):
        """See `Decoder`."""
        context, state = self.cast(context, state)
        embedded = self.embedded(tokens, training)
        if self.input_feeding:
            hidden, alignment, state = self._feed(embedded, context, state, training)
        else:
            outputs, layers = self.stack(embedded, state["layers"], training=training)
            hidden, alignment = self._look(outputs, context)
            state = {"layers": layers}
        answer = self.answer(hidden, alignment, state, training)
        return self.with_copies(answer, [hidden, embedded], context)

    def _look(self, outputs, context, coverage=None):
        """Returns attentional vectors for h_t (rows, T, hidden_dim), and the alignment."""
        mixed, alignment = self.attention(outputs, context, coverage)
        return self.combine(ops.concatenate([mixed, outputs], axis=-1)), alignment

    def _feed(self, embedded, context, state, training):
        """Runs the steps, each of which is fed the last one's attentional vector."""

        def step(token, state):
            x = ops.concatenate([token, state["fed"]], axis=-1)
            output, layers = self.stack.step(x, state["layers"], training=training)
            fed, alignment = self._look(output, context, state.get("coverage"))
            after = {"layers": layers, "fed": fed, **self.next_coverage(state, alignment)}
            return [fed], alignment, after

        return recur_and_align(step, embedded, state, self.hidden_dim)
