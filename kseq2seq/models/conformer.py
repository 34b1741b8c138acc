"""The Conformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import keras

from kseq2seq import checks
from kseq2seq.encoders import Facts, SourceSpec, conformer_encoder
from kseq2seq.layers import Norm
from kseq2seq.models.architecture import register_architecture
from kseq2seq.models.transformer import Transformer


@register_architecture("conformer")
@dataclass(frozen=True, kw_only=True)
class Conformer(Transformer):
    """Gulati et al. 2020: a Transformer whose encoder has a convolution in each block.

    Made for speech: give it frames, and a `stride` of 4. The decoder is that of a `Transformer` of
    the same sizes. See also `Transformer`.

    Args:
        kernel_size: positions that each convolution sees.
        activation: "swish", as in the paper; see `Transformer`.
        position_scheme: "rotary"; see `Transformer`.

    Example:
        >>> from kseq2seq.models import Conformer
        >>> Conformer(stride=4).facts.stride
        4
    """

    kernel_size: int = 15
    activation: str = "swish"
    position_scheme: str = "rotary"

    encoder_settings: ClassVar[tuple[str, ...]] = (*Transformer.encoder_settings, "kernel_size")
    packs = False  # a convolution would reach into the next pair of a row
    recipe_sizes: ClassVar = None

    def __post_init__(self):
        super().__post_init__()
        self.check_whole("kernel_size", most=checks.MOST_PLACES)
        if self.norm != "pre":
            raise ValueError(
                f"The blocks of a Conformer have norm='pre'; got {self.norm!r}. Leave `norm` out."
            )

    @property
    def facts(self) -> Facts:
        """See `Architecture`."""
        reach = self.window + self.kernel_size // 2
        ahead = self.num_layers * reach * self.stride if self.attention == "local" else None
        return Facts(stride=self.stride, lookahead=ahead)

    def encoder_weights(self, source: SourceSpec) -> int:
        """See `Architecture`; a block has a second feed-forward network, and the convolution."""
        matrices = 3 if self.activation == "swiglu" else 2
        feed_forward = matrices * (self.inner_dim or 4 * self.hidden_dim) * self.hidden_dim
        convolution = 3 * self.hidden_dim * self.hidden_dim
        return super().encoder_weights(source) + self.num_layers * (feed_forward + convolution)

    def stack(self, source: SourceSpec, table: keras.layers.Layer, norm: Norm) -> keras.Model:
        """See `EncoderSizes`."""
        sizes = {**self.stack_sizes(source), "kernel_size": self.kernel_size}
        return conformer_encoder(table, self.block_sizes(norm), **sizes)
