"""The baselines of labeling: the most frequent label of each word, of its ending, or of a text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence


class FrequentLabels:
    """Labels each word as it was labeled most often, whatever stands around it.

    A word that was not counted gets the most frequent label of all, or, with `suffix`, of the rare
    words with the same ending, the longest that was counted.

    Args:
        pairs: (source, target, ...) texts, with a label for each word, to count.
        suffix: the most characters of an ending; 0 for none.
        rare: words that occur at most as often are counted by their endings.
        whole: whether each text has one label; then all get the most frequent one.

    Example:
        >>> from kseq2seq.baselines import FrequentLabels
        >>> pairs = [("the dog barks", "DET NOUN VERB"), ("the log", "DET NOUN")]
        >>> FrequentLabels(pairs)(["the dog", "a frog"]), FrequentLabels(pairs, suffix=3)(["frog"])
        (['DET NOUN', 'DET DET'], ['NOUN'])

    Source:
        Endings as in Brants 2000, "TnT", section 2.3, without smoothing.
    """

    def __init__(
        self,
        pairs: Iterable[Sequence[str]],
        suffix: int = 0,
        rare: int = 10,
        whole: bool = False,
    ):
        self.whole = whole
        if whole:
            self._one = _most(Counter(pair[1] for pair in pairs))
            return
        words: dict[str, Counter[str]] = defaultdict(Counter)
        for source, target, *_ in pairs:
            for word, label in zip(source.split(), target.split(), strict=True):
                words[word][label] += 1
        endings: dict[str, Counter[str]] = defaultdict(Counter)
        for word, counts in words.items():
            for size in range(min(suffix, len(word)) + 1):
                if size == 0 or counts.total() <= rare:
                    endings[word[len(word) - size :]].update(counts)
        self.suffix = suffix
        self._words = {word: _most(counts) for word, counts in words.items()}
        self._endings = {ending: _most(counts) for ending, counts in endings.items()}

    @property
    def known(self) -> set[str]:
        """The words that were counted."""
        return set(self._words)

    def __call__(self, sources: Sequence[str]) -> list[str]:
        """Returns the labels of sources, with spaces between them."""
        if self.whole:
            return [self._one] * len(sources)
        return [" ".join(map(self._label, source.split())) for source in sources]

    def _label(self, word: str) -> str:
        if word in self._words:
            return self._words[word]
        sizes = range(min(self.suffix, len(word)), -1, -1)
        endings = (word[len(word) - size :] for size in sizes)
        return next(self._endings[end] for end in endings if end in self._endings)


def _most(counts: Counter[str]) -> str:
    """The most frequent, of equally frequent ones the first in code point order."""
    return min(counts, key=lambda label: (-counts[label], label))
