"""The blocks that encoders and decoders of Transformers stack.

Each is a sequence of sublayers, attention or a feed-forward network, every one in a `Residual`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from kseq2seq.deprecation import renamed
from kseq2seq.layers.attention import CrossAttention, SelfAttention, attend, for_heads
from kseq2seq.layers.norms import Norm, normalization
from kseq2seq.layers.position_schemes import NOWHERE, PositionScheme
from kseq2seq.layers.prebuilt import Prebuilt, linear
from kseq2seq.layers.rematerialize import rematerialized

ACTIVATIONS = ("relu", "gelu", "swish", "swiglu")


@keras.saving.register_keras_serializable(package="kseq2seq")
class BlockSizes(NamedTuple):
    """What all blocks of a stack have in common.

    Attributes:
        hidden_dim: width of input and output.
        num_heads: heads of every attention; divides `hidden_dim`.
        inner_dim: width inside the feed-forward network.
        activation: "relu", "gelu", "swish" or "swiglu".
        norm: how residual branches are normalized.
        dropout: rate on the residual branches, in [0, 1).
        attention_dropout: rate on the probabilities of attention, in [0, 1).
    """

    hidden_dim: int
    num_heads: int
    inner_dim: int
    activation: str = "relu"
    norm: Norm = Norm()
    dropout: float = 0.0
    attention_dropout: float = 0.0

    def get_config(self) -> dict[str, Any]:
        """Returns the attributes."""
        return self._asdict()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> BlockSizes:
        """Makes what `get_config` described."""
        return cls(**{**config, "norm": keras.saving.deserialize_keras_object(config["norm"])})

    @property
    def head_dim(self) -> int:
        """Width of one head."""
        return self.hidden_dim // self.num_heads


@keras.saving.register_keras_serializable(package="kseq2seq")
class FeedForward(Prebuilt):
    r"""Two linear maps with a non-linearity between, the same at every position.

    relu, gelu and swish: :math:`f(x W_1 + b_1) W_2 + b_2`;
    swiglu: :math:`(\mathrm{swish}(x W) \odot x V) W_2`, without biases.

    Args:
        dim: width of input and output.
        inner_dim: width between; "swiglu" has half as many weights again for the same `inner_dim`.
        activation: "relu", "gelu", "swish" or "swiglu".

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


