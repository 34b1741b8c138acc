"""Whether the placeholders of interface texts survive."""

from __future__ import annotations

from collections import Counter

import numpy as np

from kseq2seq.format_fields import format_fields
from kseq2seq.metrics.sums import Sums, best, share, signature, summed


@summed
def kept_placeholders(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """The percentage of the references' placeholders that the texts have, 0 to 100.

    A placeholder is what a program fills in: `%s`, `%(name)s`, `{name}`, `{0}` and others; see
    `kseq2seq.format_fields`. One that occurs twice must be there twice; their order is free. 100
    where the references have none. Of several references the one of which fewest are lost counts.

    Args:
        hypotheses: N texts.
        references: N texts, one for each, or N lists of texts, of any number each; translations,
            or as well the sources.

    Returns:
        The score, with its `signature`.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number or are empty.

    Example:
        >>> from kseq2seq.metrics import kept_placeholders
        >>> kept_placeholders(["%d fichiers de {nom}"], ["%d files of {name}"])
        50.0
    """
    fewest = best(hypotheses, references, _lost, key=lambda counts: -counts[0])
    return Sums(np.array(fewest), lambda sums: 100 - share(sums), signature(references))


@summed
def same_placeholders(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """The percentage of texts with exactly the placeholders of their references, 0 to 100.

    Each must be there as often, and no other: what `kept_placeholders` forgives. Of several
    references one must agree.

    Args:
        hypotheses: N texts.
        references: N texts, one for each, or N lists of texts, of any number each; translations,
            or as well the sources.

    Returns:
        The score, with its `signature`.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number or are empty.

    Example:
        >>> from kseq2seq.metrics import same_placeholders
        >>> same_placeholders(["%s et %s", "{nom}"], ["%s and %s", "{name}"])
        50.0
    """
    rows = [
        (any(_fields(text) == _fields(one) for one in of), 1)
        for text, of in zip(hypotheses, references, strict=True)
    ]
    return Sums(np.array(rows, float), share, signature(references))


def _fields(text: str) -> Counter[str]:
    return Counter(format_fields(text))


def _lost(hypothesis: str, reference: str) -> tuple[int, int]:
    """How many placeholders a text lacks, and how many there are."""
    wanted = _fields(reference)
    return (wanted - _fields(hypothesis)).total(), wanted.total()
