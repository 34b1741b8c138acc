"""The blocks that encoders and decoders of Transformers stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from kseq2seq.layers.attend import attend, for_heads
from kseq2seq.layers.attention import CrossAttention, SelfAttention
from kseq2seq.layers.feed_forward import FeedForward
from kseq2seq.layers.norms import Norm, normalization
from kseq2seq.layers.positions import NOWHERE, Positions
from kseq2seq.layers.prebuilt import Prebuilt


@keras.saving.register_keras_serializable(package="kseq2seq")
class BlockSizes(NamedTuple):
    """What all blocks of a stack have in common.

    Attributes:
        hidden_dim: width of input and output.
        num_heads: heads of every attention; divides `hidden_dim`.
        inner_dim: width inside the feed-forward network.
        activation: "relu", "gelu" or "swiglu".
        norm: where branches are normalised.
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
class Residual(Prebuilt):
    """Adds what a sublayer makes of its input to that input; see `Norm`.

    With `remat`, the sublayer's insides are computed again for its gradient and not kept. Dropout
    stands outside of it, so both computations agree.
    """

    def __init__(self, sizes: BlockSizes, remat: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.norm = sizes.norm
        self.remat = remat
        with self.parts():
            self.normalize = normalization(sizes.hidden_dim, name="norm")
            self.dropout = keras.layers.Dropout(sizes.dropout)

    def enter(self, x):
        """What the sublayer is given."""
        return self.normalize(x) if self.norm.before else x

    def call(self, x, made, training=None):
        """Joins the input `x` and what the sublayer made of `enter(x)`."""
        if self.norm.alpha != 1:
            x = x * self.norm.alpha
        x = x + self.dropout(made, training=training)
        return x if self.norm.before else self.normalize(x)

    def around(self, sublayer: Callable, x, *rest, training=None):
        """Returns x with what `sublayer(enter(x), *rest)` makes joined to it."""

        def branch(x, *rest):
            return sublayer(self.enter(x), *rest)

        made = (keras.remat(branch) if self.remat else branch)(x, *rest)
        return self(x, made, training=training)


def _feed_forward(sizes: BlockSizes) -> FeedForward:
    network = FeedForward(sizes.hidden_dim, sizes.inner_dim, sizes.activation, name="feed_forward")
    for layer in (network.inner, network.outer):
        _scale(layer, sizes.norm.beta)
    return network


def _scale(layer, beta: float, start: int = 0) -> None:
    """Scales the first weights of a layer's outputs from `start` on; see `Norm`."""
    if beta != 1:
        kernel = keras.ops.convert_to_numpy(layer.kernel).copy()
        kernel[:, start:] *= beta
        layer.kernel.assign(kernel)


@keras.saving.register_keras_serializable(package="kseq2seq")
class EncoderBlock(Prebuilt):
    """Self-attention, then a feed-forward network.

    Args:
        sizes: see `BlockSizes`.
        positions: how places act in attention; see `Positions`.
        attend: see `SelfAttention`.
        remat: keep the block's input alone, and compute its insides again for the gradient.

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
        positions: Positions = NOWHERE,
        attend: Callable = attend,
        remat: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        with self.parts():
            self.attention = SelfAttention(
                sizes.hidden_dim,
                sizes.num_heads,
                positions,
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

        `padding_mask` is bool (B, S), True = real; or a mask for each query (B, S, S), if `attend`
        takes such.
        """
        real = for_heads(keras.ops.cast(padding_mask, "int32"))  # rematerialisation takes no bool
        x = self.attended.around(
            lambda x, real: self.attention(x, real > 0, training=training),
            x,
            real,
            training=training,
        )
        return self.fed.around(self.feed_forward, x, training=training)


@keras.saving.register_keras_serializable(package="kseq2seq")
class DecoderBlock(Prebuilt):
    """Causal self-attention, attention to the source, then a feed-forward network.

    Args:
        sizes: see `BlockSizes`.
        source_dim: width of the encoder's outputs.
        positions: how places act in self-attention; see `Positions`.

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
        self, sizes: BlockSizes, source_dim: int, positions: Positions = NOWHERE, **kwargs
    ):
        super().__init__(**kwargs)
        dim, heads, beta = sizes.hidden_dim, sizes.num_heads, sizes.norm.beta
        rate = sizes.attention_dropout
        with self.parts():
            self.self_attention = SelfAttention(
                dim, heads, positions, dropout=rate, name="self_attention"
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
            attention_mask: causal, bool, broadcasts to (rows, H, T, T), for where there is no
                cache.
            cache: this block's keys and values, or None.
            position: place of the first of the T steps.
            training: bool.

        Returns:
            (x (rows, T, hidden_dim), alignment (rows, T, S)); with a cache, the new one stands
            between them.
        """
        made = self.self_attention(
            self.self_attended.enter(x),
            attention_mask,
            cache=cache,
            position=position,
            training=training,
        )
        made, *new = made if cache is not None else (made,)
        x = self.self_attended(x, made, training=training)
        made, alignment = self.cross_attention(
            self.cross_attended.enter(x), context, padding_mask, training=training
        )
        x = self.cross_attended(x, made, training=training)
        return self.fed.around(self.feed_forward, x, training=training), *new, alignment
