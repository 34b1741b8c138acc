"""The Transformer's decoder."""

from __future__ import annotations

import keras
from keras import ops, tree

from kseq2seq.decoders.decoder import Decoder, Step
from kseq2seq.deprecation import renamed
from kseq2seq.layers import (
    BlockSizes,
    DecoderBlock,
    Pointer,
    TokenEmbedding,
    normalization,
    stack_positions,
)
from kseq2seq.layers.attention import grow_cache
from kseq2seq.layers.segments import first_positions, together


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
class TransformerDecoder(Decoder):
    """A stack of causal self-attention, cross-attention and feed-forward blocks.

    In training all steps run at once under a causal mask. In decoding each block keeps the keys
    and values of earlier steps in a cache of fixed size.

    Args:
        table: the embedding of target ids, which also maps vectors to logits.
        sizes: those of all blocks.
        num_layers: how many blocks.
        position_scheme: how positions are known; one of `kseq2seq.layers.POSITION_SCHEMES`.
        max_positions: the longest target that learned positions reach.
        source_dim: width of the encoder's outputs.
        copy: mix words of the source into the distribution of the next word.
        coverage: weight of the coverage loss; 0 for none.

    Example:
        >>> from kseq2seq import build_model
        >>> sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2}
        >>> decoder = build_model("transformer", source=9, target=9, **sizes).decoder
        >>> type(decoder).__name__
        'TransformerDecoder'

    Source:
        Vaswani et al. 2017, section 3.1; with `norm="pre"` a last normalization follows the blocks
        (Xiong et al. 2020). The alignment is the mean over the heads of the last block. Copies are
        those of See et al. 2017, chosen by the last vector and that of the token (equation 8 has
        the mean of the source too, which the last vector has seen); coverage is a loss alone.
    """

    rewinds = True

    def __init__(
        self,
        table: keras.layers.ReversibleEmbedding,
        sizes: BlockSizes,
        *,
        num_layers,
        position_scheme,
        max_positions,
        source_dim,
        copy=False,
        coverage=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        dim = sizes.hidden_dim
        self.vocabulary_size = table.input_dim
        self.hidden_width = dim
        self.table = table
        self.copies = copy
        self.coverage = float(coverage)
        with self.parts():
            self.embedding = TokenEmbedding(
                table, dim, position_scheme, max_positions, sizes.dropout, name="embedding"
            )
            schemes = stack_positions(
                position_scheme, num_layers, sizes.num_heads, sizes.head_dim, bidirectional=False
            )
            self.blocks = [
                DecoderBlock(sizes, source_dim, scheme, name=f"block_{index}")
                for index, scheme in enumerate(schemes)
            ]
            self.normalize = normalization(dim, name="norm") if sizes.norm.before else None
            self.pointer = Pointer(2 * dim, name="pointer") if copy else None
        self.max_positions = self.embedding.max_length

    def initial(self, encoded, length=0):
        """See `Decoder`; the context is each block's keys and values of the source.

        `encoded["mask"]` is bool (B, S), or for packed rows (B, T, S): what each target token sees.
        """
        outputs = encoded["outputs"]
        context = {
            "blocks": [block.cross_attention.context(outputs) for block in self.blocks],
            "mask": encoded["mask"],
        }
        if self.copies:
            context["copy_ids"] = encoded["copy_ids"]
        if not length:
            return context, {}
        rows = ops.shape(outputs)[0]
        caches = [block.self_attention.empty_cache(rows, length) for block in self.blocks]
        return context, {"blocks": caches}

    def grow(self, state, length):
        """See `Decoder`."""
        return tree.map_structure(lambda cache: grow_cache(cache, length), state)

    def call(self, tokens, context, state, position=0, training=None, segments=None):
        """See `Decoder`; in training, `segments` int (B, T) keeps targets of one row apart."""
        caches = state.get("blocks", [None] * len(self.blocks))
        # 1. What each step sees, (T, T) or for packed rows (B, 1, T, T), and the offset from steps
        # to positions: the steps before, or for packed rows (B, T) minus where a segment begins.
        steps = ops.arange(ops.shape(tokens)[1], dtype="int32")
        mask, offset = steps[None, :] <= steps[:, None], position
        if segments is not None:
            mask = ops.logical_and(mask, together(segments, segments))[:, None]
            offset = -first_positions(segments, segments)
        # 2. The blocks, each with its keys and values of the source and of earlier steps; without a
        # cache, a block returns no new one.
        x = embedded = self.embedding(tokens, position=offset, training=training)
        new_caches, alignment = [], None
        for block, memory, cache in zip(self.blocks, context["blocks"], caches, strict=True):
            x, *new_cache, alignment = block(
                x,
                memory,
                context["mask"],
                mask,
                cache=cache,
                position=position,
                training=training,
            )
            new_caches += new_cache
        # 3. Logits, by the matrix of the embedding, or their mixture with copies.
        if self.normalize is not None:
            x = self.normalize(x)
        logits = self.table(x, reverse=True)
        if self.pointer is not None:
            features = ops.concatenate([x, embedded], axis=-1)
            logits = self.pointer(logits, features, alignment, context["copy_ids"])
        return Step(logits, x, alignment, {"blocks": new_caches} if state else {})
