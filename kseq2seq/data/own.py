"""Training, validation and test data that lie in files of their own."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from kseq2seq.contracts import Source
from kseq2seq.data.named import named_pairs
from kseq2seq.data.pairs import Example, Pair, digest
from kseq2seq.data.records import Corpus
from kseq2seq.data.split import SPLITS

Given = str | os.PathLike[str] | Iterable[Pair | Example]


class OwnSplits(NamedTuple):
    """Three corpora, and what they have in common.

    Args:
        train: the training pairs, as they were given.
        validation: those to choose by.
        test: those to report on.
        leaks: (split, other) -> how many pairs of the one are in the other, too: the same source
            with the same target.
    """

    train: Corpus
    validation: Corpus
    test: Corpus
    leaks: dict[tuple[str, str], int]

    @property
    def corpora(self) -> dict[str, Corpus]:
        """The corpora by their names, as `split_corpora` gives them."""
        return {name: getattr(self, name) for name in SPLITS}

    def __str__(self) -> str:
        sizes = [f"{name:<11}{len(corpus):>12,}" for name, corpus in self.corpora.items()]
        told = [
            f"{count:,} of {len(getattr(self, split)):,} {split} pairs are in {other}, too"
            for (split, other), count in self.leaks.items()
            if count
        ]
        return "\n".join([*sizes, *told])


def own_splits(
    train: Given,
    validation: Given,
    test: Given,
    *,
    columns: Sequence[str] = ("source", "target"),
    source: Source | None = None,
    errors: str = "raise",
) -> OwnSplits:
    """Writes three sets of pairs as they are, and counts those that lie in two of them.

    Args:
        train: a name, as `named_pairs` takes it, or pairs.
        validation: the same of other pairs.
        test: the same of others again.
        columns: of files, as `named_pairs` takes them.
        source: reads and packs sources that are no texts; see `Corpus.write`.
        errors: "raise" or "skip"; see `Corpus.write`.

    Returns:
        The three corpora; print it for a report. A warning tells of leaks: scores of pairs that
        were trained on are too good.

    Raises:
        ValueError: a set gives no pair.
        FileNotFoundError: a file is missing.

    Example:
        >>> from kseq2seq.data import own_splits, pairs_from
        >>> sets = [[("a", "A"), ("b", "B")], [("c", "C")], [("d", "D")]]
        >>> print(own_splits(*map(pairs_from, sets)))
        train                 2
        validation            1
        test                  1
    """
    corpora = {}
    for name, given in zip(SPLITS, (train, validation, test), strict=True):
        if isinstance(given, str | os.PathLike):
            given = named_pairs(os.fspath(given), columns)
        corpora[name] = Corpus.write(given, source=source, errors=errors)
    held = {name: Counter(_digests(corpora[name])) for name in ("validation", "test")}
    known = held["validation"].keys() | held["test"].keys()
    seen = known.intersection(_digests(corpora["train"]))
    leaks = {
        ("test", "train"): _count(held["test"], seen),
        ("validation", "train"): _count(held["validation"], seen),
        ("test", "validation"): _count(held["test"], held["validation"]),
    }
    splits = OwnSplits(**corpora, leaks=leaks)
    if any(leaks.values()):
        told = str(splits).splitlines()[len(SPLITS) :]
        warnings.warn(
            f"{'; '.join(told)}: what a model was trained on, it scores too well on. Remove them "
            "from the larger of the two.",
            stacklevel=2,
        )
    return splits


def _digests(corpus: Corpus) -> Iterator[bytes]:
    return (digest(pair.source, pair.target) for pair in corpus.packed())


def _count(pairs: Counter[bytes], others: Container[bytes]) -> int:
    return sum(count for told, count in pairs.items() if told in others)
