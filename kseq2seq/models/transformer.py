"""The Transformer: its sizes, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from kseq2seq.decoders import Decoder, TransformerDecoder
from kseq2seq.encoders import transformer_encoder
from kseq2seq.layers import ACTIVATIONS, NORMS, POSITIONS, output_table, token_table
from kseq2seq.models import checks

TIES = ("none", "target", "all")


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """Vaswani et al. 2017.

    Args:
        hidden_dim: width of every block.
        num_layers: blocks of the encoder, and of the decoder unless `decoder_layers` says else.
        decoder_layers: blocks of the decoder; None takes `num_layers`.
        num_heads: heads of every attention; divides `hidden_dim`.
        inner_dim: width inside the feed-forward networks; None takes 4 * `hidden_dim`.
        activation: "relu", "gelu" or "swiglu".
        norm: "pre" (trains without much warm-up) or "post" (as in the paper).
        positions: "sinusoidal", "learned" or "rotary".
        max_positions: the longest sequence that learned positions reach.
        tie_embeddings: "target" (the output layer is the target embedding), "all" (the source
            embedding too; needs one shared vocabulary) or "none".
        dropout: rate on embeddings and residual branches (section 5.4), in [0, 1).

    Example:
        >>> from kseq2seq.models import Transformer
        >>> Transformer(num_layers=6, decoder_layers=2).positions
        'sinusoidal'
    """

    hidden_dim: int = 256
    num_layers: int = 4
    decoder_layers: int | None = None
    num_heads: int = 8
    inner_dim: int | None = None
    activation: str = "relu"
    norm: str = "pre"
    positions: str = "sinusoidal"
    max_positions: int = 512
    tie_embeddings: str = "target"
    dropout: float = 0.1

    def __post_init__(self):
        checks.at_least(
            1,
            hidden_dim=self.hidden_dim,
            num_layers=self.num_layers,
            num_heads=self.num_heads,
            max_positions=self.max_positions,
        )
        for name in ("decoder_layers", "inner_dim"):
            if getattr(self, name) is not None:
                checks.at_least(1, **{name: getattr(self, name)})
        checks.divides("num_heads", self.num_heads, "hidden_dim", self.hidden_dim)
        checks.one_of(ACTIVATIONS, activation=self.activation)
        checks.one_of(NORMS, norm=self.norm)
        checks.one_of(POSITIONS, positions=self.positions)
        checks.one_of(TIES, tie_embeddings=self.tie_embeddings)
        checks.rate(dropout=self.dropout)
        if self.positions == "sinusoidal" and self.hidden_dim % 2:
            raise ValueError(
                f"Sinusoidal positions need an even `hidden_dim`; got {self.hidden_dim}. "
                f"Pass an even one, or positions='learned'."
            )
        if self.positions == "rotary" and self.hidden_dim // self.num_heads % 2:
            raise ValueError(
                f"Rotary positions turn pairs of features, so `hidden_dim` / `num_heads` must be "
                f"even; got {self.hidden_dim} / {self.num_heads}. Pass another `num_heads`."
            )

    def parts(self, source: int, target: int) -> tuple[keras.Model, Decoder]:
        """Builds the encoder and the decoder for vocabularies of `source` and `target` ids."""
        if self.tie_embeddings == "all" and source != target:
            raise ValueError(
                f"`tie_embeddings`='all' shares one table between source and target, but they have "
                f"{source} and {target} ids. Train one joint vocabulary, or pass 'target'."
            )
        sizes: dict[str, Any] = {
            "hidden_dim": self.hidden_dim,
            "num_heads": self.num_heads,
            "inner_dim": self.inner_dim or 4 * self.hidden_dim,
            "activation": self.activation,
            "norm": self.norm,
            "positions": self.positions,
            "max_positions": self.max_positions,
            "dropout": self.dropout,
        }
        target_table = output_table(target, self.hidden_dim, tied=self.tie_embeddings != "none")
        source_table = target_table
        if self.tie_embeddings != "all":
            source_table = token_table(source, self.hidden_dim)
        encoder = transformer_encoder(source_table, num_layers=self.num_layers, **sizes)
        decoder = TransformerDecoder(
            target_table,
            num_layers=self.decoder_layers or self.num_layers,
            source_dim=self.hidden_dim,
            **sizes,
        )
        return encoder, decoder
