"""The Conformer's encoder."""

from __future__ import annotations

from collections.abc import Callable

import keras

from kseq2seq.encoders.spec import SourceSpec, real_positions, sequence_spec
from kseq2seq.encoders.subsampled import read_subsampled
from kseq2seq.encoders.transformer import read_source
from kseq2seq.layers import BlockSizes, ConformerBlock, TokenEmbedding, attend, stack_positions


def conformer_encoder(
    table: keras.layers.Layer,
    sizes: BlockSizes,
    *,
    num_layers: int,
    kernel_size: int,
    source: SourceSpec | int | None = None,
    position_scheme: str = "rotary",
    max_positions: int = 512,
    attend: Callable = attend,
    remat: bool = False,
    stride: int = 1,
) -> keras.Model:
    """Builds a stack of Conformer blocks over features, or over embedded tokens.

    Args:
        table: as for `transformer_encoder`.
        sizes: those of all blocks.
        num_layers: how many blocks.
        kernel_size: positions that the convolution of a block sees.
        source: a sequence of ids or of features; None takes the ids of `table`.
        position_scheme: how positions are known; one of `kseq2seq.layers.POSITION_SCHEMES`.
        max_positions: the longest source that learned positions reach.
        attend: `kseq2seq.layers.attend`, or a variant of it for long sources.
        remat: keep only each block's input, and compute its insides again for the gradient.
        stride: units of the source for each position; see `kseq2seq.layers.Subsampling`.

    Returns:
        A functional model {"source" (B, S, ...), "source_mask" (B, S)} -> {"outputs" (B, S /
        stride, hidden_dim), "mask" (B, S / stride)}.

    Example:
        >>> from kseq2seq.encoders import conformer_encoder
        >>> from kseq2seq.layers import BlockSizes, token_table
        >>> sizes = BlockSizes(hidden_dim=8, num_heads=2, inner_dim=16)
        >>> encoder = conformer_encoder(token_table(50, 8), sizes, num_layers=1, kernel_size=3)
        >>> encoder.output["outputs"].shape
        (None, None, 8)

    Source:
        Gulati et al. 2020, "Conformer: Convolution-augmented Transformer for Speech Recognition",
        section 2. Positions are rotary by default, in place of Transformer-XL's relative sinusoids.
    """
    spec = sequence_spec(table.input_dim if source is None else source, "a Conformer")
    inputs = spec.symbolic()
    with keras.name_scope("encoder"):
        units, _ = read_subsampled(inputs, spec, stride)
        mask = real_positions(units)
        embed = TokenEmbedding(
            table, sizes.hidden_dim, position_scheme, max_positions, sizes.dropout, name="embedding"
        )
        schemes = stack_positions(
            position_scheme, num_layers, sizes.num_heads, sizes.head_dim, True
        )
        blocks = [
            ConformerBlock(sizes, scheme, attend, remat, kernel_size, name=f"block_{index}")
            for index, scheme in enumerate(schemes)
        ]
        encoded = {**read_source(embed, blocks, None, units["source"], mask), "mask": mask}
    return keras.Model(inputs, encoded, name="encoder")