@keras.saving.register_keras_serializable(package="kseq2seq")
class Residual(Prebuilt):
    """Adds the output of a sublayer to its input, and normalizes one of them; see `Norm`.

    With `remat`, the sublayer's insides are computed again for its gradient and not kept, unless
    `training` is False. Dropout is outside of it, so both computations agree.
    """

    def __init__(self, sizes: BlockSizes, remat: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.norm, self.before = sizes.norm, sizes.norm.before
        self.remat = remat
        with self.parts():
            self.normalize = normalization(sizes.hidden_dim, name="norm")
            self.dropout = keras.layers.Dropout(sizes.dropout)

    def enter(self, x):
        """Returns the input of the sublayer, from the `x` (B, T, hidden_dim) of the block."""
        return self.normalize(x) if self.before else x

    def call(self, x, branch, training=None):
        """Joins `x` and `branch`, the sublayer's output for `enter(x)`."""
        if self.norm.alpha != 1:
            x = x * self.norm.alpha
        x = x + self.dropout(branch, training=training)
        return x if self.before else self.normalize(x)

    def around(self, sublayer: Callable, x, *rest, training=None):
        """Returns x joined with `sublayer(enter(x), *rest)`."""

        def branch(x, *rest):
            return sublayer(self.enter(x), *rest)

        again = self.remat and training is not False
        output = (rematerialized(branch) if again else branch)(x, *rest)
        return self(x, output, training=training)


def _feed_forward(sizes: BlockSizes) -> FeedForward:
    network = FeedForward(sizes.hidden_dim, sizes.inner_dim, sizes.activation, name="feed_forward")
    for layer in (network.inner, network.outer):
        _scale(layer, sizes.norm.beta)
    return network


def _scale(layer, beta: float, start: int = 0) -> None:
    """Multiplies a layer's initial weights by `beta`, for its outputs from `start` on."""
    if beta != 1:
        kernel = keras.ops.convert_to_numpy(layer.kernel).copy()
        kernel[:, start:] *= beta
        layer.kernel.assign(kernel)


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
class EncoderBlock(Prebuilt):
    """Self-attention, then a feed-forward network.

    Args:
        sizes: see `BlockSizes`.
        position_scheme: how positions act in attention; see `PositionScheme`.
        attend: see `SelfAttention`.
        remat: keep only the block's input, and compute its insides again for the gradient.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import BlockSizes, EncoderBlock
        >>> block = EncoderBlock(BlockSizes(hidden_dim=8, num_heads=2, inner_dim=16))
        >>> tuple(block(np.ones((1, 3, 8), "float32"), np.ones((1, 3), bool)).shape)
        (1, 3, 8)
    """

    def __init__(
        self,
        sizes: BlockSizes,
        position_scheme: PositionScheme = NOWHERE,
        attend: Callable = attend,
        remat: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        with self.parts():
            self.attention = SelfAttention(
                sizes.hidden_dim,
                sizes.num_heads,
                position_scheme,
                attend,
                sizes.attention_dropout,
                name="self_attention",
            )
            _scale(self.attention.projection, sizes.norm.beta, start=2 * sizes.hidden_dim)
            _scale(self.attention.output_projection, sizes.norm.beta)
            self.attended = Residual(sizes, remat, name="attended")
            self.feed_forward = _feed_forward(sizes)
            self.fed = Residual(sizes, remat, name="fed")

    def call(self, x, padding_mask, training=None):
        """Maps (B, S, hidden_dim) to the same.

        `padding_mask` is bool (B, S), True = real; or a mask for each query (B, S, S), which
        `attend` must then take.
        """
        x = self.attended.around(
            lambda x, real: self.attention(x, real, training=training),
            x,
            for_heads(padding_mask),
            training=training,
        )
        return self.fed.around(self.feed_forward, x, training=training)


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
class DecoderBlock(Prebuilt):
    """Causal self-attention, attention to the source, then a feed-forward network.

    Args:
        sizes: see `BlockSizes`.
        source_dim: width of the encoder's outputs.
        position_scheme: how positions act in self-attention; see `PositionScheme`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import BlockSizes, DecoderBlock
        >>> block = DecoderBlock(BlockSizes(hidden_dim=8, num_heads=2, inner_dim=16), source_dim=8)
        >>> context = block.cross_attention.context(np.ones((1, 5, 8), "float32"))
        >>> x, alignment = block(np.ones((1, 3, 8), "float32"), context, np.ones((1, 5), bool))
        >>> tuple(x.shape), tuple(alignment.shape)
        ((1, 3, 8), (1, 3, 5))
    """

    def __init__(
        self,
        sizes: BlockSizes,
        source_dim: int,
        position_scheme: PositionScheme = NOWHERE,
        **kwargs,
    ):
        super().__init__(**kwargs)
        dim, heads, beta = sizes.hidden_dim, sizes.num_heads, sizes.norm.beta
        rate = sizes.attention_dropout
        with self.parts():
            self.self_attention = SelfAttention(
                dim, heads, position_scheme, dropout=rate, name="self_attention"
            )
            _scale(self.self_attention.projection, beta, start=2 * dim)
            _scale(self.self_attention.output_projection, beta)
            self.self_attended = Residual(sizes, name="self_attended")
            self.cross_attention = CrossAttention(
                dim, heads, source_dim, rate, name="cross_attention"
            )
            _scale(self.cross_attention.projection, beta, start=dim)
            _scale(self.cross_attention.output_projection, beta)
            self.cross_attended = Residual(sizes, name="cross_attended")
            self.feed_forward = _feed_forward(sizes)
            self.fed = Residual(sizes, name="fed")

    def call(
        self, x, context, padding_mask, attention_mask=None, cache=None, position=0, training=None
    ):
        """One block of a decoder.

        Args:
            x: (rows, T, hidden_dim).
            context: the source's keys and values, from `cross_attention.context`.
            padding_mask: bool (B, S), True = real; or a mask for each query (B, T, S).
            attention_mask: causal, bool, broadcasts to (rows, H, T, T); not used with a cache.
            cache: this block's keys and values, or None.
            position: of the first of the T steps.
            training: bool.

        Returns:
            (x (rows, T, hidden_dim), alignment (rows, T, S)); with a cache, (x, new cache,
            alignment).
        """
        # 1. Attention of the target to itself.
        attended = self.self_attention(
            self.self_attended.enter(x),
            attention_mask,
            cache=cache,
            position=position,
            training=training,
        )
        attended, *new_cache = attended if cache is not None else (attended,)
        x = self.self_attended(x, attended, training=training)
        # 2. Attention of the target to the source.
        attended, alignment = self.cross_attention(
            self.cross_attended.enter(x), context, padding_mask, training=training
        )
        x = self.cross_attended(x, attended, training=training)
        # 3. The feed-forward network, at each position by itself.
        return self.fed.around(self.feed_forward, x, training=training), *new_cache, alignment
