"""What recurrent decoders share: embedded tokens in, a stack of cells, logits out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kseq2seq.decoders.decoder import Decoder, Step
from kseq2seq.layers import Prebuilt, RecurrentStack, linear, recur, token_table
from kseq2seq.layers.recurrent_stack import STATES, logits_start, table_start


class RecurrentDecoder(Decoder):
    """The base of recurrent decoders.

    A subclass makes its layers inside `parts`, in the order in which data passes through them:
    `embed`, those that read the source, `stack_on`, those above the stack, `finish`. Its state has
    the states of all layers under "layers".

    Args:
        vocabulary_size: number of target ids.
        cell: "rnn", "lstm" or "gru".
        embedding_dim: width of the token vectors.
        hidden_dim: width of every layer.
        source_dim: width of the encoder's outputs or states, whichever is read.
        num_layers: how many.
        dropout: rate on embeddings, between layers and before the output, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.
    """

    def __init__(
        self,
        vocabulary_size: int,
        *,
        cell: str,
        embedding_dim: int,
        hidden_dim: int,
        source_dim: int,
        num_layers: int,
        dropout: float,
        residual: bool,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.cell = cell
        self.num_states = STATES[cell]
        self.embedding_dim = embedding_dim
        self.hidden_dim = hidden_dim
        self.source_dim = source_dim
        self.num_layers = num_layers
        self.dropout_rate = dropout
        self.residual = residual

    def embed(self) -> None:
        """Makes the table of target tokens."""
        self.embedding = token_table(self.vocabulary_size, self.embedding_dim, start=table_start())

    def bridge_to_first_states(self) -> Bridge:
        """Returns a layer that maps the encoder's last states to the first states here."""
        return Bridge(
            self.source_dim, self.hidden_dim, self.num_layers, self.num_states, name="bridge"
        )

    def stack_on(self, width: int) -> None:
        """Makes the recurrent layers, for inputs of a width."""
        self.stack = RecurrentStack(
            self.cell,
            width,
            self.hidden_dim,
            self.num_layers,
            self.dropout_rate,
            self.residual,
            name="stack",
        )

    def finish(self, width: int, use_bias: bool = True) -> None:
        """Makes the layers that map hidden vectors of a width to logits."""
        self.hidden_width = width
        self.dropout = keras.layers.Dropout(self.dropout_rate)
        self.logits = linear(
            width, self.vocabulary_size, use_bias=use_bias, name="logits", start=logits_start()
        )

    def embedded(self, tokens: Any, training: Any) -> Any:
        """Maps tokens (rows, T) to vectors (rows, T, embedding_dim)."""
        return self.dropout(self.embedding(tokens), training=training)

    def answer(self, hidden: Any, alignment: Any, state: Any, training: Any) -> Step:
        """Returns the step whose hidden vectors (rows, T, hidden_width) are given."""
        logits = self.logits(self.dropout(hidden, training=training))
        return Step(logits, hidden, alignment, state)


def recur_and_align(step: Callable, inputs: Any, state: Any, width: int) -> tuple[Any, Any, Any]:
    """Runs a step that also gives an alignment along a sequence; see `recur`.

    `recur` collects one tensor, so the alignment is appended to the features, and cut off again.
    What Keras collects is float32: alignments are, and features of 16 bits lose nothing by it.

    Args:
        step: (input (rows, D), state) -> (a list of features, `width` wide together, alignment
            (rows, S), state).
        inputs: (rows, T, D).
        state: before the first step.
        width: K.

    Returns:
        (features side by side (rows, T, K), alignment (rows, T, S) float32, last state).
    """

    def one_output(x: Any, state: Any) -> tuple[Any, Any]:
        features, alignment, state = step(x, state)
        both = [ops.cast(part, "float32") for part in (*features, alignment)]
        return ops.concatenate(both, axis=-1), state

    outputs, state = recur(one_output, inputs, state, dtype="float32")
    return ops.cast(outputs[..., :width], inputs.dtype), outputs[..., width:], state


@keras.saving.register_keras_serializable(package="kseq2seq")
class Bridge(Prebuilt):
    r"""Maps the last states of an encoder to the first of a decoder.

    Equal widths are handed over as they are (Sutskever et al. 2014). Others, such as those of a
    bidirectional encoder, which are twice as wide, go through :math:`\tanh(W s + b)`.
    """

    def __init__(
        self, source_dim: int, hidden_dim: int, num_layers: int, num_states: int, **kwargs
    ):
        super().__init__(**kwargs)
        with self.parts():
            self.projections = [
                [
                    linear(
                        source_dim, hidden_dim, activation="tanh", name=f"bridge_{layer}_{state}"
                    )
                    for state in range(num_states)
                ]
                for layer in range(num_layers if source_dim != hidden_dim else 0)
            ]

    def call(self, states):
        """Maps lists of (B, source_dim) to lists of (B, hidden_dim), a list a layer."""
        if not self.projections:
            return [list(layer) for layer in states]
        return [
            [project(state) for project, state in zip(projections, layer, strict=True)]
            for projections, layer in zip(self.projections, states, strict=True)
        ]


def maxout(x):
    """Keeps the larger of each pair of neighboring features: (..., 2 K) -> (..., K).

    Example:
        >>> from kseq2seq.decoders.recurrent import maxout
        >>> import numpy as np
        >>> np.array(maxout(np.array([[1.0, 2.0, 4.0, 3.0]]))).tolist()
        [[2.0, 4.0]]

    Source:
        Goodfellow et al. 2013; Cho et al. 2014, appendix A.1.2; Bahdanau et al. 2015, A.2.2.
    """
    shape = ops.shape(x)
    return ops.max(ops.reshape(x, (*shape[:-1], x.shape[-1] // 2, 2)), axis=-1)
