"""Extracts: sentences of a text in place of a summary, to compare a model with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kseq2seq.metrics import rouge1
from kseq2seq.text import split_sentences


def first_sentences(texts: Sequence[str], words: int) -> list[str]:
    """Returns the first sentence of each text, cut to a number of words; "" for a blank text.

    Example:
        >>> from kseq2seq.baselines import first_sentences
        >>> first_sentences(["It reads mail and news. It is fast."], words=3)
        ['It reads mail']
    """
    return [(_sentences(text, words) or [""])[0] for text in texts]


def best_sentences(
    texts: Sequence[str],
    references: Sequence[Any],
    words: int,
    metric: Callable[[Sequence[str], Sequence[Any]], float] = rouge1,
) -> list[str]:
    """Returns the sentence of each text, cut to a number of words, that matches a reference best.

    No model can know it: its score shows how much a choice of sentences could reach.

    Args:
        texts: N texts.
        references: N texts, or N lists of texts.
        words: the most of a sentence.
        metric: (texts, references) -> a number, higher is better.

    Example:
        >>> from kseq2seq.baselines import best_sentences
        >>> best_sentences(["It is fast. It reads mail and news."], ["a reader of mail"], words=3)
        ['It reads mail']
    """
    best = []
    for text, reference in zip(texts, references, strict=True):
        extracts = _sentences(text, words) or [""]
        best.append(max(extracts, key=lambda extract: metric([extract], [reference])))
    return best


def _sentences(text: str, words: int) -> list[str]:
    return [" ".join(sentence.split()[:words]) for sentence in split_sentences(text)]
