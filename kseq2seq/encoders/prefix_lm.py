"""The source half of a decoder-only Transformer, a prefix language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kseq2seq.encoders.spec import mask_input, real_positions, source_inputs
from kseq2seq.layers import Prebuilt, PrefixBlock, TokenEmbedding


def prefix_encoder(
    embedding: TokenEmbedding,
    blocks: Sequence[PrefixBlock],
    norm: keras.layers.Layer | None,
) -> keras.Model:
    """Builds an encoder of a decoder-only model's blocks that keeps what targets look at.

    Args:
        embedding: of source and target ids.
        blocks: shared with the decoder.
        norm: the normalization after the last block, or None.

    Returns:
        A functional model {"source" (B, S), "source_mask" (B, S)} -> {"outputs" (B, S,
        hidden_dim), "mask" (B, S), "blocks": for each {"key" (B, H, D, S), "value" (B, H, S, D)}}.

    Example:
        >>> from kseq2seq.encoders import prefix_encoder
        >>> from kseq2seq.layers import BlockSizes, PrefixBlock, TokenEmbedding, token_table
        >>> embedding = TokenEmbedding(token_table(50, 8), 8, "sinusoidal", 64, dropout=0.0)
        >>> blocks = [PrefixBlock(BlockSizes(hidden_dim=8, num_heads=2, inner_dim=16))]
        >>> prefix_encoder(embedding, blocks, norm=None).output["blocks"][0]["key"].shape
        (None, 2, 4, None)
    """
    inputs = source_inputs()
    source, mask = inputs["source"], real_positions(inputs)
    encoded = {**read_prefix(embedding, blocks, norm, source, mask), "mask": mask}
    return keras.Model(inputs, encoded, name="encoder")


@keras.saving.register_keras_serializable(package="kseq2seq")
class NoPrefix(Prebuilt):
    """The keys and values of an empty source: one position, which no query sees.

    Args:
        num_blocks: of the decoder.
        num_heads: of each.
        head_dim: width of a head.
    """

    def __init__(self, num_blocks: int, num_heads: int, head_dim: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_blocks, self.num_heads, self.head_dim = num_blocks, num_heads, head_dim

    def call(self, mask):
        """Maps a mask (B, 1) to the "blocks" and "mask" that `prefix_encoder` gives."""
        rows, shape = ops.shape(mask)[0], (self.num_heads, self.head_dim, 1)
        key = ops.zeros((rows, *shape), self.compute_dtype)
        block = {"key": key, "value": ops.swapaxes(key, -1, -2)}
        return {
            "blocks": [dict(block) for _ in range(self.num_blocks)],
            "mask": ops.zeros_like(mask, dtype="bool"),
        }


def empty_encoder(num_blocks: int, num_heads: int, head_dim: int) -> keras.Model:
    """Returns the encoder of a language model, whose sources are empty.

    Args:
        num_blocks: of the decoder.
        num_heads: of each.
        head_dim: width of a head.

    Returns:
        A functional model {"source_mask" (B, 1)} -> {"blocks", "mask" (B, 1), all False}; of its
        input only the number of rows counts.

    Example:
        >>> from kseq2seq.encoders import empty_encoder
        >>> empty_encoder(2, num_heads=2, head_dim=4).count_params()
        0
    """
    mask = mask_input("source_mask")
    encoded = NoPrefix(num_blocks, num_heads, head_dim, name="no_prefix")(mask)
    return keras.Model({"source_mask": mask}, encoded, name="encoder")


def read_prefix(
    embedding: TokenEmbedding,
    blocks: Sequence[PrefixBlock],
    norm: keras.layers.Layer | None,
    source: Any,
    mask: Any,
    position: Any = 0,
) -> dict[str, Any]:
    """Runs the blocks over source ids (B, S); returns the encoder's "outputs" and "blocks".

    `mask` and `position` are those of `PrefixBlock` and `TokenEmbedding`.
    """
    x, memory = embedding(source, position=position), []
    for block in blocks:
        x, key, value = block(x, mask)
        memory.append({"key": key, "value": value})
    return {"outputs": norm(x) if norm else x, "blocks": memory}
