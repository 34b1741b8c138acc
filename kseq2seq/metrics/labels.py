"""Scores of labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kseq2seq.checks import raw_texts
from kseq2seq.metrics.references import Reference, reference_lists


def label_accuracy(
    hypotheses: Sequence[str],
    references: Sequence[Reference],
    parts: Callable[[str], list[str]] = str.split,
) -> float:
    """The percentage of labels that are right, 0 to 100, over all sequences.

    Labels stand between white space and are compared one by one; missing ones are wrong. Of several
    references the best match counts.

    Args:
        hypotheses: N sequences of labels.
        references: N sequences, one for each, or N lists of some.
        parts: the labels of a sequence; `Target.parts` where one may hold spaces.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number, or the references hold no label.

    Example:
        >>> from kseq2seq.metrics import label_accuracy
        >>> label_accuracy(["noun verb", "verb"], ["noun noun", "verb noun"])
        50.0
    """
    texts, rows = raw_texts(hypotheses, "hypotheses"), reference_lists(references)
    if len(texts) != len(rows):
        raise ValueError(
            f"There must be one reference for each hypothesis, or one list of some; got "
            f"{len(texts)} hypotheses and {len(rows)} references."
        )
    pairs = [
        max((_right(parts(text), parts(reference)) for reference in row), key=_share)
        for text, row in zip(texts, rows, strict=True)
    ]
    total = sum(labels for _, labels in pairs)
    if not total:
        raise ValueError(f"The {len(rows)} references hold no label. Are they the right ones?")
    return 100 * sum(right for right, _ in pairs) / total


def _share(counts: tuple[int, int]) -> float:
    right, labels = counts
    return right / max(labels, 1)


def _right(hypothesis: list[str], reference: list[str]) -> tuple[int, int]:
    """How many labels are right, and how many there are."""
    right = sum(a == b for a, b in zip(hypothesis, reference, strict=False))
    return right, len(reference)
