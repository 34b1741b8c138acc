"""Raws as a pipeline takes them: none of them too long for its model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from kseq2seq.contracts import TOO_LONG, Source

MOST_EXAMPLES = 16  # that a pipeline keeps
Measure = Callable[[list[Any]], tuple[np.ndarray, np.ndarray]]


def fitting(
    measure: Measure, source: Source, raws: list[Any], way: str
) -> tuple[list[list[Any]], np.ndarray, np.ndarray]:
    """Returns the parts of each raw to decode, itself where it is not too long.

    Args:
        measure: raws -> (how many units each has, which are empty).
        source: has the limit, and splits.
        raws: what was given.
        way: what happens to one that is too long, from `way_of`.

    Returns:
        (a list of parts for each raw; int (parts,), the units of all parts in their order; bool
        (parts,), which of them hold nothing).

    Raises:
        ValueError: if a raw, or a part of it, is too long.
    """
    parts, longest = [[raw] for raw in raws], source.max_length
    lengths, empty = measure(raws)
    if way == "split" and (lengths > longest).any():
        for index in np.flatnonzero(lengths > longest).tolist():
            parts[index] = source.split(raws[index]) or [raws[index]]
        lengths, empty = measure([part for several in parts for part in several])
    long = lengths > longest
    if way == "cut" and long.any():
        warnings.warn(
            f"{int(long.sum())} of {len(raws)} sources are longer than {source.counted(longest)}, "
            "and were cut there.",
            stacklevel=3,
        )
        lengths = np.minimum(lengths, longest)
    owners = [index for index, several in enumerate(parts) for _ in several]
    for index, length in zip(owners, lengths.tolist(), strict=True):
        if length > longest:
            raise ValueError(
                f"{source.noun} {index} has {'a part of ' * (way == 'split')}"
                f"{source.counted(length)}, and the limit is {longest}; {_hint(source, way)}."
            )
    return parts, lengths, empty


def way_of(source: Source, too_long: str | None) -> str:
    """Returns "error", "split" or "cut": what is asked for, or the source's own where it is None.

    Raises:
        ValueError: it is none of these.
    """
    way = source.too_long if too_long is None else too_long
    if way not in TOO_LONG:
        raise ValueError(f"`too_long` must be 'error', 'split' or 'cut'; got {way!r}.")
    return way


def _hint(source: Source, way: str) -> str:
    if way == "split":
        return "put an end of a sentence inside it, or split it yourself"
    return f"shorten it, or pass too_long={'split' if source.splits else 'cut'!r}"
