"""The encoder of one architecture with the decoder of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from kseq2seq.decoders import Decoder
from kseq2seq.encoders import (
    Facts,
    SourceSpec,
    backbone_config,
    backbone_encoder,
    backbone_from_config,
    token_spec,
    with_mean_states,
)
from kseq2seq.models.architecture import Architecture, register_architecture
from kseq2seq.models.recurrent import Recurrent
from kseq2seq.models.table import ARCHITECTURES, halves, plan, where_defined

KERAS_HUB = "keras_hub"  # what files call a backbone that is half of a hybrid


@dataclass(frozen=True, kw_only=True)
class Backbone(Architecture):
    """A KerasHub text backbone, for example BERT, as an encoder, with its weights.

    Args:
        backbone: a `keras_hub.models.Backbone` over token ids; it becomes part of the model.
    """

    backbone: Any

    @property
    def facts(self) -> Facts:
        """See `Architecture`."""
        return Facts()

    def build_encoder(self, source: SourceSpec) -> keras.Model:
        """See `Architecture`."""
        size = token_spec(source, "A text backbone of KerasHub").size
        encoder = backbone_encoder(self.backbone)
        known = self.backbone.token_embedding.input_dim
        if size > known:
            raise ValueError(
                f"`source` has {size} ids, but the backbone knows {known}. Pass the backbone's own "
                f"tokenizer, a kseq2seq.text.BackboneTokenizer, or {known}."
            )
        return encoder

    def config(self) -> dict[str, Any]:
        """See `Architecture`."""
        return backbone_config(self.backbone)


@register_architecture("hybrid")
@dataclass(frozen=True, kw_only=True)
class Hybrid(Architecture):
    """The encoder of one architecture with the decoder of another (Chen et al. 2018).

    Each half is the name of an architecture, a dict of its name and sizes, or an object, for
    example `Transformer(num_layers=6)`. A recurrent decoder starts from the mean of the encoder's
    outputs if the encoder has no states of the number that it needs.

    Sizes of the other side have no effect, for example `bidirectional` of the decoder or `score` of
    the encoder.

    Args:
        encoder: an architecture with an encoder of its own; or a KerasHub text backbone, which
            keeps its weights.
        decoder: an architecture whose decoder reads other encoders; None for a model with another
            head.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.models import Luong, Transformer
        >>> model = build_model(
        ...     "hybrid",
        ...     source=50,
        ...     target=60,
        ...     encoder=Transformer(hidden_dim=16, num_heads=2, num_layers=1),
        ...     decoder=Luong(hidden_dim=24),
        ... )
        >>> model.encoder.output["outputs"].shape
        (None, None, 16)

    Source:
        Chen et al. 2018, "The Best of Both Worlds", section 5.
    """

    encoder: Any
    decoder: Any = None

    recipe_sizes = None

    def __post_init__(self):
        # the way to set a field of a frozen dataclass
        object.__setattr__(self, "encoder", _half("encoder", self.encoder))
        if self.decoder is not None:
            object.__setattr__(self, "decoder", _half("decoder", self.decoder))

    @property
    def facts(self) -> Facts:
        """See `Architecture`."""
        return self.encoder.declared_facts()

    def encoder_weights(self, source: SourceSpec) -> int:
        """See `Architecture`."""
        return self.encoder.encoder_weights(source)

    def decoder_weights(self, target: int) -> int:
        """See `Architecture`."""
        return 0 if self.decoder is None else self.decoder.decoder_weights(target)

    def build_encoder_alone(self, source: SourceSpec) -> keras.Model:
        """See `Architecture`; its decoder is not built."""
        return self.encoder.build_encoder_alone(source)

    def parts(self, source: SourceSpec, target: int) -> tuple[keras.Model, Decoder]:
        """See `Architecture`."""
        if self.decoder is None:
            raise ValueError(
                f"'hybrid' needs more sizes: `decoder`, one of {', '.join(halves('decoder'))}; or "
                "another `head`, for example 'labels'."
            )
        encoder = self.encoder.build_encoder(source)
        half, states = self.decoder, encoder.output.get("states", [])
        if isinstance(half, Recurrent) and (
            [len(layer) for layer in states] != [half.num_states] * half.num_layers
        ):
            encoder = with_mean_states(encoder, half.num_layers, half.num_states)
        return encoder, self.decoder.build_decoder(target, encoder.output)

    def config(self) -> dict[str, Any]:
        """See `Architecture`."""
        return {
            side: {**_named(half), **half.config()}
            for side, half in (("encoder", self.encoder), ("decoder", self.decoder))
            if half is not None
        }


def _named(half: Architecture) -> dict[str, Any]:
    """Returns the name of a half, and where it is defined, for the configuration."""
    if isinstance(half, Backbone):
        return {"architecture": KERAS_HUB}
    return {"architecture": ARCHITECTURES.name_of(type(half)), **where_defined(type(half))}


def _half(side: str, given: Any) -> Architecture:
    allowed = halves(side)
    if isinstance(given, Backbone) and side == "encoder":
        half: Any = given
    elif isinstance(given, Architecture):
        if ARCHITECTURES.name_of(type(given)) not in allowed:
            raise _refused(side, given, allowed)
        half = given
    elif isinstance(given, str | dict):
        sizes = {"architecture": given} if isinstance(given, str) else dict(given)
        name = sizes.pop("architecture", None)
        if side == "encoder" and name == KERAS_HUB:
            half = Backbone(backbone=backbone_from_config(sizes))
        else:
            half = _plan(side, name, sizes)
    elif side == "encoder" and given.__class__.__name__ == "Functional":
        raise ValueError(
            "`encoder` is the encoder of a model, without its settings. To start from its weights, "
            "build the half with the same settings and call kseq2seq.models.warm_start."
        )
    elif side == "encoder" and isinstance(given, keras.Model):
        half = Backbone(backbone=given)
    else:
        raise _refused(side, given, allowed)
    if getattr(half, "tie_embeddings", None) == "all":
        raise ValueError(
            f"`tie_embeddings`='all' shares one table between encoder and decoder, which a hybrid "
            f"can't do; for the {side} pass 'target' or 'none'."
        )
    return half


def _plan(side: str, name: Any, sizes: dict[str, Any]) -> Architecture:
    place = sizes.pop("defined", None)
    try:
        return plan(name, sizes, halves(side), place)
    except ValueError as error:
        raise ValueError(f"The {side} of the hybrid: {error}") from error


def _refused(side: str, given: Any, allowed: list[str]) -> ValueError:
    return ValueError(
        f"`{side}` must be one of {', '.join(allowed)}, a dict, for example "
        f"{{'architecture': '{allowed[-1]}', 'hidden_dim': 256}}, or an object, for example "
        f"Transformer(); got {given!r}."
    )
