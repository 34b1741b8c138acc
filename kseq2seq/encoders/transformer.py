"""The Transformer's encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras

from kseq2seq.deprecation import renamed
from kseq2seq.encoders.spec import SourceSpec, real_positions, sequence_spec
from kseq2seq.encoders.subsampled import read_subsampled
from kseq2seq.layers import (
    BlockSizes,
    EncoderBlock,
    TokenEmbedding,
    attend,
    normalization,
    stack_positions,
)


@renamed(positions="position_scheme")
def transformer_encoder(
    table: keras.layers.Layer,
    sizes: BlockSizes,
    *,
    num_layers: int,
    source: SourceSpec | int | None = None,
    position_scheme: str = "sinusoidal",
    max_positions: int = 512,
    attend: Callable = attend,
    remat: bool = False,
    stride: int = 1,
) -> keras.Model:
    """Builds a stack of self-attention blocks over embedded tokens, or over features.

    Args:
        table: the embedding of source ids, which the decoder may share; or, for a source of
            features, the layer that `source_table` returns for what `stride` leaves of them.
        sizes: those of all blocks.
        source: a sequence of ids or of features; None takes the ids of `table`.
        num_layers: how many blocks.
        position_scheme: how positions are known; one of `kseq2seq.layers.POSITION_SCHEMES`.
        max_positions: the longest source that learned positions reach.
        attend: `kseq2seq.layers.attend`, or a variant of it for long sources.
        remat: keep only each block's input, and compute its insides again for the gradient.
        stride: units of the source for each position; see `kseq2seq.layers.Subsampling`.

    Returns:
        A functional model {"source" (B, S, ...), "source_mask" (B, S)} -> {"outputs" (B, S /
        stride, hidden_dim), "mask" (B, S / stride)}.

    Example:
        >>> from kseq2seq.encoders import transformer_encoder
        >>> from kseq2seq.layers import BlockSizes, token_table
        >>> sizes = BlockSizes(hidden_dim=8, num_heads=2, inner_dim=16)
        >>> encoder = transformer_encoder(token_table(50, 8), sizes, num_layers=1)
        >>> encoder.output["outputs"].shape
        (None, None, 8)

    Source:
        Vaswani et al. 2017, section 3.1; with `norm="pre"` a last normalization follows the blocks
        (Xiong et al. 2020).
    """
    spec = sequence_spec(table.input_dim if source is None else source, "a Transformer")
    inputs = spec.symbolic()
    dim = sizes.hidden_dim
    with keras.name_scope("encoder"):
        units, _ = read_subsampled(inputs, spec, stride)
        mask = real_positions(units)
        embed = TokenEmbedding(
            table, dim, position_scheme, max_positions, sizes.dropout, name="embedding"
        )
        schemes = stack_positions(
            position_scheme, num_layers, sizes.num_heads, sizes.head_dim, True
        )
        blocks = [
            EncoderBlock(sizes, scheme, attend, remat, name=f"block_{index}")
            for index, scheme in enumerate(schemes)
        ]
        norm = normalization(dim, name="norm") if sizes.norm.before else None
        encoded = {**read_source(embed, blocks, norm, units["source"], mask), "mask": mask}
    return keras.Model(inputs, encoded, name="encoder")


def read_source(
    embedding: TokenEmbedding,
    blocks: Iterable[EncoderBlock],
    norm: keras.layers.Layer | None,
    source: Any,
    mask: Any,
    position: Any = 0,
) -> dict[str, Any]:
    """Runs an encoder's layers over a source (B, S, ...); returns its "outputs" (B, S, hidden_dim).

    `mask` and `position` are those of `EncoderBlock` and `TokenEmbedding`.
    """
    x = embedding(source, position=position)
    for block in blocks:
        x = block(x, mask)
    return {"outputs": norm(x) if norm else x}
