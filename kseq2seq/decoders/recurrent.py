"""What all recurrent decoders share: embedded tokens in, a stack of cells, logits out."""

from __future__ import annotations

from typing import Any

import keras

from kseq2seq.decoders.decoder import Decoder, Step
from kseq2seq.layers import RecurrentStack, linear, token_table
from kseq2seq.layers.recurrent_stack import STATES
from kseq2seq.layers.starts import logits_start, table_start


class RecurrentDecoder(Decoder):
    """The base of recurrent decoders.

    A subclass makes its layers in the order in which data passes through them, inside of `parts`:
    `embed`, what it reads of the source, `stack_on`, what it makes of the top layer, `finish`. Its
    state has the states of all layers under "layers".

    Args:
        vocabulary_size: number of target ids.
        cell: "rnn", "lstm" or "gru".
        hidden_dim: width of every layer.
        num_layers: how many.
        dropout: rate on embeddings, between layers and before the output, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.
        hidden_width: width of the vectors that logits are made from.
    """

    def __init__(
        self,
        vocabulary_size: int,
        *,
        cell: str,
        hidden_dim: int,
        num_layers: int,
        dropout: float,
        residual: bool,
        hidden_width: int,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.hidden_width = hidden_width
        self.hidden_dim = hidden_dim
        self.cell = cell
        self.num_layers = num_layers
        self.num_states = STATES[cell]
        self.dropout_rate = dropout
        self.residual = residual

    def embed(self, embedding_dim: int) -> None:
        """Makes the table of target tokens."""
        self.embedding = token_table(self.vocabulary_size, embedding_dim, start=table_start())

    def stack_on(self, width: int) -> None:
        """Makes the recurrent layers, over inputs of a width."""
        self.stack = RecurrentStack(
            self.cell,
            width,
            self.hidden_dim,
            self.num_layers,
            self.dropout_rate,
            self.residual,
            name="stack",
        )

    def finish(self, use_bias: bool = True) -> None:
        """Makes what turns hidden vectors into logits."""
        self.dropout = keras.layers.Dropout(self.dropout_rate)
        self.logits = linear(
            self.hidden_width,
            self.vocabulary_size,
            use_bias=use_bias,
            name="logits",
            start=logits_start(),
        )

    def embedded(self, tokens: Any, training: Any) -> Any:
        """Maps tokens (rows, T) to vectors (rows, T, embedding_dim)."""
        return self.dropout(self.embedding(tokens), training=training)

    def answer(self, hidden: Any, alignment: Any, state: Any, training: Any) -> Step:
        """Returns the step whose hidden vectors (rows, T, hidden_width) are given."""
        logits = self.logits(self.dropout(hidden, training=training))
        return Step(logits, hidden, alignment, state)
