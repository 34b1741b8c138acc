"""Labels that only held-out examples have, which no model can give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kseq2seq.data import LabeledPairs
from kseq2seq.data.split import SPLITS

_NAMED = 5


def report_unknown_labels(
    read: LabeledPairs, target: Any, corpora: Mapping[str, Iterable[Any]]
) -> None:
    """Prints the labels of validation and test examples that training has none of, and where.

    Args:
        read: read the corpora.
        target: the `LabelTarget` of the training examples.
        corpora: by the names of splits.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.text import LabelTarget
        >>> corpora = {"validation": [], "test": [Pair("a wug", "DET NOUN", "")]}
        >>> report_unknown_labels(LabeledPairs({}), LabelTarget(["DET"]), corpora)
        WARNING: 1 label of the test examples is in no training example, so it counts as wrong:
        'NOUN'. Correct it, or add training examples of it.
        <BLANKLINE>
    """
    for split in SPLITS[1:]:
        unknown = read.unknown(corpora[split], target.names)
        if not unknown:
            continue
        named = [f"{label!r}{f' ({place})' if place else ''}" for label, place in unknown.items()]
        more = f" and {len(named) - _NAMED} more" * (len(named) > _NAMED)
        one = len(named) == 1
        them = "it" if one else "them"
        verb, wrong = ("is", "it counts") if one else ("are", "they count")
        print(
            f"WARNING: {len(named)} label{'s' * (not one)} of the {split} examples {verb} in no "
            f"training example, so {wrong} as wrong: {', '.join(named[:_NAMED])}{more}. Correct "
            f"{them}, or add training examples of {them}.\n"
        )
