"""The answer of the nearest training example: a baseline that needs no model."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

_SATURATION, _LENGTH = 1.2, 0.75  # k1 and b, the usual ones
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def nearest_targets(train: Iterable[Any], sources: Sequence[str]) -> list[str]:
    """Returns the target of the training example whose source is nearest to each source, by BM25.

    Words are compared in lower case; names are cut at underscores and at capital letters. Of
    equally near examples the first counts.

    Args:
        train: examples whose sources are texts.
        sources: N texts.

    Returns:
        N targets.

    Raises:
        ValueError: if there are no examples.

    Example:
        >>> from kseq2seq.baselines import nearest_targets
        >>> from kseq2seq.data import Pair
        >>> train = [Pair("Add a tab", "add_tab()", ""), Pair("Close the tab", "close_tab()", "")]
        >>> nearest_targets(train, ["close it"])
        ['close_tab()']

    Source:
        Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009,
        with the inverse document frequency log(1 + (N - n + 0.5) / (n + 0.5)).
    """
    # 1. How often each word is in which example, and how many words each example has.
    targets: list[str] = []
    lengths: list[int] = []
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, example in enumerate(train):
        counts = Counter(_words(example.source))
        targets.append(example.target)
        lengths.append(counts.total())
        for word, count in counts.items():
            found[word].append((index, count))
    if not targets:
        raise ValueError("`train` must hold at least one example; got none.")
    room = _SATURATION * (
        1 - _LENGTH + _LENGTH * np.array(lengths) / max(float(np.mean(lengths)), 1e-9)
    )

    # 2. The score of each example for a source: a sum over the words that the two share.
    nearest = []
    for source in sources:
        scores = np.zeros(len(targets))
        for word, times in Counter(_words(source)).items():
            if word in found:
                rows, counts = np.array(found[word]).T
                rarity = np.log1p((len(targets) - len(rows) + 0.5) / (len(rows) + 0.5))
                scores[rows] += times * rarity * counts / (counts + room[rows])
        nearest.append(targets[int(scores.argmax())])
    return nearest


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_HUMP.sub(" ", text))]
