"""Labels of training examples that a model of an earlier run can't give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kseq2seq.contracts import Target

_NAMED = 3


def refuse_unknown_labels(
    target: Any, train: Iterable[Any], places: Callable[[str, Sequence[Any]], list[str]]
) -> None:
    """Refuses training examples with labels that a target has no ids for.

    Args:
        target: of a pipeline.
        train: the examples.
        places: (split, examples) -> where each stands, as `Places.of` returns it.

    Raises:
        ValueError: with the number of such examples and the first ones.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.text import LabelTarget
        >>> pairs = [Pair("a b", "N V", ""), Pair("a", "X", "")]
        >>> refuse_unknown_labels(
        ...     LabelTarget(["N", "V"]), pairs, lambda split, pairs: ["my.tsv:7: "]
        ... )
        Traceback (most recent call last):
        ValueError: 1 of 2 train examples have a label that the model can't give: my.tsv:7: 'X'.
        Correct them, or train a new model, which learns the labels of its training examples.
    """
    if getattr(type(target), "unknown", Target.unknown) is Target.unknown:
        return  # of texts, which are ids in any case
    total, count, first = 0, 0, []
    for example in train:
        total += 1
        if unknown := target.unknown(example.target):
            count += 1
            first += [(example, unknown[0])] if len(first) < _NAMED else []
    if count:
        where = places("train", [example for example, _ in first])
        labels = [label for _, label in first]
        named = ", ".join(f"{place}{label!r}" for place, label in zip(where, labels, strict=True))
        more = " and others" * (count > len(first))
        raise ValueError(
            f"{count:,} of {total:,} train examples have a label that the model can't give: "
            f"{named}{more}. Correct them, or train a new model, which learns the labels of its "
            "training examples."
        )
