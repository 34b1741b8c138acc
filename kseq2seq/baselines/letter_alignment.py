"""Which phones each letter of a word stands for."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

Phones = tuple[str, ...]
_MOST = 2  # phones of one letter
_FLOOR = 1e-4  # the probability of an unseen pair
_ROUNDS, _LEARNED = 4, 3_000  # of alignment, and words that it is learned from


class LetterAlignment:
    """Which phones each letter of a word stands for, learned from words with their phones.

    A letter stands for none, one or two phones, and the likeliest way to divide a word's phones
    among its letters is taken (Viterbi). Words with as many phones as letters begin; then the words
    are divided and the probabilities counted again, four times.

    Args:
        pairs: words and their phones. At most 3,000 are learned from, evenly spaced.

    Example:
        >>> from kseq2seq.baselines import LetterAlignment
        >>> pairs = [("tab", ["T", "AE", "B"]), ("bat", ["B", "AE", "T"]), ("bb", ["B"])]
        >>> LetterAlignment(pairs)("batt", ["B", "AE", "T"])
        [('B',), ('AE',), ('T',), ()]

    Source:
        Jiampojamarn et al. 2007, "Applying Many-to-Many Alignments and Hidden Markov Models to
        Letter-to-Phoneme Conversion", by Viterbi counts and for single letters.
    """

    def __init__(self, pairs: Iterable[tuple[str, Sequence[str]]]):
        learned = list(pairs)
        learned = learned[:: max(1, math.ceil(len(learned) / _LEARNED))]
        counts: dict[str, Counter[Phones]] = defaultdict(Counter)
        for word, phones in learned:
            if len(word) == len(phones):
                for letter, phone in zip(word, phones, strict=True):
                    counts[letter][(phone,)] += 1
        self._estimate(counts)
        for _ in range(_ROUNDS):
            counts = defaultdict(Counter)
            for word, phones in learned:
                for letter, part in zip(word, self(word, phones) or (), strict=False):
                    counts[letter][part] += 1
            self._estimate(counts)

    def __call__(self, word: str, phones: Sequence[str]) -> list[Phones] | None:
        """Returns the phones of each letter; None if there are more than two a letter."""
        phones = tuple(phones)
        length = len(phones)
        # best[j]: the log-probability of the letters so far having the first j phones.
        best: list[float] = [0.0] + [-math.inf] * length
        steps: list[list[int]] = []
        for number, letter in enumerate(word):
            after, taken = [-math.inf] * (length + 1), [0] * (length + 1)
            left = _MOST * (len(word) - number - 1)  # phones that later letters can have
            for end in range(max(0, length - left), min(length, _MOST * (number + 1)) + 1):
                for size in range(min(_MOST, end) + 1):
                    before = best[end - size]
                    if before > after[end]:
                        score = before + self._score(letter, phones[end - size : end])
                        if score > after[end]:
                            after[end], taken[end] = score, size
            best = after
            steps.append(taken)
        if best[length] == -math.inf:
            return None
        parts: list[Phones] = []
        for taken in reversed(steps):
            size = taken[length]
            parts.append(phones[length - size : length])
            length -= size
        return parts[::-1]

    def _estimate(self, counts: dict[str, Counter[Phones]]) -> None:
        self._known = {
            letter: {part: math.log(count / parts.total()) for part, count in parts.items()}
            for letter, parts in counts.items()
        }

    def _score(self, letter: str, part: Phones) -> float:
        known = self._known.get(letter, {})
        if part in known:
            return known[part]
        floor = math.log(_FLOOR)
        return floor + sum(known.get((phone,), floor) for phone in part if len(part) > 1)
