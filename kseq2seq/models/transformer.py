"""The Transformer, and what the decoder-only and the masked language model share with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from kseq2seq import checks
from kseq2seq.decoders import Decoder, TransformerDecoder
from kseq2seq.encoders import (
    Facts,
    SourceSpec,
    sequence_spec,
    source_table,
    token_spec,
    transformer_encoder,
)
from kseq2seq.layers import (
    ACTIVATIONS,
    NORMS,
    POSITION_SCHEMES,
    AttendInWindow,
    BlockSizes,
    Norm,
    attend,
    attend_in_chunks,
    encoder_decoder_norms,
    output_table,
)
from kseq2seq.models.architecture import Architecture, register_architecture
from kseq2seq.models.copying import Copying
from kseq2seq.models.strided import Strided

TIES = ("none", "target", "all")
ATTENTIONS = ("full", "chunked", "local")


@dataclass(frozen=True, kw_only=True)
class TransformerSizes(Architecture):
    """What all Transformers have in common.

    Args:
        hidden_dim: width of every block.
        num_layers: blocks of the stack.
        num_heads: heads of every attention; divides `hidden_dim`.
        inner_dim: width inside the feed-forward networks; None takes 4 * `hidden_dim`.
        activation: "relu", "gelu" or "swiglu".
        norm: "pre" (trains without much warm-up), "post" (as in the paper) or "deep" (DeepNet).
        position_scheme: how order is told: "sinusoidal", "learned", "rotary", "shaw" (relative
            vectors), "alibi" or "t5" (relative buckets).
        max_positions: the longest sequence that learned positions reach.
        dropout: rate on embeddings and residual branches (section 5.4), in [0, 1).
        attention_dropout: rate on the probabilities of every attention, in [0, 1).
    """

    hidden_dim: int = 256
    num_layers: int = 4
    num_heads: int = 8
    inner_dim: int | None = None
    activation: str = "relu"
    norm: str = "pre"
    position_scheme: str = "sinusoidal"
    max_positions: int = 512
    dropout: float = 0.1
    attention_dropout: float = 0.0

    old_names: ClassVar = {"positions": "position_scheme"}

    def __post_init__(self):
        self.check_whole("hidden_dim", "num_heads", "max_positions", optional=["inner_dim"])
        self.check_whole("num_layers", most=checks.MOST_LAYERS)
        checks.divides("num_heads", self.num_heads, "hidden_dim", self.hidden_dim)
        checks.one_of(ACTIVATIONS, activation=self.activation)
        checks.one_of(NORMS, norm=self.norm)
        checks.one_of(POSITION_SCHEMES, position_scheme=self.position_scheme)
        checks.rate(dropout=self.dropout, attention_dropout=self.attention_dropout)
        if self.position_scheme == "sinusoidal" and self.hidden_dim % 2:
            raise ValueError(
                f"Sinusoidal positions need an even `hidden_dim`; got {self.hidden_dim}. "
                f"Pass an even one, or position_scheme='learned'."
            )
        if self.position_scheme == "rotary" and self.hidden_dim // self.num_heads % 2:
            raise ValueError(
                f"Rotary positions turn pairs of features, so `hidden_dim` / `num_heads` must be "
                f"even; got {self.hidden_dim} / {self.num_heads}. Pass another `num_heads`."
            )

    def block_weights(self, attentions: int) -> int:
        """Returns how many weights the matrices of a block with so many attentions have."""
        matrices = 3 if self.activation == "swiglu" else 2
        inner = matrices * (self.inner_dim or 4 * self.hidden_dim)
        return self.hidden_dim * (4 * attentions * self.hidden_dim + inner)

    def table_weights(self, ids: int) -> int:
        """Returns how many weights the vectors of tokens and learned positions have."""
        positions = self.max_positions if self.position_scheme == "learned" else 0
        return (ids + positions) * self.hidden_dim

    def encoder_weights(self, source: SourceSpec) -> int:
        """See `Architecture`."""
        return self.table_weights(source.size) + self.num_layers * self.block_weights(1)

    def block_sizes(self, norm: Norm) -> BlockSizes:
        """Returns the sizes that each block is built from."""
        return BlockSizes(
            self.hidden_dim,
            self.num_heads,
            self.inner_dim or 4 * self.hidden_dim,
            self.activation,
            norm,
            self.dropout,
            self.attention_dropout,
        )


@dataclass(frozen=True, kw_only=True)
class EncoderSizes(TransformerSizes):
    """What Transformers with an encoder have in common; see also `TransformerSizes`.

    Args:
        attention: how the encoder attends: "full"; "chunked", the same result in memory that grows
            linearly with the source; or "local", to `window` positions on each side.
        window: for "local".
        remat: recompute the inside of the encoder's blocks for the gradient instead of storing it:
            a third more time, and memory for little more than one block.
    """

    attention: str = "full"
    window: int = 128
    remat: bool = False

    encoder_settings: ClassVar[tuple[str, ...]] = (
        "num_heads",
        "activation",
        "norm",
        "position_scheme",
        "attention",
        "window",
    )

    def __post_init__(self):
        super().__post_init__()
        checks.one_of(ATTENTIONS, attention=self.attention)
        self.check_whole("window", most=checks.MOST_PLACES)
        checks.flag(remat=self.remat)
        if self.attention_dropout and (self.attention == "chunked" or self.remat):
            given = "remat=True" if self.remat else "attention='chunked'"
            raise ValueError(
                f"`attention_dropout`={self.attention_dropout} does not go with {given}, which "
                "recomputes attention for the gradient and would drop other probabilities. Pass "
                "attention_dropout=0.0, or attention='full' or 'local' without `remat`."
            )

    @property
    def facts(self) -> Facts:
        """See `Architecture`."""
        local = self.attention == "local"
        return Facts(lookahead=self.num_layers * self.window if local else None)

    def stack(self, source: SourceSpec, table: keras.layers.Layer, norm: Norm) -> keras.Model:
        """Builds the encoder over a layer that maps the source to vectors."""
        return transformer_encoder(table, self.block_sizes(norm), **self.stack_sizes(source))

    def stack_sizes(self, source: SourceSpec) -> dict[str, Any]:
        """Returns what `transformer_encoder` takes beside the sizes of blocks."""
        ways: dict[str, Callable] = {
            "full": attend,
            "chunked": attend_in_chunks,
            "local": AttendInWindow(self.window),
        }
        return {
            "num_layers": self.num_layers,
            "source": source,
            "position_scheme": self.position_scheme,
            "max_positions": self.max_positions,
            "attend": ways[self.attention],
            "remat": self.remat,
        }


@register_architecture("transformer")
@dataclass(frozen=True, kw_only=True)
class Transformer(Strided, Copying, EncoderSizes):
    """Vaswani et al. 2017; see also `TransformerSizes` and `EncoderSizes`.

    It can copy words of the source, see `kseq2seq.models.Copying`, and shorten sources of features,
    see `kseq2seq.models.strided.Strided`.

    Args:
        decoder_layers: blocks of the decoder; None takes `num_layers`.
        tie_embeddings: "target" (the output layer is the target embedding), "all" (the source
            embedding too; needs one shared vocabulary) or "none".

    Example:
        >>> from kseq2seq.models import Transformer
        >>> Transformer(num_layers=6, decoder_layers=2).position_scheme
        'sinusoidal'
    """

    decoder_layers: int | None = None
    tie_embeddings: str = "target"

    encoder_settings: ClassVar[tuple[str, ...]] = (*EncoderSizes.encoder_settings, "stride")
    packs = True
    recipe_sizes: ClassVar[dict[str, Any] | None] = {"num_heads": 4, "tie_embeddings": "all"}

    def __post_init__(self):
        EncoderSizes.__post_init__(self)
        Copying.__post_init__(self)
        Strided.__post_init__(self)
        self.check_whole(optional=["decoder_layers"], most=checks.MOST_LAYERS)
        checks.one_of(TIES, tie_embeddings=self.tie_embeddings)

    @property
    def facts(self) -> Facts:
        """See `Architecture`."""
        ahead = super().facts.lookahead
        return Facts(stride=self.stride, lookahead=None if ahead is None else ahead * self.stride)

    def stack_sizes(self, source: SourceSpec) -> dict[str, Any]:
        """See `EncoderSizes`."""
        return {**super().stack_sizes(source), "stride": self.stride}

    def decoder_weights(self, target: int) -> int:
        """See `Architecture`; a shared table counts as the encoder's."""
        layers = (self.decoder_layers or self.num_layers) * self.block_weights(2)
        return layers + (0 if self.tie_embeddings == "all" else self.table_weights(target))

    def build_encoder(self, source: SourceSpec) -> keras.Model:
        """See `Architecture`."""
        source = sequence_spec(source, "a Transformer")
        with keras.name_scope("encoder"):
            table = source_table(self.shortened(source), self.hidden_dim)
        return self.stack(source, table, self._norms()[0])

    def build_decoder(
        self, target: int, encoded: dict[str, Any], table: keras.layers.Layer | None = None
    ) -> Decoder:
        """See `Architecture`; `table` is an embedding that the encoder shares."""
        if table is None:
            with keras.name_scope("decoder"):
                table = output_table(target, self.hidden_dim, tied=self.tie_embeddings != "none")
        return TransformerDecoder(
            table,
            self.block_sizes(self._norms()[1]),
            num_layers=self.decoder_layers or self.num_layers,
            position_scheme=self.position_scheme,
            max_positions=self.max_positions,
            source_dim=encoded["outputs"].shape[-1],
            copy=self.copy,
            coverage=self.coverage,
        )

    def parts(self, source: SourceSpec, target: int) -> tuple[keras.Model, Decoder]:
        """See `Architecture`."""
        if self.tie_embeddings != "all":
            return super().parts(source, target)
        size = token_spec(source, "A Transformer with `tie_embeddings`='all'").size
        if size != target:
            raise ValueError(
                f"`tie_embeddings`='all' shares one table between source and target, but they have "
                f"{size} and {target} ids. Train one joint vocabulary, or pass 'target'."
            )
        with keras.name_scope("shared"):
            table = output_table(target, self.hidden_dim, tied=True)
        encoder = self.stack(source, table, self._norms()[0])
        return encoder, self.build_decoder(target, encoder.output, table)

    def _norms(self) -> tuple[Norm, Norm]:
        layers = self.num_layers
        return encoder_decoder_norms(self.norm, layers, self.decoder_layers or layers)
