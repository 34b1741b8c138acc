"""How well a model predicts given answers: perplexity, and finding the true one among others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from kseq2seq.checks import check_whole, raw_texts

Scorer = Callable[[Sequence[str], Sequence[str]], Sequence[float] | np.ndarray]


def word_perplexity(log_probs: Sequence[float], texts: Sequence[str]) -> float:
    r"""Perplexity for each word of texts, whatever their tokens are.

    .. math:: \exp\left(-\frac{\sum_n \log p(t_n)}{\sum_n w_n}\right)

    Here w are counts of words between white space. The end of a text is in its log-probability and
    no word, so two models compare fairly if both predict it, even with different tokens.

    Args:
        log_probs: N, of whole texts, ends included, in nats; see `Pipeline.log_probs`.
        texts: N.

    Raises:
        ValueError: the two differ in number, or the texts hold no word.

    Example:
        >>> from kseq2seq.metrics import word_perplexity
        >>> round(word_perplexity([-4.6, -2.3], ["two words", "one"]), 2)
        9.97
    """
    words = sum(len(text.split()) for text in raw_texts(texts, "texts"))
    if len(log_probs) != len(texts) or not words:
        raise ValueError(
            "There must be one log-probability for each text, and at least one word; got "
            f"{len(log_probs)} log-probabilities, {len(texts)} texts and {words} words."
        )
    return math.exp(-math.fsum(log_probs) / words)


def per_word(scorer: Scorer) -> Scorer:
    """Returns a scorer of the mean of a word, for targets of different lengths.

    A sum of log-probabilities is lower for each word more, so that short targets would win.

    Args:
        scorer: (sources, targets) -> one sum for each pair.

    Returns:
        (sources, targets) -> float64 (N,), each sum divided by the words of the target and its end.

    Example:
        >>> from kseq2seq.metrics import per_word
        >>> per_word(lambda sources, targets: [-3.0, -8.0])(["", ""], ["two words", "one"]).tolist()
        [-1.0, -4.0]
    """

    def score(sources: Sequence[str], targets: Sequence[str]) -> np.ndarray:
        lengths = np.array([len(target.split()) + 1 for target in targets])
        return np.asarray(scorer(sources, targets), float) / lengths

    return score


def hits_at_1(
    scorer: Scorer,
    sources: Sequence[str],
    targets: Sequence[str],
    *,
    among: int = 10,
    seed: int = 1,
) -> float:
    """Share of sources, in percent, whose own target a scorer puts before those of other sources.

    Args:
        scorer: (sources, targets) -> one number for each pair, higher for a likelier one.
        sources: N.
        targets: N, each the true one of its source.
        among: how many targets a source chooses from, its own included. The others are drawn from
            the targets that differ from it in more than case.
        seed: of the drawing.

    Returns:
        0 to 100; 100 / `among` by chance. A tie with another target is a miss.

    Raises:
        ValueError: there are fewer than `among` different targets, or not one for each source.

    Example:
        >>> from kseq2seq.metrics import hits_at_1
        >>> def same_length(sources, targets):
        ...     return [-abs(len(a) - len(b)) for a, b in zip(sources, targets)]
        >>> hits_at_1(same_length, ["a", "bb", "ccc", "dddd"], ["1", "22", "333", "33"], among=4)
        50.0

    Source:
        Zhang et al. 2018, "Personalizing Dialogue Agents", with 20 candidates there.
    """
    check_whole("among", among, least=2)
    if len(sources) != len(targets):
        raise ValueError(
            f"There must be one target for each source; got {len(sources)} sources and "
            f"{len(targets)} targets."
        )
    different = np.unique([text.lower() for text in targets], return_inverse=True)[1]
    if len(set(different.tolist())) < among:
        raise ValueError(
            f"`among` must be at most the number of different targets, "
            f"{len(set(different.tolist()))}; got {among}."
        )
    rng = np.random.default_rng(seed)
    chosen = np.stack([_with_others(different, index, among, rng) for index in range(len(targets))])
    scores = np.asarray(
        scorer(
            [source for source in sources for _ in range(among)],
            [targets[index] for index in chosen.reshape(-1)],
        ),
        float,
    ).reshape(len(targets), among)
    return 100 * float((scores[:, :1] > scores[:, 1:]).all(axis=1).mean())


def _with_others(
    different: np.ndarray, index: int, among: int, rng: np.random.Generator
) -> np.ndarray:
    """Returns an index, then those of `among` - 1 targets that are unlike it and each other."""
    chosen = [index]
    taken = {int(different[index])}
    while len(chosen) < among:
        other = int(rng.integers(len(different)))
        if int(different[other]) not in taken:
            taken.add(int(different[other]))
            chosen.append(other)
    return np.array(chosen)
