"""A baseline of pronunciation: each letter becomes its most frequent phones in its context."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from kseq2seq.baselines.letter_alignment import LetterAlignment, Phones

_EDGE = "\0"  # before and after a word


class LetterPhones:
    """Reads words letter by letter, each as its most frequent phones in this context.

    The context of a letter is up to `context` letters on each side; of those that occurred in
    training the longest one decides. With `context=0` a letter always has the same phones.

    Args:
        pairs: words with their phones, which spaces separate.
        context: letters on each side.
        alignment: divides phones among letters; learned from the pairs if None.

    Example:
        >>> from kseq2seq.baselines import LetterPhones
        >>> pairs = [("tab", "T AE B"), ("bat", "B AE T"), ("ate", "EY T"), ("rate", "R EY T")]
        >>> LetterPhones(pairs)(["tat"]), LetterPhones(pairs, 2)(["brate", "tab"])
        (['T AE T'], ['B R EY T', 'T AE B'])

    Source:
        Daelemans and van den Bosch 1996, "Language-Independent Data-Oriented Grapheme-to-Phoneme
        Conversion", section 2.1, with contexts that grow on both sides by turns.
    """

    def __init__(
        self,
        pairs: Iterable[tuple[str, str]],
        context: int = 0,
        alignment: LetterAlignment | None = None,
    ):
        words = [(word, phones.split()) for word, phones in pairs]
        self.alignment = alignment or LetterAlignment(words)
        self._widths = [(0, 0)]
        for width in range(context):
            self._widths += [(width, width + 1), (width + 1, width + 1)]
        counts: dict[Any, Counter[Phones]] = defaultdict(Counter)
        for word, phones in words:
            for place, part in enumerate(self.alignment(word, phones) or ()):
                for seen in self._contexts(word, place):
                    counts[seen][part] += 1
        self._parts = {seen: _most_frequent(parts) for seen, parts in counts.items()}

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Returns the phones of each word, with spaces between them."""
        return [self._read(word) for word in words]

    def _read(self, word: str) -> str:
        phones: list[str] = []
        for place in range(len(word)):
            seen = reversed(list(self._contexts(word, place)))
            phones += next((self._parts[one] for one in seen if one in self._parts), ())
        return " ".join(phones)

    def _contexts(self, word: str, place: int) -> list[tuple[int, str]]:
        """Returns a letter with its neighbors, from the letter alone to the widest context."""
        most = len(self._widths) // 2
        padded = _EDGE * most + word + _EDGE * most
        middle = place + most
        return [
            (number, padded[middle - before : middle + after + 1])
            for number, (before, after) in enumerate(self._widths)
        ]


def _most_frequent(parts: Counter[Phones]) -> Phones:
    """Returns the most frequent phones; of equally frequent ones the first in code point order."""
    return min(parts, key=lambda part: (-parts[part], part))
