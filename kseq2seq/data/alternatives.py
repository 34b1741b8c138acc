"""Examples of one source as one example, whose targets all count as right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kseq2seq.data.pairs import Example, Pair, answers


def with_alternatives(pairs: Iterable[Pair | Example]) -> Iterator[Pair | Example]:
    """Yields the first example of each source, with the targets of the others as references.

    Args:
        pairs: of texts; all are held in memory.

    Example:
        >>> from kseq2seq.data import Pair, with_alternatives
        >>> pairs = [Pair("read", "R EH D", "1"), Pair("a", "AH", "2"), Pair("read", "R IY D", "1")]
        >>> [(pair.source, pair.target, pair.references) for pair in with_alternatives(pairs)]
        [('read', 'R EH D', ('R IY D',)), ('a', 'AH', ())]
    """
    known: dict[str, list[Pair | Example]] = {}
    for pair in pairs:
        known.setdefault(pair.source, []).append(pair)
    for first, *others in known.values():
        _, *more = dict.fromkeys(answer for pair in (first, *others) for answer in answers(pair))
        yield Example(first.source, first.target, first.key, tuple(more)) if more else first
