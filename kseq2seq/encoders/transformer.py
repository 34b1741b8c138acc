"""The Transformer's encoder."""

from __future__ import annotations

import keras

from kseq2seq.encoders.inputs import mask_input, token_input
from kseq2seq.layers import EncoderBlock, TokenEmbedding, normalization


def transformer_encoder(
    table: keras.layers.Layer,
    *,
    hidden_dim: int,
    num_layers: int,
    num_heads: int,
    inner_dim: int,
    activation: str,
    norm: str,
    positions: str,
    max_positions: int,
    dropout: float,
) -> keras.Model:
    """Builds a stack of self-attention blocks over embedded tokens.

    Args:
        table: the embedding of source ids, which the decoder may share.
        hidden_dim: width of every block.
        num_layers: how many blocks.
        num_heads: heads of every attention.
        inner_dim: width inside the feed-forward networks.
        activation: "relu", "gelu" or "swiglu".
        norm: "pre" or "post".
        positions: "sinusoidal", "learned" or "rotary".
        max_positions: the longest source that learned positions reach.
        dropout: rate on embeddings and residual branches, in [0, 1).

    Returns:
        A functional model {"source" (B, S), "source_mask" (B, S)} -> {"outputs" (B, S,
        hidden_dim), "mask" (B, S)}.

    Example:
        >>> from kseq2seq.encoders import transformer_encoder
        >>> from kseq2seq.layers import token_table
        >>> encoder = transformer_encoder(
        ...     token_table(50, 8),
        ...     hidden_dim=8,
        ...     num_layers=1,
        ...     num_heads=2,
        ...     inner_dim=16,
        ...     activation="relu",
        ...     norm="pre",
        ...     positions="sinusoidal",
        ...     max_positions=64,
        ...     dropout=0.1,
        ... )
        >>> encoder.output["outputs"].shape
        (None, None, 8)

    Source:
        Vaswani et al. 2017, section 3.1; with `norm="pre"` a last normalisation follows the blocks
        (Xiong et al. 2020).
    """
    source, mask = token_input("source"), mask_input("source_mask")
    embed = TokenEmbedding(table, hidden_dim, positions, max_positions, dropout, name="embedding")
    x = embed(source)
    for index in range(num_layers):
        x = EncoderBlock(
            hidden_dim,
            num_heads,
            inner_dim,
            activation,
            norm,
            dropout,
            rotary=positions == "rotary",
            name=f"block_{index}",
        )(x, mask)
    if norm == "pre":
        x = normalization(hidden_dim, name="norm")(x)
    encoded = {"outputs": x, "mask": mask}
    return keras.Model({"source": source, "source_mask": mask}, encoded, name="encoder")
