"""From the last states of an encoder to the first states of a decoder."""

from __future__ import annotations

import keras

from kseq2seq.layers import Prebuilt, linear


@keras.saving.register_keras_serializable(package="kseq2seq")
class Bridge(Prebuilt):
    r"""Hands each layer's states over, through :math:`\tanh(W s + b)` where widths differ.

    Equal widths are handed over as they are (Sutskever et al. 2014). A bidirectional encoder's
    states are twice as wide and are projected.
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
