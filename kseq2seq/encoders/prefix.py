"""The source half of a decoder-only Transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from kseq2seq.encoders.inputs import real_places, source_inputs
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
    source, mask = inputs["source"], real_places(inputs)
    encoded = {**read_prefix(embedding, blocks, norm, source, mask), "mask": mask}
    return keras.Model(inputs, encoded, name="encoder")


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
