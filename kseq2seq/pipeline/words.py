"""When each word of a target was said, and how sure the model is of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

LIT = 0.5  # positions that have at least this share of the most of a row belong to its token


class Word(NamedTuple):
    """A word of a target.

    Attributes:
        text: the word.
        begin: when it begins, in seconds from the beginning of the source.
        end: when it ends.
        confidence: the least of those of its tokens, from 0 to 1.

    Example:
        >>> from kseq2seq.pipeline import Word
        >>> Word("hello", 0.2, 0.5, 0.9).confidence
        0.9
    """

    text: str
    begin: float
    end: float
    confidence: float


def timed_words(
    text: str,
    ids: np.ndarray,
    read: Callable[[np.ndarray], list[str]],
    alignment: np.ndarray,
    confidences: np.ndarray,
    seconds: float,
) -> list[Word]:
    """Returns the words of a target with their times.

    A token belongs to the word that the text grows by, or into, as the token is added. A word lasts
    from the first to the last position at which one of its tokens has half of its most attention or
    more; of CTC these are all positions of its tokens.

    Args:
        text: the target; words are parted by white space.
        ids: int (L,), its tokens.
        read: ids (N, L), filled up with 0 -> N texts.
        alignment: float (L, S), where each token was seen.
        confidences: float (L,), of each token.
        seconds: of a position.

    Example:
        >>> import numpy as np
        >>> read = lambda rows: ["".join("_ab "[i] for i in row if i).rstrip() for row in rows]
        >>> timed_words("a b", np.array([1, 3, 2]), read, np.eye(3), np.array([0.9, 1, 0.5]), 0.25)
        [Word(text='a', begin=0.0, end=0.25, confidence=0.9),
        Word(text='b', begin=0.5, end=0.75, confidence=0.5)]
    """
    # 1. How many characters there are once each token is added.
    beginnings = np.tril(np.broadcast_to(ids, (len(ids), len(ids))))
    grown = [0, *(min(len(part), len(text)) for part in read(beginnings))]
    # 2. The tokens of each word, and their positions.
    words: list[Word] = []
    for found in re.finditer(r"\S+", text):
        first, last = found.span()
        tokens = [
            index
            for index, (before, after) in enumerate(pairwise(grown))
            if before < last and after > first
        ]
        rows = alignment[tokens] if tokens else np.zeros((0, 1))
        lit = (rows >= LIT * rows.max(axis=1, keepdims=True)) & (rows > 0)
        positions = np.flatnonzero(lit.any(axis=0)) if len(rows) else np.zeros(0, int)
        if not len(positions):  # nothing says when: as it began after the word before
            moment = words[-1].end if words else 0.0
            words.append(Word(found[0], moment, moment, 0.0))
            continue
        begin, end = positions[0] * seconds, (positions[-1] + 1) * seconds
        sure = float(np.min(confidences[tokens]))
        words.append(Word(found[0], float(begin), float(end), sure))
    return words
