"""The convolutional architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from kseq2seq import checks
from kseq2seq.decoders import ConvolutionalDecoder, Decoder
from kseq2seq.encoders import Facts, SourceSpec, convolutional_encoder
from kseq2seq.models.architecture import Architecture, register_architecture


@register_architecture("convolutional")
@dataclass(frozen=True, kw_only=True)
class Convolutional(Architecture):
    """Gehring et al. 2017 (ConvS2S): gated convolutions, and attention in each decoder layer.

    Args:
        hidden_dim: width of the convolutions.
        embedding_dim: width of the token vectors and of attention; None takes `hidden_dim`.
        num_layers: convolutions of the encoder, and of the decoder by default. Each lets an output
            see `kernel_size - 1` more positions.
        decoder_layers: convolutions of the decoder; None takes `num_layers`.
        kernel_size: positions that a convolution sees; at least 2.
        position_scheme: "learned" (as in the paper) or "sinusoidal".
        max_positions: the longest sequence that learned positions reach.
        tie_embeddings: "target" (the output layer is the target embedding) or "none".
        dropout: rate on embeddings, convolutions' inputs and the last layer, in [0, 1).

    Example:
        >>> from kseq2seq.models import Convolutional
        >>> Convolutional(num_layers=8).kernel_size
        3
    """

    hidden_dim: int = 256
    embedding_dim: int | None = None
    num_layers: int = 4
    decoder_layers: int | None = None
    kernel_size: int = 3
    position_scheme: str = "learned"
    max_positions: int = 512
    tie_embeddings: str = "target"
    dropout: float = 0.1

    old_names: ClassVar = {"positions": "position_scheme"}
    reads_any_encoder = False  # only its own, which gives keys
    encoder_settings = ("position_scheme", "kernel_size")

    def __post_init__(self):
        self.check_whole("hidden_dim", "max_positions", optional=["embedding_dim"])
        self.check_whole("num_layers", optional=["decoder_layers"], most=checks.MOST_LAYERS)
        self.check_whole("kernel_size", least=2, most=checks.MOST_PLACES)
        checks.one_of(("learned", "sinusoidal"), position_scheme=self.position_scheme)
        checks.one_of(("none", "target"), tie_embeddings=self.tie_embeddings)
        checks.rate(dropout=self.dropout)
        if self.position_scheme == "sinusoidal" and self._embedding_dim % 2:
            raise ValueError(
                f"Sinusoidal positions need an even `embedding_dim`; got {self._embedding_dim}. "
                f"Pass an even one, or position_scheme='learned'."
            )

    @property
    def _embedding_dim(self) -> int:
        return self.embedding_dim or self.hidden_dim

    @property
    def facts(self) -> Facts:
        """See `Architecture`."""
        return Facts(lookahead=self.num_layers * (self.kernel_size // 2))

    def encoder_weights(self, source: SourceSpec) -> int:
        """See `Architecture`."""
        return self._weights(source.size, self.num_layers)

    def decoder_weights(self, target: int) -> int:
        """See `Architecture`."""
        return self._weights(target, self.decoder_layers or self.num_layers)

    def _weights(self, ids: int, layers: int) -> int:
        positions = self.max_positions if self.position_scheme == "learned" else 0
        return (ids + positions) * self._embedding_dim + (
            layers * self.kernel_size * 2 * self.hidden_dim * self.hidden_dim
        )

    def build_encoder(self, source: SourceSpec) -> keras.Model:
        """See `Architecture`."""
        return convolutional_encoder(
            source,
            embedding_dim=self._embedding_dim,
            hidden_dim=self.hidden_dim,
            num_layers=self.num_layers,
            kernel_size=self.kernel_size,
            position_scheme=self.position_scheme,
            max_positions=self.max_positions,
            dropout=self.dropout,
        )

    def build_decoder(self, target: int, encoded: dict[str, Any]) -> Decoder:
        """See `Architecture`."""
        return ConvolutionalDecoder(
            target,
            embedding_dim=self._embedding_dim,
            hidden_dim=self.hidden_dim,
            num_layers=self.decoder_layers or self.num_layers,
            kernel_size=self.kernel_size,
            position_scheme=self.position_scheme,
            max_positions=self.max_positions,
            tied=self.tie_embeddings != "none",
            dropout=self.dropout,
        )
