"""What two corpora have in common: scores on it say little about new input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kseq2seq.data.corpus import Corpus
from kseq2seq.data.pairs import digest


def shared_pairs(
    corpora: Mapping[str, Iterable[Any]], targets: bool = False
) -> dict[tuple[str, str], int]:
    """Returns how many pairs of a corpus are in an earlier one, too, if there are any.

    Args:
        corpora: names and corpora; the first may be large.
        targets: whether targets alone are compared, as of two recordings of one sentence.

    Returns:
        {(the earlier corpus, the later one): pairs of the later one}.

    Example:
        >>> from kseq2seq.data import Pair, shared_pairs
        >>> pairs = [Pair(str(n), "x", str(n)) for n in range(5)]
        >>> sets = {"train": pairs[:4], "validation": pairs[:1], "test": pairs[3:]}
        >>> shared_pairs(sets)
        {('train', 'validation'): 1, ('train', 'test'): 1}
        >>> shared_pairs(sets, targets=True)
        {('train', 'validation'): 1, ('train', 'test'): 2, ('validation', 'test'): 2}
    """
    (first, pairs), *others = corpora.items()
    held = {name: list(_digests(corpus, targets)) for name, corpus in others}
    known = set().union(*held.values())
    seen = {first: known.intersection(_digests(pairs, targets))}
    counts = {}
    for name, digests in held.items():
        for earlier, there in seen.items():
            counts[earlier, name] = sum(each in there for each in digests)
        seen[name] = set(digests)
    return {names: count for names, count in counts.items() if count}


def _digests(pairs: Iterable[Any], targets: bool) -> Iterator[bytes]:
    packed = pairs.packed() if isinstance(pairs, Corpus) else pairs
    return (digest("" if targets else pair.source, pair.target) for pair in packed)
