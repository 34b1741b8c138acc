"""How far a score depends on the texts it was measured on: its bounds, and whether two differ."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np

from kseq2seq.checks import check_number, check_whole, raw_texts
from kseq2seq.metrics.references import Reference, checked_references
from kseq2seq.metrics.score import Interval, TextMetric
from kseq2seq.metrics.sums import Sums

_EQUAL = 1e-9  # scores of the same texts, added up in another order


class Comparison(NamedTuple):
    """How two systems differ, and how often chance alone would make them differ as much.

    Attributes:
        difference: the score of the first less that of the second.
        p_value: above 0, at most 1; usually below 0.05 is called significant.
    """

    difference: float
    p_value: float


def interval(
    metric: TextMetric,
    hypotheses: Sequence[str],
    references: Sequence[Reference],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Returns the bounds between which a score lies, had other texts of the kind been tested.

    The bootstrap draws N of the N texts with replacement, again and again, and scores each draw:
    the bounds leave out the lowest and the highest (1 - confidence) / 2 of the scores. They speak
    of the choice of test texts alone, not of other seeds of training.

    Metrics of this package that add up over texts are counted once, so 1,000 resamples of 1,000
    texts take well under a second; any other metric is called for each resample.

    Args:
        metric: (hypotheses, references) -> score.
        hypotheses: N texts, at least 2; a hundred and more for bounds that mean something.
        references: N texts, or N lists of texts.
        confidence: the share of draws between the bounds.
        resamples: how many draws.
        seed: of the draws; the same one gives the same bounds.

    Raises:
        ValueError: as the metric does; or there is one text; or the metric depends on how many
            texts there are, as `distinct_1` does: a text drawn twice repeats itself.

    Example:
        >>> from kseq2seq.metrics import exact_match, interval
        >>> right = ["a"] * 80 + ["b"] * 20
        >>> low, high = interval(exact_match, right, ["a"] * 100)
        >>> 70 < low < 75 and 85 < high < 90  # 80 +- 1.96 * 4
        True

    Source:
        Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation"; Efron &
        Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13, the percentile interval.
    """
    check_number("confidence", confidence, 0, 1, above=True)
    check_whole("resamples", resamples)
    texts, rows = raw_texts(hypotheses, "hypotheses"), checked_references(references)
    sums = _sums(metric, texts, rows)
    if len(texts) < 2:
        raise ValueError("`hypotheses` must hold at least two texts to draw from; got one.")
    if sums is None and not _close(metric(texts, rows), metric(texts * 2, rows * 2)):
        raise ValueError(
            "`metric` must not depend on how many texts there are, or on repeated ones: giving "
            "every text twice changes its score. Compare systems by `significance` instead."
        )
    draws = np.random.default_rng(seed)
    scores = np.fromiter(_drawn(metric, sums, texts, rows, draws, resamples), "float64", resamples)
    outside = 50 * (1 - confidence)
    return Interval(*map(float, np.percentile(scores, [outside, 100 - outside])))


def significance(
    metric: TextMetric,
    a: Sequence[str],
    b: Sequence[str],
    references: Sequence[Reference],
    *,
    trials: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Returns how far apart two systems score on the same texts, and whether that may be chance.

    If both were the same system, each pair of texts could as well be swapped. Approximate
    randomization swaps each with probability 1/2, again and again: the p-value is the share of
    trials in which the scores differ at least as much, in either direction. The texts as they are
    count as one more trial, so it is never 0.

    Metrics of this package that add up over texts are counted once; any other metric is called
    twice for each trial.

    Args:
        metric: (hypotheses, references) -> score.
        a: N texts of the first system.
        b: N texts of the second.
        references: N texts, or N lists of texts.
        trials: how many; p-values are multiples of 1 / (trials + 1).
        seed: of the swaps; the same one gives the same p-value.

    Raises:
        TypeError, ValueError: as the metric does; or the three differ in number.

    Example:
        >>> from kseq2seq.metrics import exact_match, significance
        >>> references = ["a"] * 100
        >>> better, worse = ["a"] * 90 + ["b"] * 10, ["b"] * 40 + ["a"] * 60
        >>> difference, p_value = significance(exact_match, better, worse, references)
        >>> difference, p_value < 0.01
        (30.0, True)
        >>> significance(exact_match, better, better, references)
        Comparison(difference=0.0, p_value=1.0)

    Source:
        Riezler & Maxwell 2005, "On Some Pitfalls in Automatic Evaluation and Significance Testing
        for MT". sacreBLEU's `paired-ar` counts only trials whose scores differ more, so that
        equal systems get the lowest p-value; here they get 1.
    """
    check_whole("trials", trials)
    first, second = raw_texts(a, "a"), raw_texts(b, "b")
    rows = checked_references(references)
    if not len(first) == len(second) == len(rows):
        raise ValueError(
            f"`a`, `b` and `references` must be of equally many texts; got {len(first)}, "
            f"{len(second)} and {len(rows)}."
        )
    draws = np.random.default_rng(seed)
    swapped = _swapped(metric, first, second, rows, draws, trials)
    difference = next(swapped)
    near = sum(abs(other) < abs(difference) - _EQUAL for other in swapped)  # none if one is NaN
    far = trials - near
    return Comparison(difference, (far + 1) / (trials + 1))


def _drawn(
    metric: TextMetric,
    sums: Sums | None,
    hypotheses: list[str],
    references: list[Any],
    draws: np.random.Generator,
    resamples: int,
) -> Iterator[float]:
    """Yields the score of each resample."""
    number = len(hypotheses)
    places = (draws.integers(number, size=number) for _ in range(resamples))
    if sums is not None:
        for block in _blocks(np.bincount(drawn, minlength=number) for drawn in places):
            yield from map(sums.score, block @ sums.rows)
        return
    for drawn in places:
        yield metric([hypotheses[n] for n in drawn], [references[n] for n in drawn])


def _swapped(
    metric: TextMetric,
    a: list[str],
    b: list[str],
    references: list[Any],
    draws: np.random.Generator,
    trials: int,
) -> Iterator[float]:
    """Yields the difference of the scores, and that of each trial."""
    sums = _sums(metric, a + b, references * 2)
    swaps = (draws.integers(2, size=len(a), dtype=bool) for _ in range(trials))
    every = chain([np.ones(len(a), bool)], swaps)
    if sums is not None:
        of_a, of_b = np.split(sums.rows, 2)
        total = sums.rows.sum(axis=0)
        for block in _blocks(every):
            for ours in of_b.sum(axis=0) + block @ (of_a - of_b):
                yield sums.score(ours) - sums.score(total - ours)
        return
    for kept in every:
        sides = [(x, y) if keep else (y, x) for x, y, keep in zip(a, b, kept, strict=True)]
        ours, theirs = ([side[n] for side in sides] for n in (0, 1))
        yield float(metric(ours, references) - metric(theirs, references))


def _blocks(rows: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yields rows in blocks (64, N): one product of matrices is faster than many of vectors."""
    while block := list(islice(rows, 64)):
        yield np.stack(block)


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= _EQUAL * (1 + abs(a))  # False for NaN


def _sums(metric: TextMetric, hypotheses: list[str], references: list[Any]) -> Sums | None:
    """Returns what a metric counts of each text; None if it is not one that adds up."""
    settings: dict[str, Any] = {}
    while isinstance(metric, functools.partial) and not metric.args:
        settings = {**metric.keywords, **settings}
        metric = metric.func
    count = getattr(metric, "sums", None)
    if count is None:
        return None
    sums = count(hypotheses, references, **settings)
    return sums._replace(rows=np.asarray(sums.rows, "float64"))
