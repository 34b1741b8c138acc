"""Where a residual branch is normalized, and how much it weighs."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras

NORMS = ("pre", "post", "deep")


def normalization(dim: int, name: str | None = None) -> keras.layers.LayerNormalization:
    """Returns a built layer normalization (Ba et al. 2016) of width `dim`."""
    layer = keras.layers.LayerNormalization(epsilon=1e-5, name=name)
    layer.build((None, None, dim))
    return layer


@keras.saving.register_keras_serializable(package="kseq2seq")
class Norm(NamedTuple):
    r"""How a sublayer f joins its input x.

    - pre: :math:`x + f(\mathrm{norm}(x))` (Xiong et al. 2020), and one normalization after the
      whole stack
    - post: :math:`\mathrm{norm}(x + f(x))` (Vaswani et al. 2017, section 3.1)
    - deep: :math:`\mathrm{norm}(\alpha x + f(x))`, with the initial weights of values, output
      projections and feed-forward networks scaled by :math:`\beta`

    Attributes:
        kind: one of `NORMS`.
        alpha: weight of the input; 1 unless deep.
        beta: scale of initial weights; 1 unless deep.

    Source:
        Wang et al. 2022, "DeepNet: Scaling Transformers to 1,000 Layers", figure 2. Queries, keys
        and values are one matrix here, whose Glorot draw is 0.7 times that of three.
    """

    kind: str = "pre"
    alpha: float = 1.0
    beta: float = 1.0

    def get_config(self) -> dict[str, Any]:
        """Returns the attributes."""
        return self._asdict()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Norm:
        """Makes the norm that `get_config` described."""
        return cls(**config)

    @property
    def before(self) -> bool:
        """Whether the sublayer's input is normalized, and not the sum."""
        return self.kind == "pre"


def encoder_decoder_norms(kind: str, encoder_layers: int, decoder_layers: int) -> tuple[Norm, Norm]:
    """Returns the norms of an encoder of N and a decoder of M blocks.

    Example:
        >>> from kseq2seq.layers import encoder_decoder_norms
        >>> [round(norm.alpha, 2) for norm in encoder_decoder_norms("deep", 6, 6)]
        [1.42, 2.06]
    """
    if kind != "deep":
        return Norm(kind), Norm(kind)
    size = encoder_layers**4 * decoder_layers
    encoder = Norm(kind, alpha=0.81 * size ** (1 / 16), beta=0.87 * size ** (-1 / 16))
    decoder = Norm(
        kind, alpha=(3 * decoder_layers) ** (1 / 4), beta=(12 * decoder_layers) ** (-1 / 4)
    )
    return encoder, decoder


def single_stack_norm(kind: str, num_layers: int) -> Norm:
    """Returns the norm of an encoder without a decoder, or of a decoder without an encoder.

    Example:
        >>> from kseq2seq.layers import single_stack_norm
        >>> single_stack_norm("deep", 8).alpha
        2.0
    """
    if kind != "deep":
        return Norm(kind)
    return Norm(kind, alpha=(2 * num_layers) ** (1 / 4), beta=(8 * num_layers) ** (-1 / 4))
