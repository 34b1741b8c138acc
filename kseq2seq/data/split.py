"""Deterministic splits by the hash of a key, and the removal of repeated pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha1
from typing import TypeVar

from kseq2seq.data.pairs import Example, Packed, Pair, digest

SPLITS = ("train", "validation", "test")
Divide = Callable[[str], str]  # a key -> the name of its split
AnyPair = TypeVar("AnyPair", Pair, Example, Pair | Example, Packed)


def split_of(key: str, *, validation: int = 3, test: int = 3) -> str:
    """Returns the split that a key falls in: the same one on every machine, in every order.

    With h = SHA-1(key) mod 100, the split is test where h < test, validation where
    test <= h < test + validation, and train elsewhere.

    Args:
        key: the origin of an example, such as `Pair.key`.
        validation: share of the keys held out for validation, in percent.
        test: share of the keys held out for testing, in percent.

    Returns:
        "train", "validation" or "test".

    Raises:
        ValueError: where a share is negative or the two leave nothing to train on.

    Example:
        >>> from kseq2seq.data.split import split_of
        >>> [split_of(key) for key in ("bash", "gawk", "acl")]
        ['train', 'train', 'train']
    """
    if validation < 0 or test < 0 or validation + test >= 100:
        raise ValueError(
            "`validation` and `test` must be percentages, not negative, that add up to less than "
            f"100; got {validation} and {test}."
        )
    remainder = _hash(key) % 100
    if remainder < test:
        return "test"
    return "validation" if remainder < test + validation else "train"


def fold_of(key: str, fold: int, *, folds: int = 5, validation: int = 5) -> str:
    """Returns the split that a key falls in where each fold is tested on in a run of its own.

    With h = SHA-1(key), the split is test where h mod folds = fold - 1. Of the others, it is
    validation where (h div folds) mod 100 < validation.

    Args:
        key: as for `split_of`.
        fold: the one to test on, from 1.
        folds: how many there are.
        validation: share of the other keys that is held out for validation, in percent.

    Raises:
        ValueError: there is no such fold.

    Example:
        >>> from kseq2seq.data.split import fold_of
        >>> [fold_of("bash", fold) for fold in (1, 2, 3, 4, 5)]
        ['train', 'train', 'test', 'train', 'train']
    """
    if not 1 <= fold <= folds:
        raise ValueError(f"`fold` must be from 1 to {folds}; got {fold}.")
    number, part = divmod(_hash(key), folds)[::-1]
    if number == fold - 1:
        return "test"
    return "validation" if part % 100 < validation else "train"


def _hash(key: str) -> int:
    return int(sha1(key.encode(), usedforsecurity=False).hexdigest(), 16)


def select(
    pairs: Iterable[AnyPair], split: str, *, validation: int = 3, test: int = 3
) -> Iterator[AnyPair]:
    """Yields the pairs of one split, in their order, as `split_of` divides them.

    Args:
        pairs: the whole corpus; read lazily.
        split: "train", "validation" or "test".
        validation: share of the keys held out for validation, in percent.
        test: share of the keys held out for testing, in percent.

    Returns:
        A lazy iterator over the pairs whose key falls in `split`.

    Raises:
        ValueError: for another name of a split, or shares that `split_of` refuses.

    Example:
        >>> from kseq2seq.data.pairs import Pair
        >>> from kseq2seq.data.split import select
        >>> corpus = [Pair(word, word.upper(), key=word) for word in ("one", "two", "three")]
        >>> [pair.target for pair in select(corpus, "train", validation=0, test=0)]
        ['ONE', 'TWO', 'THREE']
    """
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}; got {split!r}.")
    split_of("", validation=validation, test=test)  # refuse bad shares here, not at the first pair
    return (p for p in pairs if split_of(p.key, validation=validation, test=test) == split)


def unique(pairs: Iterable[AnyPair]) -> Iterator[AnyPair]:
    """Drops every later repeat of a source with the same target, whatever its key.

    Only 16 bytes of digest are remembered for each distinct pair.

    Args:
        pairs: the pairs; read lazily.

    Returns:
        A lazy iterator over the first of each (source, target), in order.

    Example:
        >>> from kseq2seq.data.pairs import Pair
        >>> from kseq2seq.data.split import unique
        >>> [p.key for p in unique([Pair("a", "b", "1"), Pair("a", "b", "2"), Pair("a", "c", "3")])]
        ['1', '3']
    """
    seen: set[bytes] = set()
    for pair in pairs:
        identity = digest(pair.source, pair.target)
        if identity not in seen:
            seen.add(identity)
            yield pair
