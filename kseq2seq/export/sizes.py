"""What an export of fixed sizes settles first: the model, its lengths, what is said of them."""

from __future__ import annotations

from typing import Any

from kseq2seq.decoding.checks import check_whole
from kseq2seq.decoding.loop import MOST_TOKENS
from kseq2seq.models import Seq2Seq, build_model


def in_float32(model: Any) -> Seq2Seq:
    """Returns the model, or its like that computes in float32.

    Raises:
        ValueError: if it is not a single `Seq2Seq`.
    """
    if not isinstance(model, Seq2Seq):
        raise ValueError(
            f"Such a file holds a single model; got {type(model).__name__}. Export its models one "
            "by one, or as a SavedModel."
        )
    if model.decoder.compute_dtype == "float32":
        return model
    plain = build_model(**{**model.get_config(), "dtype": "float32"})
    plain.set_weights(model.get_weights())
    return plain


def lengths(
    source: Any, target: Any, source_length: int | None, target_length: int | None
) -> tuple[int, int]:
    """Returns the places of a source and of a target, in tokens: those given, or the limits.

    Raises:
        ValueError: if one is more than its limit.
    """
    made = []
    for name, given, side in (
        ("source_length", source_length, source),
        ("target_length", target_length, target),
    ):
        length = side.max_length if given is None else check_whole(name, given, most=MOST_TOKENS)
        if length > side.max_length:
            raise ValueError(
                f"`{name}`={length}, but the pipeline's own limit is {side.max_length} tokens. "
                f"Pass at most {side.max_length}."
            )
        made.append(length)
    return made[0], made[1]


def description(model: Seq2Seq, target: Any, places: tuple[int, int], **others: Any) -> dict:
    """Returns what `kseq2seq.json` says of a model of fixed sizes."""
    return {
        "parameters": model.count_params(),
        "source_length": places[0],
        "target_length": places[1],
        "source_vocabulary": model.vocabulary_sizes["source"],
        "target_vocabulary": model.decoder.vocabulary_size,
        "special": target.tokenizer.special._asdict(),
        **others,
    }
