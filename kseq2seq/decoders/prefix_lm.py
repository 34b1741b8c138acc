"""The target half of a decoder-only Transformer, a prefix language model."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops, tree

from kseq2seq.decoders.decoder import Decoder, Step
from kseq2seq.layers import PrefixBlock, TokenEmbedding, fold, unfold
from kseq2seq.layers.attention import grow_cache
from kseq2seq.layers.segments import first_positions, together


@keras.saving.register_keras_serializable(package="kseq2seq")
class PrefixDecoder(Decoder):
    r"""A language model that continues its source.

    .. math:: p(y \mid x) = \prod_t p(y_t \mid x_1, \ldots, x_S, y_0, \ldots, y_{t-1})

    The position of the target's first token is the one after the source's last, whatever padding
    is between them, so the logits are those of one unpadded sequence.

    Args:
        embedding: of all ids, shared with the encoder; its table also maps vectors to logits.
        blocks: shared with the encoder.
        norm: the normalization after the last block, or None.
        follows_source: whether there is a source before the target. Without one, the position of
            the target's first token is 0, and there is no alignment.

    Source:
        Radford et al. 2018; Liu et al. 2018, section 4.2.3. The loss covers the target alone. The
        alignment is the last block's attention to the source, averaged over the heads and scaled
        to sum to 1.
    """

    rewinds = True

    def __init__(
        self,
        embedding: TokenEmbedding,
        blocks: Sequence[PrefixBlock],
        norm: keras.layers.Layer | None,
        follows_source: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.follows_source = follows_source
        self.vocabulary_size = embedding.table.input_dim
        self.hidden_width = embedding.dim
        self.table = embedding.table
        self.embedding = embedding
        self.blocks = list(blocks)
        self.normalize = norm
        self.max_positions = embedding.max_length

    def initial(self, encoded, length=0):
        """See `Decoder`; the context is each block's keys and values of the source.

        `encoded["mask"]` is bool (B, S), or for packed rows (B, T, S): what each target token sees.
        """
        mask = encoded["mask"]
        self._check(mask, length)
        lengths = ops.sum(ops.cast(mask, "int32"), axis=-1, keepdims=len(mask.shape) == 2)
        context = {"blocks": encoded["blocks"], "mask": mask, "lengths": lengths}
        if not length:
            return context, {}
        rows = ops.shape(mask)[0]
        return context, {"blocks": [b.attention.empty_cache(rows, length) for b in self.blocks]}

    def grow(self, state, length):
        """See `Decoder`."""
        return tree.map_structure(lambda cache: grow_cache(cache, length), state)

    def call(self, tokens, context, state, position=0, training=None, segments=None):
        """See `Decoder`; in training, `segments` int (B, T) keeps targets of one row apart."""
        caches = state.get("blocks", [None] * len(self.blocks))
        mask, same_segment = context["mask"], None
        if not state:
            self._check(mask, tokens.shape[1] or 0)
        # 1. A target's positions continue those of its source. In attention they begin at `begin`,
        # counted from the start of the row (B * N, 1), or for packed rows (B, T). The embeddings
        # take an `offset` from steps 0 to T - 1 to positions, counted from the start of a segment.
        if segments is None:
            begin = self._begin(tokens, context["lengths"])
            offset = begin + position
        else:
            same_segment = together(segments, segments)
            offset = context["lengths"] - first_positions(segments, segments)
            begin = offset + ops.argmax(ops.cast(mask, "int32"), axis=-1)
        x = self.embedding(tokens, position=offset, training=training)
        # 2. The blocks, each with the keys and values of the source and of earlier steps.
        new_caches, on_source = [], None
        for block, memory, cache in zip(self.blocks, context["blocks"], caches, strict=True):
            x, cache, on_source = block.follow(
                x,
                memory,
                mask,
                begin,
                cache=cache,
                position=position,
                training=training,
                attention_mask=same_segment,
            )
            new_caches.append(cache)
        if self.normalize is not None:
            x = self.normalize(x)
        # 3. The alignment (B * N, T, S): probabilities (B * N, H, T, S) that fall on the source.
        alignment = None
        if self.follows_source:
            alignment = ops.mean(on_source, axis=1)
            alignment = alignment / ops.maximum(ops.sum(alignment, axis=-1, keepdims=True), 1e-9)
        logits = self.table(x, reverse=True)
        return Step(logits, x, alignment, {"blocks": new_caches} if state else {})

    def _check(self, mask, length):
        """Refuses a source and a target of `length` that learned positions do not reach."""
        before = mask.shape[-1] if self.follows_source else 0
        if self.max_positions and before is not None and before + length > self.max_positions:
            raise ValueError(
                f"A source of {before} tokens and a target of {length} are one sequence to this "
                f"model, which has learned positions for {self.max_positions}. Shorten either, or "
                "build the model with a larger `max_positions`."
            )

    def _begin(self, tokens, lengths):
        """Lengths of B sources (B, 1) -> the first positions of their targets (B * N, 1)."""
        first = tokens[:, :1, None]
        folded = fold(first, ops.shape(lengths)[0])
        spread = ops.broadcast_to(lengths[:, :, None], ops.shape(folded))
        return unfold(spread, first)[..., 0]
