"""The architecture that reads a line of text in a picture: convolutions, then recurrence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import keras

from kseq2seq import checks
from kseq2seq.encoders import Facts, SourceSpec, column_encoder
from kseq2seq.encoders.columns import STRIDES
from kseq2seq.layers.recurrent_stack import STATES
from kseq2seq.models.architecture import Architecture, register_architecture


@register_architecture("crnn")
@dataclass(frozen=True, kw_only=True)
class Crnn(Architecture):
    """Shi et al. 2015: convolutions over the columns of a picture, and a bidirectional LSTM.

    It is an encoder. Build it with the head "ctc", as in the paper, or as half of a "hybrid" with
    an attentive decoder, for example "luong", which may have a "joint" head.

    Args:
        hidden_dim: width of each direction of the recurrent layers.
        channels: of the first convolutions; later ones have 2 and 4 times as many.
        num_layers: recurrent layers.
        stride: columns of the picture for each position of the outputs: 1, 2, 4 or 8. CTC needs
            as many positions as a text has letters, and more for double letters.
        cell: "lstm", as in the paper, "gru" or "rnn".
        dropout: rate on the input of each recurrent layer, in [0, 1).

    Example:
        >>> from kseq2seq import build_model
        >>> line = {"source": ((None, 32), "float32"), "source_mask": ((None,), "int32")}
        >>> sizes = {"hidden_dim": 8, "channels": 4, "num_layers": 1}
        >>> build_model("crnn", line, 30, head="ctc", **sizes).output.shape
        (None, None, 30)
    """

    hidden_dim: int = 192
    channels: int = 32
    num_layers: int = 2
    stride: int = 4
    cell: str = "lstm"
    dropout: float = 0.1

    encoder_settings = ("stride", "cell")
    layer_names = ("both",)
    recipe_sizes: ClassVar = None  # its source is a picture

    def __post_init__(self):
        self.check_whole("hidden_dim", "channels")
        self.check_whole("num_layers", most=checks.MOST_LAYERS)
        checks.one_of(STRIDES, stride=self.stride)
        checks.one_of(tuple(STATES), cell=self.cell)
        checks.rate(dropout=self.dropout)

    @property
    def facts(self) -> Facts:
        """See `Architecture`."""
        return Facts(stride=self.stride)

    def encoder_weights(self, source: SourceSpec) -> int:
        """See `Architecture`; without the first stages of convolutions."""
        convolutions = 9 * 3 * (4 * self.channels) ** 2
        return convolutions + 2 * 3 * self.num_layers * self.hidden_dim**2

    def build_encoder(self, source: SourceSpec) -> keras.Model:
        """See `Architecture`."""
        return column_encoder(
            source,
            channels=self.channels,
            hidden_dim=self.hidden_dim,
            num_layers=self.num_layers,
            cell=self.cell,
            stride=self.stride,
            dropout=self.dropout,
        )
