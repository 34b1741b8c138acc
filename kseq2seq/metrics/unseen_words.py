"""The share of right labels among words that a model did not see in training."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from kseq2seq.checks import raw_texts
from kseq2seq.metrics.references import Reference
from kseq2seq.metrics.score import TextScore
from kseq2seq.metrics.sums import Sums, checked_pairs, share


class UnseenWords:
    """The percentage of labels that are right, 0 to 100, of words that are not known.

    It is a metric of texts for the sources it was made for, in their order, once or several times
    over. Only the first of several references counts.

    Args:
        sources: N texts, whose words, between white space, have a label each.
        known: words, for example all of training.

    Attributes:
        count: how many words of the sources are not known, repeats included.

    Raises:
        ValueError: when called, if hypotheses, references and sources differ in number, or all
            words are known.

    Example:
        >>> from kseq2seq.metrics import UnseenWords
        >>> unseen = UnseenWords(["the tab", "a wug"], known={"the", "tab", "a"})
        >>> unseen(["DET NOUN", "DET VERB"], ["DET NOUN", "DET NOUN"]), unseen.count
        (0.0, 1)
    """

    def __init__(self, sources: Sequence[str], known: Collection[str]):
        words = set(known)
        rows = [source.split() for source in raw_texts(sources, "sources")]
        self.places = [[i for i, word in enumerate(row) if word not in words] for row in rows]
        self.count = sum(map(len, self.places))

    def __call__(self, hypotheses: Sequence[str], references: Sequence[Reference]) -> TextScore:
        """Returns the percentage; see the class."""
        counted = self.sums(hypotheses, references)
        return TextScore(share(counted.rows.sum(axis=0)), counted.signature)

    def sums(self, hypotheses: Sequence[str], references: Sequence[Reference]) -> Sums:
        """Returns how many labels of unseen words are right in each text, and how many there are.

        With it, `interval` and `significance` count each text once.
        """
        texts, rows = checked_pairs(hypotheses, references)
        times, rest = divmod(len(texts), len(self.places))
        if rest:
            raise ValueError(
                f"There must be a hypothesis for each of {len(self.places)} sources; got "
                f"{len(texts)}."
            )
        if not self.count:
            raise ValueError("All words of the sources are known, so there is nothing to score.")
        counts = []
        for text, row, places in zip(texts, rows, self.places * times, strict=True):
            labels, wanted = text.split(), row[0].split()
            right = (labels[i : i + 1] == wanted[i : i + 1] for i in places if i < len(wanted))
            counts.append((sum(right), len(places)))
        return Sums(np.array(counts), share, f"unseen:{self.count}")
