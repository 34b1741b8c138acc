"""A closed vocabulary: short wordings that were recorded several times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from kseq2seq.data import Example


def closed(examples: Iterable[Example], words: int = 2) -> list[Example]:
    """Returns the recordings of short wordings that occur twice or more.

    Each has a key of its own, so that splits divide recordings in place of wordings: most wordings
    of the test are known from another recording, for example by another speaker. Where all
    recordings of a wording are held out, `of_known` leaves them out.

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


def of_known(examples: Sequence[Example], known: Iterable[str]) -> list[Example]:
    """Returns the examples whose wording is among those that a model was trained on.

    Args:
        examples: of a test.
        known: wordings of the training examples.

    Raises:
        ValueError: there is none.

    Example:
        >>> from kseq2seq.corpora.closed import of_known
        >>> test = [Example("a.wav", "one", "one 1"), Example("b.wav", "two", "two 1")]
        >>> [example.target for example in of_known(test, ["one", "six"])]
        ['one']
    """
    wordings = set(known)
    found = [example for example in examples if example.target in wordings]
    if not found:
        raise ValueError(
            f"None of {len(examples):,} test recordings has a wording of the training recordings. "
            "Give more recordings of each wording, or another fold."
        )
    return found
