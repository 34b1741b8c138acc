"""A closed vocabulary: short wordings that were recorded several times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kseq2seq.data import Example


def closed(examples: Iterable[Example], words: int = 2) -> list[Example]:
    """Returns the recordings of short wordings that occur twice or more.

    Each has a key of its own, so that splits divide recordings in place of wordings: a wording of
    the test is known from another recording, for example by another speaker.

    Args:
        examples: with transcripts, by several speakers.
        words: the most of a wording.

    Raises:
        ValueError: no short wording occurs twice.

    Example:
        >>> from kseq2seq.corpora.closed import closed
        >>> said = [Example("a.wav", "one", "one"), Example("b.wav", "two", "two")]
        >>> [example.key for example in closed([*said, Example("c.wav", "one", "one")])]
        ['one 1', 'one 2']
    """
    short = [example for example in examples if len(example.target.split()) <= words]
    counts = Counter(example.target for example in short)
    seen: Counter[str] = Counter()
    found = []
    for example in short:
        if counts[example.target] > 1:
            seen[example.target] += 1
            found.append(example._replace(key=f"{example.target} {seen[example.target]}"))
    if not found:
        raise ValueError(
            f"No wording of at most {words} words was recorded twice. Give recordings of several "
            "speakers, for example asterisk:it+it-menardi."
        )
    return found
