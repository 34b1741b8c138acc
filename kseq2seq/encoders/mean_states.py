"""States for a recurrent decoder, from an encoder that has none."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kseq2seq")
class MeanStates(keras.layers.Layer):
    """Every state is the mean of the source's outputs over its real places.

    Source:
        Xu et al. 2015, "Show, Attend and Tell", section 3.1.2. They map the mean to each state by a
        network of its own; here a decoder of the same width starts from the mean as it is, and one
        of another width, or of another kind than LSTM and plain recurrence, from its own map of it.
    """

    supports_masking = True  # masks are given, not carried; without this Keras warns

    def call(self, outputs, padding_mask):
        """Maps outputs (B, S, E) and mask (B, S) to (B, E), taken in float32."""
        real = ops.cast(padding_mask, "float32")[..., None]
        total = ops.sum(ops.cast(outputs, "float32") * real, axis=1)
        return ops.cast(total / ops.maximum(ops.sum(real, axis=1), 1), outputs.dtype)


def with_mean_states(encoder: keras.Model, num_layers: int, num_states: int) -> keras.Model:
    """Returns an encoder that also gives the states a recurrent decoder starts from.

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
