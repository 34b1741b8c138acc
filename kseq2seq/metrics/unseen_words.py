"""The share of right labels among words that a model did not see in training."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from kseq2seq.checks import raw_texts
from kseq2seq.metrics.references import Reference, reference_lists
from kseq2seq.metrics.score import TextScore
from kseq2seq.metrics.sums import Sums, share


class UnseenWords:
    """The percentage of labels that are right, 0 to 100, of words that are not known.

    It is a metric of texts for the sources it was made for, in their order. Only the first of
    several references counts.

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
        if not self.count:
            raise ValueError("All words of the sources are known, so there is nothing to score.")
        sums = self.sums(hypotheses, references)
        return TextScore(sums.score(sums.rows.sum(axis=0)))

    def sums(self, hypotheses: Sequence[str], references: Sequence[Reference]) -> Sums:
        """Counts right labels, and all, of the unknown words of each text; see `summed`.

        Args:
            hypotheses: N texts, or those of several systems after one another.
            references: one for each.
        """
        texts, rows = raw_texts(hypotheses, "hypotheses"), reference_lists(references)
        systems, left = divmod(len(texts), max(len(self.places), 1))
        if left or not systems or len(rows) != len(texts):
            raise ValueError(
                f"There must be a hypothesis and a reference for each of {len(self.places)} "
                f"sources; got {len(texts)} and {len(rows)}."
            )
        counts = []
        for text, row, places in zip(texts, rows, self.places * systems, strict=True):
            labels, wanted = text.split(), row[0].split()
            right = sum(i < len(labels) and labels[i : i + 1] == wanted[i : i + 1] for i in places)
            counts.append((right, len(places)))
        return Sums(np.array(counts), share)
