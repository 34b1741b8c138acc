"""What counts alone know of targets: a baseline for perplexity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from kseq2seq.baselines.kneser_ney import KneserNey


def ngram_scorer(
    train: Iterable[Any], target: Any, order: int = 5, before: Callable[[str], str] = str
) -> Callable[[Sequence[str], Sequence[str]], np.ndarray]:
    """Returns a scorer by interpolated Kneser-Ney, over the same tokens as a model's.

    Each target is predicted to its end, after the tokens of its source and a sign between the two;
    sources are counted as history alone. Targets that are too long for the model are left out.

    Args:
        train: pairs of texts.
        target: a `TextTarget`, whose tokenizer cuts sources, too.
        order: the most tokens of an n-gram.
        before: a source -> what of it precedes the target, for example its last turn.

    Returns:
        (sources, targets) -> float64 (N,), the log-probability of each target, in nats.

    Raises:
        ValueError: no target is short enough.

    Example:
        >>> from kseq2seq.baselines import ngram_scorer
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.text import ByteTokenizer, TextTarget
        >>> target = TextTarget(ByteTokenizer(), 8)
        >>> scorer = ngram_scorer([Pair("b", "aab", "")] * 9, target, order=3)
        >>> likely, unlikely = scorer(["b", "b"], ["aab", "baa"])
        >>> bool(likely > unlikely)
        True
    """

    def rows(sources: Sequence[str], ids: Sequence[list[int]]) -> tuple[list[list[int]], list[int]]:
        said = target.ids([before(source) for source in sources]).to_list()
        heads = [[*row[:-1], target.special.start][-order:] for row in said]  # more has no effect
        pairs = zip(heads, ids, strict=True)
        return [head + row for head, row in pairs], [len(head) for head in heads]

    pairs = [tuple(pair[:2]) for pair in train]
    ids = target.ids([written for _, written in pairs]).to_list()
    short = [number for number, row in enumerate(ids) if len(row) <= target.max_length]
    counted, firsts = rows([pairs[number][0] for number in short], [ids[n] for n in short])
    model = KneserNey.fit(counted, target.size, order, firsts)

    def score(sources: Sequence[str], targets: Sequence[str]) -> np.ndarray:
        parts = model.log_probs(*rows(sources, target.ids(targets).to_list()))
        return np.array([part.sum() for part in parts])

    return score
