"""How much a model says over and over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from kseq2seq.checks import raw_texts
from kseq2seq.metrics.score import TextScore
from kseq2seq.metrics.words import words


def distinct_1(hypotheses: Sequence[str], references: Any = None) -> TextScore:
    """The percentage of words that differ from one another, over all texts: 100 where none recurs.

    More texts say more words again: compare scores of equally many. Words are those of
    `kseq2seq.metrics.words`: in lower case, without punctuation.

    Args:
        hypotheses: N texts.
        references: not used; metrics are called with them.

    Returns:
        The score, with its `signature`; 0 if there is no word.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if there is no text.

    Example:
        >>> from kseq2seq.metrics import distinct_1
        >>> round(distinct_1(["I don't know.", "I know."]), 1)
        66.7

    Source:
        Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models",
        who divide pairs of words, too, by the number of words.
    """
    return _distinct(hypotheses, 1)


def distinct_2(hypotheses: Sequence[str], references: Any = None) -> TextScore:
    """The percentage of pairs of neighboring words that differ from one another; see `distinct_1`.

    Example:
        >>> from kseq2seq.metrics import distinct_2
        >>> round(distinct_2(["a b a b", "c"]), 1)
        66.7
    """
    return _distinct(hypotheses, 2)


def _distinct(hypotheses: Sequence[str], n: int) -> TextScore:
    texts = raw_texts(hypotheses, "hypotheses")
    if not texts:
        raise ValueError("`hypotheses` must hold at least one text; got none.")
    runs = [_runs(text, n) for text in texts]
    score = 100 * len(set().union(*runs)) / max(sum(map(len, runs)), 1)
    return TextScore(score, "case:lc|tok:unicode")


@lru_cache(maxsize=2**16)
def _runs(text: str, n: int) -> tuple[str, ...]:
    """The runs of n words, as texts, which are fast to compare."""
    parts = words(text)
    return tuple(" ".join(parts[i : i + n]) for i in range(len(parts) - n + 1))
