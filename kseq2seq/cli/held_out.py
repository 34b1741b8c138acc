"""Pairs to score a model on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kseq2seq.data import Pair
from kseq2seq.text import TextSource

_TOGETHER = 1000


def held_out(
    source: TextSource, pairs: Iterable[Pair], what: str, limit: int | None = None
) -> list[Pair]:
    """Returns the pairs whose sources a model can read, and says how many are left out.

    Args:
        source: has a longest text.
        pairs: held-out ones.
        what: says what they are for.
        limit: the most to return, the first ones; all where None.

    Raises:
        ValueError: if none can be read.

    Example:
        >>> from kseq2seq.text import ByteTokenizer
        >>> pairs = [Pair("much too long", "x", "1"), Pair("short", "y", "2")]
        >>> [pair.target for pair in held_out(TextSource(ByteTokenizer(), 8), pairs, "test")]
        Left out 1 of 2 test pairs, whose sources have more than 8 tokens.
        ['y']
    """
    pairs = list(pairs)
    longest = source.max_length
    parts = [pairs[begin : begin + _TOGETHER] for begin in range(0, len(pairs), _TOGETHER)]
    lengths = [source.lengths([pair.source for pair in part]).numpy() for part in parts]
    length = np.concatenate(lengths) if lengths else np.zeros(0)
    kept = [pair for pair, tokens in zip(pairs, length, strict=True) if 1 < tokens <= longest]
    long = int((length > longest).sum())
    if not kept:
        raise ValueError(
            f"none of the {len(pairs)} {what} pairs has a source of 1 to {longest} tokens, so "
            "nothing could be scored; give more pairs, split long texts at the ends of their "
            "sentences, or raise max_length."
        )
    if long:
        print(
            f"Left out {long} of {len(pairs)} {what} pairs, whose sources have more than {longest} "
            "tokens."
        )
    return kept[:limit]
