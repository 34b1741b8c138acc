"""Starting a model from the weights of another."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import keras

from kseq2seq.models.built import BuiltModel
from kseq2seq.models.table import ARCHITECTURES


def warm_start(model: keras.Model, pretrained: keras.Model) -> None:
    """Copies the weights of one model's encoder to another's.

    Both encoders must have the same kind, widths, depth, settings and vocabulary. If the embeddings
    of `model` are tied, its decoder starts from the pretrained vectors too.

    Args:
        model: a model of `build_model`, changed in place.
        pretrained: another model of `build_model`, for example a trained "masked_lm".

    Raises:
        ValueError: if the encoders differ; the message names the first setting or weight.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.models import warm_start
        >>> sizes = {"hidden_dim": 8, "num_layers": 2, "num_heads": 2}
        >>> pretrained = build_model("masked_lm", source=50, **sizes)
        >>> model = build_model("transformer", source=50, target=60, **sizes)
        >>> warm_start(model, pretrained)

    Source:
        Rothe et al. 2020, "Leveraging Pre-trained Checkpoints for Sequence Generation Tasks": the
        encoder is warm, the decoder random (BERT2RND).
    """
    for name, given in (("model", model), ("pretrained", pretrained)):
        if not isinstance(given, BuiltModel):
            raise ValueError(
                f"`{name}` must be a model of `build_model`; got {type(given).__name__}. Pass a "
                f"KerasHub backbone to build_model('hybrid', ..., encoder=backbone)."
            )
    mine, theirs = _settings(model), _settings(pretrained)
    defaults = {**_defaults(mine), **_defaults(theirs)}  # for settings that only one has
    for setting in dict.fromkeys([*_telling(mine), *_telling(theirs)]):
        here, there = (each.get(setting, defaults.get(setting)) for each in (mine, theirs))
        if here != there:
            raise ValueError(
                f"The encoders differ: `{setting}` is {here!r} in the model and {there!r} in the "
                "pretrained one. Build both alike."
            )
    if mine.get("norm") == "deep" and mine["architecture"] != theirs["architecture"]:
        raise ValueError(
            "With norm='deep' the weight of a residual depends on the depth of encoder and decoder "
            "together, so an encoder that was trained alone does not fit. Use 'pre' or 'post'."
        )
    own_weights, others = model.encoder.weights, pretrained.encoder.weights
    for own, other in zip(own_weights, others, strict=False):
        if own.shape != other.shape or own.name != other.name:
            raise ValueError(
                f"The encoders differ: `{own.path}` {tuple(own.shape)} would take "
                f"`{other.path}` {tuple(other.shape)}. Build both with the same sizes and "
                f"vocabulary."
            )
    if len(own_weights) != len(others):
        raise ValueError(
            f"The encoders differ: {len(own_weights)} weights against {len(others)}. Build both "
            f"with the same sizes."
        )
    for own, other in zip(own_weights, others, strict=True):
        own.assign(other)


def _telling(settings: dict[str, Any]) -> list[str]:
    """Returns the names of settings that change how an encoder computes; see `Architecture`."""
    kind = ARCHITECTURES.get(settings.get("architecture", ""))
    if kind is None:  # a backbone: the shapes of its weights are compared
        return []
    if kind.encoder_settings is None or not kind.declares("encoder_settings"):
        return [field.name for field in fields(kind)]
    return list(kind.encoder_settings)


def _defaults(settings: dict[str, Any]) -> dict[str, Any]:
    kind = ARCHITECTURES.get(settings.get("architecture", ""))
    return {} if kind is None else {field.name: field.default for field in fields(kind)}


def _settings(model: keras.Model) -> dict[str, Any]:
    config: Any = model._arguments
    return config["encoder"] if config["architecture"] == "hybrid" else config
