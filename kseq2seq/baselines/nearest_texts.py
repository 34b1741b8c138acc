"""What the training targets alone can give: one text for all, and the nearest to each reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

_CELLS = 2**24  # distances held at a time
_MOST = 1000  # texts, all of which are compared with each other


def usual_text(targets: Iterable[str]) -> str:
    """Returns the training target that is nearest to all, by characters to edit.

    Args:
        targets: of the training examples; those after the first 1,000 are not looked at.

    Example:
        >>> usual_text(["press one", "press two", "goodbye"])
        'press one'
    """
    from rapidfuzz.distance import Levenshtein  # optional
    from rapidfuzz.process import cdist

    some = list(islice(targets, _MOST))
    known = sorted(set(some))
    return known[cdist(known, some, scorer=Levenshtein.distance).sum(axis=1).argmin()]


def nearest_texts(targets: Iterable[str], references: Sequence[str]) -> list[str]:
    """Returns the training target that is nearest to each reference, by characters to edit.

    No system that picks one of the training targets has fewer errors.

    Args:
        targets: of the training examples.
        references: N texts.

    Example:
        >>> nearest_texts(["press one", "goodbye"], ["press two", "good buy"])
        ['press one', 'goodbye']
    """
    from rapidfuzz.distance import Levenshtein  # optional
    from rapidfuzz.process import cdist

    known = sorted(set(targets))
    together = max(1, _CELLS // len(known))
    nearest: list[str] = []
    for start in range(0, len(references), together):
        some = references[start : start + together]
        distances = cdist(some, known, scorer=Levenshtein.distance)
        nearest += [known[index] for index in distances.argmin(axis=1)]
    return nearest
