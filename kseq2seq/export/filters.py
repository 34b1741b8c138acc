"""Filters as parts of an exported file."""

from __future__ import annotations

from typing import Any

from kseq2seq.decoding import Filter
from kseq2seq.decoding.requests import check_filters
from kseq2seq.decoding.sources import filters_of


def fixed_filters(model: Any, source: Any, target: Any, filters: Any = ()) -> tuple[Filter, ...]:
    """Returns the filters of a file: those that the source asks for, and others.

    Args:
        model: that is written.
        source: of the model.
        target: of the model.
        filters: further rules about next tokens.

    Raises:
        ValueError: if one has a row for each source, which no file can know; or the model has no
            decoder, and one weighs no labels.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding import MinLength
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> model = build_model("gru", source, target, hidden_dim=8)
        >>> fixed_filters(model, source, target, [MinLength(3)])
        (MinLength(tokens=3, ratio=0.0),)
    """
    rules = check_filters(filters)
    for rule in rules:
        if not hasattr(model, "decoder") and type(rule).worth is Filter.worth:
            raise ValueError(
                f"{type(rule).__name__} is a rule about the next token of a decoder, and this "
                "model has none. Leave `filters` out."
            )
        if rule.of_sources:
            raise ValueError(
                f"{type(rule).__name__} has a row for each source, so it can't be part of a file. "
                "Pass it to each call of the pipeline."
            )
    return (*filters_of(model, source, target), *rules)
