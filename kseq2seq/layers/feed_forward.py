"""The position-wise network of a Transformer block."""

from __future__ import annotations

import keras

from kseq2seq.layers.prebuilt import Prebuilt, linear

ACTIVATIONS = ("relu", "gelu", "swiglu")


@keras.saving.register_keras_serializable(package="kseq2seq")
class FeedForward(Prebuilt):
    r"""Two linear maps with a non-linearity between, the same at every position.

    relu and gelu: :math:`f(x W_1 + b_1) W_2 + b_2`;
    swiglu: :math:`(\mathrm{swish}(x W) \odot x V) W_2`, without biases.

    Args:
        dim: width of input and output.
        inner_dim: width between; a swiglu of the same `inner_dim` has half as many weights more.
        activation: "relu", "gelu" or "swiglu".

    Example:
        >>> from kseq2seq.layers import FeedForward
        >>> FeedForward(dim=8, inner_dim=32, activation="swiglu").count_params()
        768

    Source:
        Vaswani et al. 2017, equation 2; Shazeer 2020, "GLU Variants Improve Transformer", eq. 6.
    """

    def __init__(self, dim, inner_dim, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.gated = activation == "swiglu"
        self.inner_dim = inner_dim
        self.activation = keras.activations.get("swish" if self.gated else activation)
        width = 2 * inner_dim if self.gated else inner_dim
        with self.parts():
            self.inner = linear(dim, width, use_bias=not self.gated, name="inner")
            self.outer = linear(inner_dim, dim, use_bias=not self.gated, name="outer")

    def call(self, x):
        """Maps (B, T, dim) to (B, T, dim)."""
        x = self.inner(x)
        if self.gated:
            x = self.activation(x[..., : self.inner_dim]) * x[..., self.inner_dim :]
        else:
            x = self.activation(x)
        return self.outer(x)
