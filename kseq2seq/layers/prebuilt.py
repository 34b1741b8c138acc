"""Layers that exist from the moment they are made.

A decoder is entered by two doors, `initial` and `call`. Were its weights made on first use, the
order of use would decide which exist, and a reloaded model could differ from the saved one. Every
layer here knows its widths when it is made, so its weights are made then.
"""

from __future__ import annotations

import keras


class Prebuilt(keras.layers.Layer):
    """The base of layers that make all their weights in their constructor."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.built = True


def linear(
    input_dim: int, output_dim: int, use_bias: bool = True, activation=None, name: str | None = None
) -> keras.layers.Dense:
    """Returns a `keras.layers.Dense` that is already built for inputs of width `input_dim`.

    Example:
        >>> from kseq2seq.layers import linear
        >>> [tuple(weight.shape) for weight in linear(3, 4).weights]
        [(3, 4), (4,)]
    """
    layer = keras.layers.Dense(output_dim, activation=activation, use_bias=use_bias, name=name)
    layer.build((None, input_dim))
    return layer
