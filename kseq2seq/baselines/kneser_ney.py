"""An n-gram language model: what counts alone know of the next token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from kseq2seq.checks import check_whole

_FALLBACK = (0.5, 1.0, 1.5)  # discounts where there are too few n-grams to estimate them


class Level(NamedTuple):
    """The n-grams of one length, and the contexts that they begin with.

    Attributes:
        contexts: int64 (C,), the sorted keys of contexts; see `KneserNey`.
        grams: int64 (G,), the sorted keys of n-grams.
        kept: float (G,), the discounted counts, each divided by the total of its context.
        left: float (C,), the probability that each context leaves to shorter ones.
    """

    contexts: np.ndarray
    grams: np.ndarray
    kept: np.ndarray
    left: np.ndarray


class KneserNey:
    r"""Interpolated Kneser-Ney of order n, with three discounts for each length of n-grams.

    .. math:: p(w \mid h) = \frac{\max(c(hw) - D_{c(hw)}, 0)}{c(h)} + \gamma(h) \, p(w \mid h')

    Here h' is the history h without its oldest token, and gamma makes the sum 1. Counts of the
    longest n-grams are those of the data; of shorter ones, how many different tokens come before
    them. The last p is the same for every token. Histories before the first token of a row are
    n-grams of their own, counted as in the data.

    A context is numbered by the number of its newer part and its oldest token, so that a key is one
    integer; all is in sorted arrays of numpy.

    Args:
        size: how many tokens there are, V; each has a probability after every history.
        levels: from the shortest n-grams to the longest.

    Example:
        >>> from kseq2seq.baselines import KneserNey
        >>> model = KneserNey.fit([[1, 2, 3], [1, 2, 4], [1, 2, 3]], size=5, order=3)
        >>> model.next([[1, 2]]).argmax(axis=1).tolist()
        [3]
        >>> np.exp(model.next([[1, 2], [4, 4], []])).sum(axis=1).round(6).tolist()
        [1.0, 1.0, 1.0]

    Source:
        Kneser and Ney 1995; Chen and Goodman 1999, "An Empirical Study of Smoothing Techniques for
        Language Modeling", section 3, with the discounts of equation 26.
    """

    def __init__(self, size: int, levels: Sequence[Level]):
        self.size = size
        self.levels = tuple(levels)

    @property
    def order(self) -> int:
        """The length of the longest n-grams."""
        return len(self.levels)

    @classmethod
    def fit(
        cls,
        rows: Sequence[Sequence[int]],
        size: int,
        order: int = 5,
        firsts: Sequence[int] | None = None,
    ) -> Self:
        """Counts the n-grams of rows.

        Args:
            rows: N rows of token ids, each below `size`; close them by an id if ends are to be
                predicted.
            size: see the class.
            order: the most tokens of an n-gram.
            firsts: N, the position from which each row is predicted; what comes before is history
                alone. 0 where None.

        Raises:
            ValueError: an id, `firsts` or `order` is out of range, or there is no token to predict.
        """
        check_whole("order", order)
        history, tokens = _events(rows, size, order, firsts)
        if not len(tokens):
            raise ValueError("`rows` must have at least one token to predict. Give some.")
        # 1. The context of each event, by length: its number, and the sorted keys of all contexts.
        numbers = [np.zeros(len(tokens), np.int64)]
        contexts = [np.zeros(1, np.int64)]
        for oldest in history.T:
            keys, number = np.unique(numbers[-1] * (size + 1) + oldest, return_inverse=True)
            contexts.append(keys)
            numbers.append(number)

        # 2. From the longest to the shortest: the n-grams, their counts, and by those the level.
        levels = []
        counts = wanted = None
        for length in reversed(range(order)):
            events = numbers[length] * size + tokens
            grams, first, raw = np.unique(events, return_index=True, return_counts=True)
            if counts is None:
                counts = raw
            else:
                assert wanted is not None
                # how many longer n-grams end in each; at the beginning of a row, the raw count
                places = np.searchsorted(grams, wanted)
                counts = np.bincount(places, minlength=len(grams))
                if length:
                    begins = history[first, length - 1] == size
                    counts = np.where(begins, raw, counts)
            levels.append(_level(contexts[length], grams, counts, size))
            if length:
                wanted = numbers[length - 1][first] * size + tokens[first]
        return cls(size, levels[::-1])

    def log_probs(
        self, rows: Sequence[Sequence[int]], firsts: Sequence[int] | None = None
    ) -> list[np.ndarray]:
        """Returns the log-probability of each predicted token of rows, in nats.

        Args:
            rows: as for `fit`.
            firsts: as for `fit`.

        Returns:
            N arrays float64, one number for each token from the first predicted one on.

        Raises:
            ValueError: an id, or one of `firsts`, is out of range.
        """
        history, tokens = _events(rows, self.size, self.order, firsts)
        flat = np.log(self._of(history, tokens))
        starts = [0] * len(rows) if firsts is None else firsts
        lengths = [len(row) - first for row, first in zip(rows, starts, strict=True)]
        ends = np.cumsum(lengths, dtype=int)
        return [flat[end - length : end] for end, length in zip(ends, lengths, strict=True)]

    def next(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Returns the log-probabilities (N, V) of all tokens after N histories, in nats.

        Raises:
            ValueError: an id is out of range.
        """
        rows = [[*history, 0] for history in histories]
        history, _ = _events(rows, self.size, self.order, [len(row) - 1 for row in rows])
        every = np.tile(np.arange(self.size), len(rows))
        probs = self._of(np.repeat(history, self.size, axis=0), every)
        return np.log(probs).reshape(len(rows), self.size)

    def _of(self, history: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """Probabilities of E events."""
        probs = np.full(len(tokens), 1 / self.size)
        number = np.zeros(len(tokens), np.int64)
        known = np.ones(len(tokens), bool)
        for length, level in enumerate(self.levels):
            if length:
                keys = number * (self.size + 1) + history[:, length - 1]
                number, found = _lookup(level.contexts, keys)
                known &= found
            place, found = _lookup(level.grams, number * self.size + tokens)
            kept = np.where(found, level.kept[place], 0.0)
            probs = np.where(known, kept + level.left[number] * probs, probs)
        return probs


def _events(
    rows: Sequence[Sequence[int]], size: int, order: int, firsts: Sequence[int] | None
) -> tuple[np.ndarray, np.ndarray]:
    """The tokens to predict (E,) and those before each (E, order - 1), the newest first.

    Before the first token of a row there is `size`.
    """
    check_whole("size", size)
    lengths = np.array([len(row) for row in rows], np.int64)
    starts = np.zeros(len(rows), np.int64) if firsts is None else np.asarray(firsts, np.int64)
    if len(starts) != len(rows):
        raise ValueError(f"There are {len(rows)} `rows` and {len(starts)} `firsts`.")
    if wrong := np.flatnonzero((starts < 0) | (starts > lengths)).tolist():
        row = wrong[0]
        raise ValueError(
            f"`firsts` must be positions in their rows; got {starts[row]} for row {row} of "
            f"{lengths[row]} tokens."
        )
    flat = np.concatenate([np.zeros(0, np.int64), *(np.asarray(row, np.int64) for row in rows)])
    if len(flat) and not 0 <= flat.min() <= flat.max() < size:
        raise ValueError(
            f"`rows` must hold ids from 0 to {size - 1}; got {flat.min()} to {flat.max()}."
        )
    padded = np.full(len(flat) + len(rows) * (order - 1), size, np.int64)
    position = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    place = np.arange(len(flat)) + (order - 1) * (1 + np.repeat(np.arange(len(rows)), lengths))
    padded[place] = flat
    predicted = place[position >= np.repeat(starts, lengths)]
    return padded[predicted[:, None] - np.arange(1, order)], padded[predicted]


def _level(contexts: np.ndarray, grams: np.ndarray, counts: np.ndarray, size: int) -> Level:
    """Discounts the counts of n-grams, (G,), and shares what that leaves among the contexts."""
    discounts = np.array([0.0, *_discounts(counts)])[np.minimum(counts, 3)]
    of = grams // size
    totals = np.bincount(of, counts, len(contexts))
    left = np.bincount(of, discounts, len(contexts)) / totals
    return Level(contexts, grams, (counts - discounts) / totals[of], left)


def _discounts(counts: np.ndarray) -> Sequence[float]:
    """The discounts of counts 1, 2 and more."""
    of = np.bincount(np.minimum(counts, 5), minlength=5).astype(float)[1:5]
    if not of.all():
        return _FALLBACK
    share = of[0] / (of[0] + 2 * of[1])
    found = [n - (n + 1) * share * of[n] / of[n - 1] for n in (1, 2, 3)]
    valid = all(0 < discount <= n for n, discount in enumerate(found, 1))
    return found if valid else _FALLBACK


def _lookup(keys: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places in sorted keys, 0 where a key is missing, and whether each is there."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = keys[place] == wanted
    return np.where(found, place, 0), found
