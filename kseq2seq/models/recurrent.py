"""The recurrent architectures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from kseq2seq import checks
from kseq2seq.decoders import BahdanauDecoder, ChoDecoder, Decoder, LuongDecoder, SutskeverDecoder
from kseq2seq.encoders import Facts, SourceSpec, recurrent_encoder
from kseq2seq.layers.recurrent_stack import STATES
from kseq2seq.models.architecture import Architecture, register_architecture
from kseq2seq.models.copying import Copying
from kseq2seq.models.strided import Strided


@dataclass(frozen=True, kw_only=True)
class Recurrent(Strided, Architecture):
    """What all recurrent encoder-decoders have in common.

    For speech, a `stride` of 4 and a bidirectional encoder of some layers make "bahdanau" and
    "luong" models like that of Chan et al. 2016, "Listen, Attend and Spell", whose encoder halves
    the sequence between its layers.

    Args:
        hidden_dim: width of every recurrent layer; in a bidirectional encoder, of each direction.
        embedding_dim: width of the token vectors; None takes `hidden_dim`.
        num_layers: layers of the encoder, and of the decoder.
        bidirectional: the encoder reads both ways.
        reverse_source: the encoder reads the source backwards.
        dropout: rate on embeddings, between layers and before the output, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.
    """

    hidden_dim: int = 256
    embedding_dim: int | None = None
    num_layers: int = 1
    bidirectional: bool = False
    reverse_source: bool = False
    dropout: float = 0.1
    residual: bool = False

    cell: ClassVar[str]
    decoder_class: ClassVar[Callable[..., Decoder]]

    encoder_settings = ("bidirectional", "reverse_source", "residual", "stride")
    layer_names = ("rnn", "lstm", "gru", "both")

    def __post_init__(self):
        super().__post_init__()
        self.check_whole("hidden_dim", optional=["embedding_dim"])
        self.check_whole("num_layers", most=checks.MOST_LAYERS)
        checks.rate(dropout=self.dropout)
        checks.flag(
            bidirectional=self.bidirectional,
            reverse_source=self.reverse_source,
            residual=self.residual,
        )

    @property
    def facts(self) -> Facts:
        """See `Architecture`."""
        whole = self.bidirectional or self.reverse_source
        return Facts(stride=self.stride, lookahead=None if whole else 0)

    def encoder_weights(self, source: SourceSpec) -> int:
        """See `Architecture`."""
        return self._weights(source.size) * (2 if self.bidirectional else 1)

    def decoder_weights(self, target: int) -> int:
        """See `Architecture`; without the output layer."""
        return self._weights(target)

    def _weights(self, ids: int) -> int:
        """Counts half a table, and in each layer a matrix for its input and one for its state."""
        width = self.embedding_dim or self.hidden_dim
        above = 2 * (self.num_layers - 1) * self.hidden_dim
        return ids * width // 2 + self.hidden_dim * (width + self.hidden_dim + above)

    @property
    def num_states(self) -> int:
        """How many states each layer has."""
        return STATES[self.cell]

    def options(self, encoded: dict[str, Any]) -> dict[str, Any]:
        """Returns arguments of the decoder beside the common sizes."""
        return {}

    def build_encoder(self, source: SourceSpec) -> keras.Model:
        """See `Architecture`."""
        return recurrent_encoder(
            self.cell,
            source,
            bidirectional=self.bidirectional,
            reverse_source=self.reverse_source,
            stride=self.stride,
            **self._sizes(),
        )

    def build_decoder(self, target: int, encoded: dict[str, Any]) -> Decoder:
        """See `Architecture`."""
        return self.decoder_class(
            target,
            source_dim=encoded["outputs"].shape[-1],
            **self._sizes(),
            **self.options(encoded),
        )

    def _sizes(self) -> dict[str, Any]:
        return {
            "embedding_dim": self.embedding_dim or self.hidden_dim,
            "hidden_dim": self.hidden_dim,
            "num_layers": self.num_layers,
            "dropout": self.dropout,
            "residual": self.residual,
        }


@register_architecture("rnn")
@dataclass(frozen=True, kw_only=True)
class Rnn(Recurrent):
    """A plain recurrent network, tanh(W x + U h + b), wired like `Lstm`; see `Recurrent`.

    Example:
        >>> from kseq2seq.models import Rnn
        >>> Rnn(hidden_dim=64).cell
        'rnn'
    """

    cell = "rnn"
    decoder_class = SutskeverDecoder
    recipe_sizes: ClassVar = {"reverse_source": True}

    def options(self, encoded):
        """See `Recurrent`."""
        return {"cell": self.cell}


@register_architecture("lstm")
@dataclass(frozen=True, kw_only=True)
class Lstm(Recurrent):
    """Sutskever et al. 2014: the decoder starts from the encoder's last states; see `Recurrent`.

    Example:
        >>> from kseq2seq.models import Lstm
        >>> Lstm(hidden_dim=64).num_layers
        1
    """

    cell = "lstm"
    decoder_class = SutskeverDecoder
    recipe_sizes: ClassVar = {"reverse_source": True}


@register_architecture("gru")
@dataclass(frozen=True, kw_only=True)
class Gru(Recurrent):
    """Cho et al. 2014: the decoder sees one summary of the source at each step; see `Recurrent`.

    Example:
        >>> from kseq2seq.models import Gru
        >>> Gru(residual=True, num_layers=4).residual
        True
    """

    cell = "gru"
    decoder_class = ChoDecoder


@dataclass(frozen=True, kw_only=True)
class Attentive(Copying, Recurrent):
    """What those with attention have in common; see `Recurrent` and `Copying`."""

    def __post_init__(self):
        Recurrent.__post_init__(self)
        Copying.__post_init__(self)

    def options(self, encoded):
        """See `Recurrent`."""
        return {"cell": self.cell, "copy": self.copy, "coverage": self.coverage}


@register_architecture("bahdanau")
@dataclass(frozen=True, kw_only=True)
class Bahdanau(Attentive):
    """Bahdanau et al. 2015: additive attention from the previous state; see also `Recurrent`.

    It can copy words of the source; see `kseq2seq.models.Copying`.

    Args:
        cell: "gru", as in the paper, "lstm" or "rnn", of both halves.
        bidirectional: on, as in the paper.
        maxout: the readout keeps the larger of each pair of features; else it is a tanh.

    Example:
        >>> from kseq2seq.models import Bahdanau
        >>> Bahdanau().bidirectional, Bahdanau().maxout
        (True, True)
    """

    cell: str = "gru"  # type: ignore[misc]
    bidirectional: bool = True
    maxout: bool = True

    decoder_class = BahdanauDecoder

    def __post_init__(self):
        super().__post_init__()
        checks.one_of(tuple(STATES), cell=self.cell)
        checks.flag(maxout=self.maxout)

    def options(self, encoded):
        """See `Recurrent`."""
        start_dim = encoded["start"].shape[-1]
        return {**super().options(encoded), "maxout": self.maxout, "start_dim": start_dim}


@register_architecture("luong")
@dataclass(frozen=True, kw_only=True)
class Luong(Attentive):
    """Luong et al. 2015: global attention from the new state; see also `Recurrent`.

    It can copy words of the source; see `kseq2seq.models.Copying`. Coverage needs input feeding and
    the score "concat", which are those of an additive attention that runs step by step.

    Args:
        cell: "lstm", as in the paper, "gru" or "rnn", of both halves.
        score: "general", "dot" (then the encoder must be as wide as the decoder, so not
            bidirectional) or "concat".
        input_feeding: the attentional vector of a step is an input of the next.

    Example:
        >>> from kseq2seq import build_model
        >>> build_model("luong", source=9, target=9, score="dot", bidirectional=True)
        Traceback (most recent call last):
            ...
        ValueError: `score`='dot' needs encoder outputs as wide as the decoder's state, ...
    """

    cell: str = "lstm"  # type: ignore[misc]
    score: str = "general"
    input_feeding: bool = True

    decoder_class = LuongDecoder

    def __post_init__(self):
        super().__post_init__()
        checks.one_of(tuple(STATES), cell=self.cell)
        checks.one_of(("general", "dot", "concat"), score=self.score)
        checks.flag(input_feeding=self.input_feeding)
        if self.coverage and not (self.input_feeding and self.score == "concat"):
            raise ValueError(
                "`coverage` of 'luong' needs an additive attention, step by step. Pass "
                "score='concat' and input_feeding=True, or coverage=0."
            )

    def options(self, encoded):
        """See `Recurrent`."""
        width = encoded["outputs"].shape[-1]
        if self.score == "dot" and width != self.hidden_dim:
            raise ValueError(
                f"`score`='dot' needs encoder outputs as wide as the decoder's state, but they are "
                f"{width} and {self.hidden_dim} wide (a bidirectional encoder's are twice its "
                f"`hidden_dim`). Pass score='general', or equal widths."
            )
        own = {"score": self.score, "input_feeding": self.input_feeding}
        return {**super().options(encoded), **own}
