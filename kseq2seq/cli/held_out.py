"""Pairs to score a model on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kseq2seq.cli.lengths import unreadable


def held_out(source: Any, pairs: Iterable[Any], what: str, limit: int | None = None) -> list[Any]:
    """Returns the pairs whose sources a model can read, and says how many are left out.

    Where `source.too_long` is "cut", too long ones can be read, and where it is "split" those
    whose parts are short enough.

    Args:
        source: has a longest input, in its `unit`.
        pairs: held-out ones.
        what: says what they are for.
        limit: the most to return, the first ones; all where None.

    Raises:
        ValueError: if none can be read.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.text import ByteTokenizer, TextSource
        >>> pairs = [Pair("much too long", "x", "1"), Pair("short", "y", "2")]
        >>> [pair.target for pair in held_out(TextSource(ByteTokenizer(), 8), pairs, "test")]
        Left out 1 of 2 test pairs, whose sources have more than 8 tokens.
        ['y']
    """
    pairs = list(pairs)
    longest, unit = source.max_length, getattr(source, "unit", "tokens")
    too_long, empty = unreadable(source, [pair.source for pair in pairs])
    kept = [pair for pair, no in zip(pairs, empty | too_long, strict=True) if not no]
    if not kept:
        raise ValueError(
            f"none of the {len(pairs)} {what} pairs has a source of 1 to {longest} {unit}, so "
            "nothing could be scored; give more pairs, split long texts at the ends of their "
            "sentences, or raise max_length."
        )
    if too_long.any():
        print(
            f"Left out {too_long.sum()} of {len(pairs)} {what} pairs, whose sources have more than "
            f"{longest} {unit}."
        )
    return kept[:limit]
