"""What exports begin with: the model in float32, its lengths, its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kseq2seq.checks import check_whole
from kseq2seq.decoding import Filter
from kseq2seq.decoding.loop import MOST_TOKENS
from kseq2seq.models import BuiltModel, build_model


def in_float32(model: Any) -> BuiltModel:
    """Returns the model, or one of the same weights that computes in float32.

    Raises:
        ValueError: if it is not a single model of `build_model`.
    """
    if not isinstance(model, BuiltModel):
        raise ValueError(
            f"`model` must be a single model for TFLite and ONNX; got {type(model).__name__}. "
            "Export its models one by one, or as a SavedModel."
        )
    if model.source_spec is None:
        raise ValueError("A language model has no source, which an export turns into a target.")
    computing: Any = getattr(model, "decoder", model)
    if computing.compute_dtype == "float32":
        return model
    plain = build_model(**{**model.get_config(), "dtype": "float32"})
    plain.set_weights(model.get_weights())
    return plain


def lengths(
    source: Any, target: Any, source_length: int | None, target_length: int | None
) -> tuple[int, int]:
    """Returns S and T, the most units of a source and of a target; by default their limits.

    Raises:
        ValueError: if one is more than its limit.
    """
    limits = []
    for name, asked, side in (
        ("source_length", source_length, source),
        ("target_length", target_length, target),
    ):
        length = side.max_length if asked is None else check_whole(name, asked, most=MOST_TOKENS)
        if length > side.max_length:
            raise ValueError(
                f"`{name}`={length}, but the pipeline's own limit is {side.max_length} "
                f"{side.unit}. Pass at most {side.max_length}."
            )
        limits.append(length)
    return limits[0], limits[1]


def description(
    model: BuiltModel,
    source: Any,
    target: Any,
    sizes: tuple[int, int],
    filters: Sequence[Filter] = (),
    **others: Any,
) -> dict:
    """Returns the content of `kseq2seq.json` for a model of fixed sizes.

    Args:
        model: in float32.
        source: of the model.
        target: of the model.
        sizes: S and T.
        filters: that the search in the file follows, or that a host has to; their types are named.
        **others: further fields.
    """
    specs, _ = source.fixed(sizes[0])
    return {
        "parameters": model.count_params(),
        "source_length": sizes[0],
        "target_length": sizes[1],
        "source_vocabulary": source.vocabulary_size,
        "target_vocabulary": target.size,
        "special": target.special._asdict(),
        "inputs": {
            name: {"shape": spec.shape.as_list(), "dtype": spec.dtype.name}
            for name, spec in specs.items()
        },
        "steps": hasattr(model, "decoder"),
        **({"filters": [type(rule).__name__ for rule in filters]} if filters else {}),
        **others,
    }
