"""The source half of a decoder-only Transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kseq2seq.encoders.spec import mask_input, real_positions, source_inputs
from kseq2seq.layers import PrefixBlock, TokenEmbedding


def prefix_encoder(
    embedding: TokenEmbedding,
    blocks: Sequence[PrefixBlock],
    norm: keras.layers.Layer | None,
) -> keras.Model:
    """Runs the blocks of a decoder-only model over a source, and keeps what targets look at.

    Args:
        embedding: of source and target ids.
        blocks: which the decoder shares.
        norm: what follows the last block, or None.

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
class NoPrefix(keras.layers.Layer):
    """The keys and values of a source that has nothing: one place, which no query sees.

    Args:
        num_blocks: of the decoder.
        num_heads: of each.
        head_dim: width of a head.
    """

    def __init__(self, num_blocks: int, num_heads: int, head_dim: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_blocks, self.num_heads, self.head_dim = num_blocks, num_heads, head_dim

    def call(self, mask):
        """Maps a mask (B, 1) to what `prefix_encoder` gives, but its outputs."""
        rows, shape = ops.shape(mask)[0], (self.num_heads, self.head_dim, 1)
        key = ops.zeros((rows, *shape), self.compute_dtype)
        block = {"key": key, "value": ops.swapaxes(key, -1, -2)}
        return {
            "blocks": [dict(block) for _ in range(self.num_blocks)],
            "mask": ops.zeros_like(mask, dtype="bool"),
        }

    def get_config(self):
        """Returns the arguments of the constructor."""
        own = {name: getattr(self, name) for name in ("num_blocks", "num_heads", "head_dim")}
        return {**super().get_config(), **own}


def empty_encoder(num_blocks: int, num_heads: int, head_dim: int) -> keras.Model:
    """Returns the encoder of a language model, whose sources hold nothing.

    Args:
        num_blocks: of the decoder.
        num_heads: of each.
        head_dim: width of a head.

    Returns:
        A functional model {"source_mask" (B, 1)} -> {"blocks", "mask" (B, 1), all False}; the mask
        that it is given only says how many rows there are.

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
    x, kept = embedding(source, position=position), []
    for block in blocks:
        x, key, value = block(x, mask)
        kept.append({"key": key, "value": value})
    return {"outputs": norm(x) if norm else x, "blocks": kept}
