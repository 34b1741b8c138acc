"""An encoder of one architecture, a decoder of another."""

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
from kseq2seq.models.table import ARCHITECTURES, defined, halves, plan

KERAS_HUB = "keras_hub"  # the name of a backbone as half of a saved hybrid


@dataclass(frozen=True, kw_only=True)
class Backbone(Architecture):
    """A KerasHub text backbone, such as BERT, as an encoder, with the weights it has.

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
                f"The backbone knows {known} ids and `source` has {size}. Pass the backbone's "
                f"own tokenizer, a kseq2seq.text.BackboneTokenizer, or {known}."
            )
        return encoder

    def config(self) -> dict[str, Any]:
        """See `Architecture`."""
        return backbone_config(self.backbone)


@register_architecture("hybrid")
@dataclass(frozen=True, kw_only=True)
class Hybrid(Architecture):
    """The encoder of one architecture with the decoder of another (Chen et al. 2018).

    A half is an architecture's name, a dict of its name and sizes, or the architecture itself, such
    as `Transformer(num_layers=6)`. A recurrent decoder whose encoder has no states, or others than
    it needs, starts from the mean of the encoder's outputs.

    Sizes that concern the other side, such as a decoder's `bidirectional` or an encoder's `score`,
    have no effect.

    Args:
        encoder: any architecture with an encoder of its own; or a KerasHub text backbone, which
            keeps its weights.
        decoder: any with a decoder that reads what other encoders give; None for a model with
            another head.

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
        # frozen dataclasses are written to this way
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
    """What tells a half of a saved hybrid from others."""
    if isinstance(half, Backbone):
        return {"architecture": KERAS_HUB}
    return {"architecture": ARCHITECTURES.name_of(type(half)), **defined(type(half))}


def _half(side: str, given: Any) -> Architecture:
    allowed = halves(side)
    if isinstance(given, Backbone) and side == "encoder":
        half: Any = given
    elif isinstance(given, Architecture):
        if ARCHITECTURES.name_of(type(given)) not in allowed:
            raise _refused(side, given, allowed)
        half = given
    elif isinstance(given, str):
        half = _plan(side, given, {})
    elif isinstance(given, dict):
        sizes = dict(given)
        name = sizes.pop("architecture", None)
        if side == "encoder" and name == KERAS_HUB:
            half = Backbone(backbone=backbone_from_config(sizes))
        else:
            half = _plan(side, name, sizes)
    elif side == "encoder" and given.__class__.__name__ == "Functional":
        raise ValueError(
            "`encoder` is a model's encoder without its settings. To go on from its weights, build "
            "the half with the same settings and call kseq2seq.models.warm_start."
        )
    elif side == "encoder" and isinstance(given, keras.Model):
        half = Backbone(backbone=given)
    else:
        raise _refused(side, given, allowed)
    if getattr(half, "tie_embeddings", None) == "all":
        raise ValueError(
            f"`tie_embeddings`='all' shares one table between both halves, which a hybrid's do not "
            f"have in common; for the {side} pass 'target' or 'none'."
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
        f"`{side}` must be one of {', '.join(allowed)}, a dict such as "
        f"{{'architecture': '{allowed[-1]}', 'hidden_dim': 256}}, or the architecture itself; "
        f"got {given!r}."
    )
