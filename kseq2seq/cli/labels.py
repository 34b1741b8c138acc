"""Labels that a model can't give: an error in training examples, counted in held-out ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kseq2seq.contracts import Target
from kseq2seq.data.split import SPLITS

PlacesOf = Callable[[str, Sequence[Any]], list[str]]
_NAMED = 3


def report_unknown_labels(
    target: Any, corpora: Mapping[str, Iterable[Any]], places: PlacesOf
) -> None:
    """Refuses training examples with labels that a target does not know; counts held-out ones.

    Args:
        target: of a pipeline.
        corpora: "train", "validation" and "test" examples.
        places: (split, examples) -> where each stands, as `Places.of` returns it.

    Raises:
        ValueError: for training examples.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.text import LabelTarget
        >>> corpora = {"train": [Pair("a b", "N V", "")], "test": [Pair("a", "X", "")]}
        >>> report_unknown_labels(
        ...     LabelTarget(["N", "V"]), corpora, lambda split, pairs: ["my.tsv:7: "]
        ... )
        WARNING: 1 of 1 test examples have a label that the model can't give (my.tsv:7: 'X') and
        count as errors. Correct it, or add training examples with it.
        <BLANKLINE>
    """
    if getattr(type(target), "unknown", Target.unknown) is Target.unknown:
        return  # of texts, whose labels need not be looked at
    for split in SPLITS:
        total, count = 0, 0
        first: list[tuple[Any, str]] = []
        for example in corpora.get(split, ()):
            total += 1
            if unknown := target.unknown(example.target):
                count += 1
                first += [(example, unknown[0])] if len(first) < _NAMED else []
        if not count:
            continue
        where = places(split, [example for example, _ in first])
        named = ", ".join(
            f"{place}{label!r}" for place, (_, label) in zip(where, first, strict=True)
        )
        of = f"{count:,} of {total:,} {split} examples have a label that the model can't give"
        more = " and others" * (count > len(first))
        if split == "train":
            raise ValueError(
                f"{of}: {named}{more}. Correct them, or train a new model, which learns the labels "
                "of its training examples."
            )
        print(
            f"WARNING: {of} ({named}{more}) and count as errors. Correct it, or add training "
            "examples with it.\n"
        )
