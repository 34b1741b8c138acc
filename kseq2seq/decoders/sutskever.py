"""The plainest encoder-decoder: the decoder starts from the last states of the source."""

from __future__ import annotations

import keras

from kseq2seq.decoders.recurrent import RecurrentDecoder


@keras.saving.register_keras_serializable(package="kseq2seq")
class SutskeverDecoder(RecurrentDecoder):
    r"""A recurrent language model that starts from the encoder's last states.

    .. math:: h_t = \mathrm{RNN}(E y_{t-1}, h_{t-1}), \quad \mathrm{logits} = W h_t + b

    Args:
        vocabulary_size: number of target ids.
        cell: "lstm", as in the paper, or "rnn" or "gru".
        embedding_dim: width of the token vectors.
        hidden_dim: width of every layer.
        source_dim: width of the encoder's states.
        num_layers: how many layers, as many as the encoder has.
        dropout: rate on embeddings, between layers and before the output, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.

    Source:
        Sutskever et al. 2014, section 3.
    """

    def __init__(self, vocabulary_size, *, cell="lstm", **kwargs):
        super().__init__(vocabulary_size, cell=cell, **kwargs)
        with self.parts():
            self.embed()
            self.bridge = self.bridge_to_first_states()
            self.stack_on(self.embedding_dim)
            self.finish(self.hidden_dim)

    def initial(self, encoded, length=0):
        """See `Decoder`; the context is empty."""
        return {}, {"layers": self.bridge(encoded["states"])}

    def call(self, tokens, context, state, position=0, training=None):
        """See `Decoder`."""
        x = self.embedded(tokens, training)
        hidden, layers = self.stack(x, state["layers"], training=training)
        return self.answer(hidden, None, {"layers": layers}, training)
