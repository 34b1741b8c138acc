"""Refusing requests that no model could answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import ops

from kseq2seq.decoding.filters import Filter
from kseq2seq.decoding.search import Search


def check_request(model: Any, search: Any, filters: tuple, source: Any) -> None:
    """Refuses what is not a model, a search, a filter or a source."""
    if not hasattr(model, "decoder") or not hasattr(model, "encoder"):
        raise ValueError(f"`model` must be a Seq2Seq from `build_model`; got {type(model)}.")
    if not isinstance(search, Search):
        raise ValueError(f"`search` must be such as Greedy() or Beam(4); got {search!r}.")
    for rule in filters:
        if not isinstance(rule, Filter):
            raise ValueError(f"`filters` must hold such as MinLength(5); got {rule!r}.")
    if not isinstance(source, dict):
        raise ValueError(
            f"`source` must be a dict of 'source' and 'source_mask'; got {type(source).__name__}."
        )


def check_given(filters: Sequence[Filter], given: Sequence[dict], rows: Any) -> None:
    """Refuses a filter that was given something for another number of sources."""
    for rule, arrays in zip(filters, given, strict=True):
        for name, array in arrays.items():
            if len(array) != int(rows):
                raise ValueError(
                    f"{type(rule).__name__} has `{name}` for {len(array)} sources, but there are "
                    f"{int(rows)}."
                )


def check_sources(model: Any, source: dict, max_length: int, limits: Any) -> None:
    """Refuses sources and limits that the model can't take."""
    wanted = set(model.encoder.input)
    if set(source) != wanted:
        raise ValueError(f"`source` must have the keys {sorted(wanted)}; got {sorted(source)}.")
    shapes = {name: tuple(value.shape) for name, value in source.items()}
    if any(len(shape) < 2 for shape in shapes.values()):
        raise ValueError(f"`source` must hold a batch, (rows, length); got the shapes {shapes}.")
    if len({shape[:2] for shape in shapes.values()}) > 1:
        raise ValueError(f"`source` and its mask must agree in rows and length; got {shapes}.")
    length, longest = next(iter(shapes.values()))[1], model.max_source_length
    if longest is not None and length is not None and length > longest:
        raise ValueError(
            f"A source of {length} tokens was given to a model with positions for {longest}. "
            f"Split it, or build the model with more `max_positions`."
        )
    both = model.decoder.max_positions if model.decoder.follows_source else None
    if both is not None and length is not None and length + max_length > both:
        raise ValueError(
            f"A source of {length} tokens and `max_length`={max_length} are one sequence to this "
            f"model, which has positions for {both}. Shorten either, or build the model with more "
            f"`max_positions`."
        )
    if limits is not None:
        rows = next(iter(shapes.values()))[0]
        if tuple(ops.shape(limits)) != (rows,):
            raise ValueError(
                f"`limits` must hold one length for each of {rows} sources; "
                f"got the shape {tuple(ops.shape(limits))}."
            )
        known = tf.get_static_value(tf.convert_to_tensor(limits))
        if known is not None and not ((known >= 1) & (known <= max_length)).all():
            raise ValueError(
                f"`limits` must lie between 1 and `max_length`={max_length}; got {known.tolist()}."
            )
