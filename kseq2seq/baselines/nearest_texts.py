"""What the training targets alone can give: one text for all, and the nearest to each reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence


def usual_text(targets: Iterable[str]) -> str:
    """Returns the training target that occurs most often; of several, the longest.

    Example:
        >>> usual_text(["one", "two", "two"])
        'two'
    """
    counts = Counter(targets)
    return max(counts, key=lambda text: (counts[text], len(text), text))


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
    distances = cdist(list(references), known, scorer=Levenshtein.distance)
    return [known[index] for index in distances.argmin(axis=1)]
