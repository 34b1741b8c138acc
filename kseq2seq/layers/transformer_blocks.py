"""The blocks that encoders and decoders of Transformers stack."""

from __future__ import annotations

import keras

from kseq2seq.layers.attention import CrossAttention, SelfAttention
from kseq2seq.layers.feed_forward import FeedForward
from kseq2seq.layers.prebuilt import Prebuilt

NORMS = ("pre", "post")


def normalization(dim: int, name: str | None = None) -> keras.layers.LayerNormalization:
    """Returns a built layer normalization (Ba et al. 2016) of width `dim`."""
    layer = keras.layers.LayerNormalization(epsilon=1e-5, name=name)
    layer.build((None, None, dim))
    return layer


class Residual(Prebuilt):
    """Adds what a sublayer makes of its input to that input, normalising before or after.

    pre: `x + dropout(f(norm(x)))` (Xiong et al. 2020); post: `norm(x + dropout(f(x)))` (Vaswani et
    al. 2017, section 3.1).
    """

    def __init__(self, dim, norm, dropout, **kwargs):
        super().__init__(**kwargs)
        self.pre = norm == "pre"
        self.normalize = normalization(dim, name="norm")
        self.dropout = keras.layers.Dropout(dropout)

    def enter(self, x):
        """What the sublayer is given."""
        return self.normalize(x) if self.pre else x

    def call(self, x, made, training=None):
        """Joins the input `x` and what the sublayer made of `enter(x)`."""
        x = x + self.dropout(made, training=training)
        return x if self.pre else self.normalize(x)


class EncoderBlock(Prebuilt):
    """Self-attention, then a feed-forward network.

    Args:
        dim, num_heads, inner_dim, activation, norm, rotary: see `build_model`.
        dropout: rate on the residual branches, in [0, 1).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import EncoderBlock
        >>> block = EncoderBlock(8, 2, 16, "relu", "pre", dropout=0.0, rotary=False)
        >>> tuple(block(np.ones((1, 3, 8), "float32"), np.ones((1, 3), bool)).shape)
        (1, 3, 8)
    """

    def __init__(self, dim, num_heads, inner_dim, activation, norm, dropout, rotary, **kwargs):
        super().__init__(**kwargs)
        self.attention = SelfAttention(dim, num_heads, rotary, name="self_attention")
        self.attended = Residual(dim, norm, dropout, name="attended")
        self.feed_forward = FeedForward(dim, inner_dim, activation, name="feed_forward")
        self.fed = Residual(dim, norm, dropout, name="fed")

    def call(self, x, padding_mask, training=None):
        """Maps (B, S, dim) to (B, S, dim); `padding_mask` bool (B, S), True = real."""
        made, _ = self.attention(self.attended.enter(x), padding_mask[:, None, None, :])
        x = self.attended(x, made, training=training)
        made = self.feed_forward(self.fed.enter(x))
        return self.fed(x, made, training=training)


class DecoderBlock(Prebuilt):
    """Causal self-attention, attention to the source, then a feed-forward network.

    Args:
        dim, num_heads, inner_dim, activation, norm, rotary: see `build_model`.
        source_dim: width of the encoder's outputs.
        dropout: rate on the residual branches, in [0, 1).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import DecoderBlock
        >>> block = DecoderBlock(8, 2, 16, "relu", "pre", 0.0, rotary=False, source_dim=8)
        >>> context = block.cross_attention.context(np.ones((1, 5, 8), "float32"))
        >>> x, _, alignment = block(np.ones((1, 3, 8), "float32"), context, np.ones((1, 5), bool))
        >>> tuple(x.shape), tuple(alignment.shape)
        ((1, 3, 8), (1, 3, 5))
    """

    def __init__(
        self, dim, num_heads, inner_dim, activation, norm, dropout, rotary, source_dim, **kwargs
    ):
        super().__init__(**kwargs)
        self.self_attention = SelfAttention(dim, num_heads, rotary, name="self_attention")
        self.self_attended = Residual(dim, norm, dropout, name="self_attended")
        self.cross_attention = CrossAttention(dim, num_heads, source_dim, name="cross_attention")
        self.cross_attended = Residual(dim, norm, dropout, name="cross_attended")
        self.feed_forward = FeedForward(dim, inner_dim, activation, name="feed_forward")
        self.fed = Residual(dim, norm, dropout, name="fed")

    def call(
        self, x, context, padding_mask, attention_mask=None, cache=None, position=0, training=None
    ):
        """One block of a decoder.

        Args:
            x: (rows, T, dim).
            context: the source's keys and values, from `cross_attention.context`.
            padding_mask: bool (B, S), True = real.
            attention_mask: causal, bool (T, T), for where there is no cache.
            cache: this block's keys and values, or None.
            position: place of the first of the T steps.
            training: bool.

        Returns:
            (x (rows, T, dim), new cache or None, alignment (rows, T, S)).
        """
        made, cache = self.self_attention(
            self.self_attended.enter(x),
            attention_mask,
            cache=cache,
            position=position,
        )
        x = self.self_attended(x, made, training=training)
        made, alignment = self.cross_attention(self.cross_attended.enter(x), context, padding_mask)
        x = self.cross_attended(x, made, training=training)
        made = self.feed_forward(self.fed.enter(x))
        return self.fed(x, made, training=training), cache, alignment
