"""Texts that are nearly the same as others."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

# Scripts without spaces between words, of which each character counts as one.
_UNSPACED = r"\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]")


def near_duplicates(
    texts: Sequence[str], others: Iterable[str], similarity: float = 0.8
) -> set[int]:
    """Returns which texts have nearly the same pairs of neighboring words as one of the others.

    Punctuation counts, too. An empty text is near to none.

    Args:
        texts: N, which are numbered from 0.
        others: to compare with.
        similarity: the least share of pairs that two texts have in common, of those that either
            has (Jaccard's index).

    Example:
        >>> near_duplicates(["a b c d e f", "g h"], ["a b c d e f g", "h g"], similarity=0.6)
        {0}
    """
    having: dict[tuple[str, str], list[int]] = defaultdict(list)
    sets = [_pairs(text) for text in texts]
    for index, pairs in enumerate(sets):
        for pair in pairs:
            having[pair].append(index)
    near = set()
    for other in others:
        pairs = _pairs(other)
        shared = Counter(index for pair in pairs for index in having.get(pair, ()))
        for index, count in shared.items():
            if count >= similarity * (len(pairs) + len(sets[index]) - count):
                near.add(index)
    return near


def _pairs(text: str) -> set[tuple[str, str]]:
    tokens = _TOKEN.findall(text)
    return set(zip(tokens, [*tokens, ""][1:], strict=True))
