"""Encoders with the states that recurrent decoders start from."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.encoders.source_table import source_table
from kseq2seq.encoders.spec import SourceSpec, real_positions, sequence_spec
from kseq2seq.encoders.subsampled import read_subsampled
from kseq2seq.layers import recurrent
from kseq2seq.layers.recurrence import reverse
from kseq2seq.layers.recurrent_stack import TABLE_DEVIATION


@keras.saving.register_keras_serializable(package="kseq2seq")
class Reversal(keras.layers.Layer):
    """Reverses the real part of each source, so that its first words lie nearest the target's.

    Source:
        Sutskever et al. 2014, section 3.3.
    """

    supports_masking = True  # the mask stays as it was; without this Keras warns

    def call(self, source, padding_mask):
        """Maps x (B, S) or (B, S, E) and mask (B, S) to the same shape; padding stays right."""
        return reverse(source, padding_mask)


def recurrent_encoder(
    cell: str,
    source: SourceSpec | int,
    *,
    embedding_dim: int,
    hidden_dim: int,
    num_layers: int,
    bidirectional: bool,
    reverse_source: bool = False,
    dropout: float = 0.0,
    residual: bool = False,
    stride: int = 1,
) -> keras.Model:
    """Builds a stack of recurrent layers over embedded tokens, or over features.

    Args:
        cell: "rnn", "lstm" or "gru".
        source: a sequence of ids or of features; or a number of ids.
        embedding_dim: width of the token vectors, or of what features are projected to.
        hidden_dim: width of each direction.
        num_layers: how many layers.
        bidirectional: read both ways; outputs and states are then twice as wide, forward half
            first.
        reverse_source: read the source backwards.
        dropout: rate on embeddings and between layers, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.
        stride: units of the source for each position; see `kseq2seq.layers.Subsampling`.

    Returns:
        A functional model {"source" (B, S, ...), "source_mask" (B, S)} -> {"outputs" (B, S /
        stride, E), "mask" (B, S / stride), "states", "start"}: the states are one list of (B, E)
        tensors a layer; E is `hidden_dim`, doubled when bidirectional; the start (B, hidden_dim) is
        the top layer's state in the direction that was read last.

    Example:
        >>> from kseq2seq.encoders import recurrent_encoder
        >>> encoder = recurrent_encoder(
        ...     "lstm", 50, embedding_dim=4, hidden_dim=8, num_layers=2, bidirectional=True
        ... )
        >>> encoder.output["outputs"].shape, len(encoder.output["states"])
        ((None, None, 16), 2)
    """
    spec = sequence_spec(source, "a recurrent model")
    inputs = spec.symbolic()
    with keras.name_scope("encoder"):
        left, spec = read_subsampled(inputs, spec, stride)
        units, mask = left["source"], real_positions(left)
        read = Reversal(name="reversal")(units, mask) if reverse_source else units
        x = source_table(spec, embedding_dim, TABLE_DEVIATION)(read)
        x, states = recurrent_layers(
            x,
            mask,
            cell=cell,
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            residual=residual,
        )
        if reverse_source:  # back to the order of the source, for attention and its alignments
            x = Reversal(name="outputs_in_order")(x, mask)
        start = states[-1][0][:, -hidden_dim:]
    encoded = {"outputs": x, "mask": mask, "states": states, "start": start}
    return keras.Model(inputs, encoded, name="encoder")


def recurrent_layers(
    x: Any,
    mask: Any,
    *,
    cell: str,
    hidden_dim: int,
    num_layers: int,
    bidirectional: bool,
    dropout: float = 0.0,
    residual: bool = False,
) -> tuple[Any, list[list[Any]]]:
    """Lays recurrent layers over vectors, as part of a functional encoder.

    Args:
        x: symbolic (B, S, D).
        mask: symbolic bool (B, S), True = real; padding is on the right.
        cell: "rnn", "lstm" or "gru".
        hidden_dim: width of each direction.
        num_layers: how many layers.
        bidirectional: read both ways; forward half first.
        dropout: rate on the input of each layer, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.

    Returns:
        (outputs (B, S, E), the last states of each layer, a list of lists of (B, E)).

    Example:
        >>> import keras
        >>> from kseq2seq.encoders.recurrent import recurrent_layers
        >>> x, mask = keras.Input((None, 6)), keras.Input((None,), dtype="bool")
        >>> sizes = {"hidden_dim": 8, "num_layers": 2, "bidirectional": True}
        >>> outputs, states = recurrent_layers(x, mask, cell="gru", **sizes)
        >>> outputs.shape, len(states)
        ((None, None, 16), 2)
    """
    states = []
    for index in range(num_layers):
        rnn = recurrent(cell, x.shape[-1], hidden_dim, name=f"{cell}_{index}")
        if bidirectional:
            rnn = keras.layers.Bidirectional(rnn, name=f"both_{index}")
        below = keras.layers.Dropout(dropout)(x)
        above, *last = rnn(below, mask=mask)
        if bidirectional:  # the states of both directions, each joined with its like
            half = len(last) // 2
            last = [
                keras.layers.Concatenate()([ahead, back])
                for ahead, back in zip(last[:half], last[half:], strict=True)
            ]
        x = keras.layers.Add()([above, x]) if residual and index else above
        states.append(last)
    return x, states


@keras.saving.register_keras_serializable(package="kseq2seq")
class MeanStates(keras.layers.Layer):
    """The mean of the source's outputs over its real positions, in place of every state.

    Source:
        Xu et al. 2015, "Show, Attend and Tell", section 3.1.2. They map the mean to each state by a
        network of its own; here a decoder of the same width starts from the mean as it is, and one
        of another width, or of another kind than LSTM and plain recurrence, from its own map of it.
    """

    supports_masking = True  # masks are arguments; without this Keras warns

    def call(self, outputs, padding_mask):
        """Maps outputs (B, S, E) and mask (B, S) to (B, E), taken in float32."""
        real = ops.cast(padding_mask, "float32")[..., None]
        total = ops.sum(ops.cast(outputs, "float32") * real, axis=1)
        return ops.cast(total / ops.maximum(ops.sum(real, axis=1), 1), outputs.dtype)


def with_mean_states(encoder: keras.Model, num_layers: int, num_states: int) -> keras.Model:
    """Returns an encoder without states as one that gives those a recurrent decoder starts from.

    Args:
        encoder: one that gives "outputs" (B, S, E) and "mask" (B, S).
        num_layers: layers of the decoder.
        num_states: states of each: 2 for an LSTM, else 1.

    Returns:
        A functional model that gives "states" and "start" too, all (B, E).

    Example:
        >>> from kseq2seq.encoders import transformer_encoder, with_mean_states
        >>> from kseq2seq.layers import BlockSizes, token_table
        >>> sizes = BlockSizes(hidden_dim=8, num_heads=2, inner_dim=16)
        >>> encoder = transformer_encoder(token_table(50, 8), sizes, num_layers=1)
        >>> [len(states) for states in with_mean_states(encoder, 3, 2).output["states"]]
        [2, 2, 2]
    """
    encoded = encoder.output
    mean = MeanStates(name="mean_states")(encoded["outputs"], encoded["mask"])
    states = [[mean] * num_states for _ in range(num_layers)]
    return keras.Model(
        encoder.input, {**encoded, "states": states, "start": mean}, name=encoder.name
    )
