"""The block of a Conformer: attention for what is far, a convolution for what is near."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from kseq2seq.layers.attention import SelfAttention, attend, for_heads
from kseq2seq.layers.norms import normalization
from kseq2seq.layers.position_schemes import NOWHERE, PositionScheme
from kseq2seq.layers.prebuilt import Prebuilt, linear
from kseq2seq.layers.transformer_blocks import BlockSizes, FeedForward, Residual


@keras.saving.register_keras_serializable(package="kseq2seq")
class ConvolutionModule(Prebuilt):
    r"""A gated projection, a convolution of each feature along time, and another projection.

    .. math:: f(x) = \mathrm{swish}(\mathrm{norm}(\mathrm{depthwise}(A \odot \sigma(B)))) W,
        \quad [A, B] = x V

    Padding is seen as zeros. The normalization is of each position by itself, so that no position
    depends on padding or on other rows, as it would with batch normalization.

    Args:
        dim: width of input and output.
        width: positions that the convolution sees, `(width - 1) // 2` of them before its own.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import ConvolutionModule
        >>> convolve = ConvolutionModule(dim=8, width=3)
        >>> tuple(convolve(np.ones((1, 5, 8), "float32"), np.ones((1, 5), bool)).shape)
        (1, 5, 8)

    Source:
        Gulati et al. 2020, "Conformer", figure 2, with layer instead of batch normalization.
    """

    def __init__(self, dim: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim
        with self.parts():
            self.enter = linear(dim, 2 * dim, name="enter")
            self.depthwise = keras.layers.DepthwiseConv1D(width, padding="same", name="depthwise")
            self.depthwise.build((None, None, dim))
            self.normalize = normalization(dim, name="norm")
            self.leave = linear(dim, dim, name="leave")

    def call(self, x, padding_mask):
        """Maps (B, S, dim) and a mask, bool (B, S), to (B, S, dim)."""
        x = self.enter(x)
        x = x[..., : self.dim] * ops.sigmoid(x[..., self.dim :])
        x = self.depthwise(x * ops.cast(padding_mask, x.dtype)[..., None])
        return self.leave(ops.silu(self.normalize(x)))


@keras.saving.register_keras_serializable(package="kseq2seq")
class ConformerBlock(Prebuilt):
    """Half a feed-forward network, self-attention, a convolution, and the other half.

    Args:
        sizes: see `BlockSizes`; of its norms only "pre".
        position_scheme: how positions act in attention; see `PositionScheme`.
        attend: see `SelfAttention`.
        remat: keep only the block's input, and compute its insides again for the gradient.
        kernel_size: positions that the convolution sees.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import BlockSizes, ConformerBlock
        >>> block = ConformerBlock(BlockSizes(hidden_dim=8, num_heads=2, inner_dim=16))
        >>> tuple(block(np.ones((1, 5, 8), "float32"), np.ones((1, 5), bool)).shape)
        (1, 5, 8)

    Source:
        Gulati et al. 2020, "Conformer", section 2.4: both feed-forward networks count half, and a
        normalization ends the block.
    """

    def __init__(
        self,
        sizes: BlockSizes,
        position_scheme: PositionScheme = NOWHERE,
        attend: Callable = attend,
        remat: bool = False,
        kernel_size: int = 15,
        **kwargs,
    ):
        super().__init__(**kwargs)
        dim = sizes.hidden_dim
        with self.parts():
            self.first = FeedForward(dim, sizes.inner_dim, sizes.activation, name="first")
            self.attention = SelfAttention(
                dim,
                sizes.num_heads,
                position_scheme,
                attend,
                sizes.attention_dropout,
                name="self_attention",
            )
            self.convolution = ConvolutionModule(dim, kernel_size, name="convolution")
            self.second = FeedForward(dim, sizes.inner_dim, sizes.activation, name="second")
            self.joins = [
                Residual(sizes, remat, name=f"after_{name}")
                for name in ("first", "attention", "convolution", "second")
            ]
            self.normalize = normalization(dim, name="norm")

    def call(self, x, padding_mask, training=None):
        """Maps (B, S, hidden_dim) and a mask, bool (B, S), to (B, S, hidden_dim)."""
        sublayers = (
            lambda x, real: 0.5 * self.first(x),
            lambda x, real: self.attention(x, for_heads(real), training=training),
            self.convolution,
            lambda x, real: 0.5 * self.second(x),
        )
        for join, sublayer in zip(self.joins, sublayers, strict=True):
            x = join.around(sublayer, x, padding_mask, training=training)
        return self.normalize(x)
