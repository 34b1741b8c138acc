"""The block of a decoder-only Transformer: source and target are one sequence."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.deprecation import renamed
from kseq2seq.layers.attention import for_heads, mix, similarity, transposed, unfold
from kseq2seq.layers.position_schemes import NOWHERE, PositionScheme
from kseq2seq.layers.transformer_blocks import BlockSizes, EncoderBlock


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
class PrefixBlock(EncoderBlock):
    """Self-attention over a source and the target that follows it, then a feed-forward network.

    `call` reads the source and hands out its keys and values. `follow` reads the target, whose
    queries take one softmax over the source's keys and the target's own. The keys of a source are
    never repeated for its hypotheses.

    Args:
        sizes: see `BlockSizes`.
        position_scheme: how positions act in attention; see `PositionScheme`.
        causal: the source, too, sees earlier positions only.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import BlockSizes, PrefixBlock
        >>> block = PrefixBlock(BlockSizes(hidden_dim=8, num_heads=2, inner_dim=16))
        >>> x, key, value = block(np.ones((1, 3, 8), "float32"), np.ones((1, 3), bool))
        >>> tuple(x.shape), tuple(key.shape)
        ((1, 3, 8), (1, 2, 4, 3))

    Source:
        Radford et al. 2018 (the block); Liu et al. 2018, "Generating Wikipedia by Summarizing Long
        Sequences", section 4.2.3 (source and target as one sequence); Raffel et al. 2020, section
        3.2.1 (a prefix that sees itself whole).
    """

    def __init__(
        self,
        sizes: BlockSizes,
        position_scheme: PositionScheme = NOWHERE,
        causal: bool = False,
        **kwargs,
    ):
        super().__init__(sizes, position_scheme, **kwargs)
        self.causal = causal

    def call(self, x, padding_mask, training=None):
        """Reads a source.

        Args:
            x: (B, S, hidden_dim).
            padding_mask: bool (B, S), True = real; or a mask for each query (B, S, S).
            training: bool.

        Returns:
            (x (B, S, hidden_dim), keys (B, H, D, S), values (B, H, S, D)).
        """
        steps = ops.arange(ops.shape(x)[1], dtype="int32")[None]
        mask = for_heads(padding_mask)
        if self.causal:
            mask = ops.logical_and(mask, steps[:, None, :] <= steps[:, :, None])
        query, key, value = self.attention.project(self.attended.enter(x), steps)
        mixed = self.attention.look(query, key, value, mask, steps, steps, training)
        x = self.attended(x, self.attention.merge(mixed), training=training)
        return self.fed.around(self.feed_forward, x, training=training), transposed(key), value

    def follow(
        self,
        x,
        source,
        padding_mask,
        begin,
        cache=None,
        position=0,
        training=None,
        attention_mask=None,
    ):
        """Reads targets that follow their sources.

        Args:
            x: (B * N, T, hidden_dim).
            source: {"key" (B, H, D, S), "value" (B, H, S, D)}, from `call`.
            padding_mask: bool (B, S), True = real; or, for N = 1, a mask for each query (B, T, S).
            begin: int (B * N, 1 or T), what to add to a target's steps to get its positions.
            cache: this block's keys and values of earlier steps, or None.
            position: steps taken before.
            training: bool.
            attention_mask: bool (B * N, T, T), which earlier steps a target sees; None for all.

        Returns:
            (x (B * N, T, hidden_dim), new cache or None, probabilities of the source's positions
            (B * N, H, T, S), whose rows sum to less than 1).
        """
        attention, scheme = self.attention, self.attention.positions
        # 1. Queries (B * N, H, T, D), keys and values of the target, L steps with the cached ones.
        query_steps = ops.arange(ops.shape(x)[1], dtype="int32")[None] + position
        query, key, value = attention.project(self.attended.enter(x), begin + query_steps)
        key, value, key_steps, cache = attention.recall(key, value, query_steps, cache, position)
        # 2. Scores among the target's steps, (B * N, H, T, L). Absolute positions are not needed
        # here: only distances count.
        causal = key_steps[:, None, :] <= query_steps[:, :, None]
        if attention_mask is not None:
            causal = ops.logical_and(causal, attention_mask)[:, None]
        in_target = (scheme, query_steps, key_steps)
        target_scores = similarity(query, transposed(key), causal, *in_target)
        # 3. Scores of the source, of all its hypotheses at once: (B, H, N * T, S), and unfolded to
        # (B * N, H, T, S).
        rows, sources = ops.shape(x)[0], ops.shape(padding_mask)[0]
        source_positions = ops.arange(ops.shape(padding_mask)[-1], dtype="int32")[None]
        query_positions = ops.reshape(begin + query_steps, (sources, -1))  # (B, N * T)
        in_source = (scheme, query_positions, source_positions)
        queries, mask = _fold_heads(query, sources), for_heads(padding_mask)
        source_scores = similarity(queries, source["key"], mask, *in_source)
        source_scores = _unfold_heads(source_scores, rows)
        # 4. One softmax over both, (B * N, H, T, S + L).
        length = ops.shape(source_scores)[-1]
        probabilities = ops.softmax(ops.concatenate([source_scores, target_scores], axis=-1))
        on_source, weights = probabilities[..., :length], probabilities
        if attention.dropout is not None:
            weights = attention.dropout(probabilities, training=training)
        # 5. The values of both, each (B * N, T, H * D) when the heads are joined, are added up.
        mixed = attention.join(mix(weights[..., length:], value, *in_target))
        folded = _fold_heads(weights[..., :length], sources)
        folded = mix(folded, source["value"], *in_source)
        mixed = mixed + unfold(attention.join(folded), like=mixed)
        x = self.attended(x, attention.output_projection(mixed), training=training)
        return self.fed.around(self.feed_forward, x, training=training), cache, on_source


def _fold_heads(x, sources):
    """(B * N, H, T, D) -> (B, H, N * T, D); `sources` is B."""
    shape = ops.shape(x)
    x = ops.reshape(x, (sources, -1, x.shape[1], *shape[2:]))  # (B, N, H, T, D)
    x = ops.transpose(x, (0, 2, 1, 3, 4))
    return ops.reshape(x, (sources, x.shape[1], -1, shape[3]))


def _unfold_heads(x, rows):
    """(B, H, N * T, D) -> (B * N, H, T, D); `rows` is B * N."""
    shape = ops.shape(x)
    x = ops.reshape(x, (shape[0], x.shape[1], rows // shape[0], -1, shape[3]))  # (B, H, N, T, D)
    x = ops.transpose(x, (0, 2, 1, 3, 4))
    return ops.reshape(x, (rows, x.shape[2], -1, shape[3]))
