"""Texts scored by several metrics, and compared with what takes no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

from kseq2seq.metrics.references import Reference
from kseq2seq.metrics.resampling import interval
from kseq2seq.metrics.score import Scores, TextMetric, TextScore
from kseq2seq.metrics.text import bleu, chrf


def chosen(metrics: Mapping[str, TextMetric] | None) -> dict[str, TextMetric]:
    """Returns metrics by their names; BLEU and chrF if none are given."""
    return dict(metrics or {"bleu": bleu, "chrf": chrf})


def scored(
    metrics: Mapping[str, TextMetric],
    hypotheses: Sequence[str],
    references: Sequence[Reference],
    bounds: bool = False,
) -> Scores:
    """Returns the scores of texts by several metrics; on request with their bounds, if any."""
    scores = {name: metric(hypotheses, references) for name, metric in metrics.items()}
    if bounds:
        for name, metric in metrics.items():
            scores[name] = _bounded(scores[name], metric, hypotheses, references)
    return Scores(scores)


def _bounded(
    score: float,
    metric: TextMetric,
    hypotheses: Sequence[str],
    references: Sequence[Reference],
) -> float:
    """Returns a score with its bounds; as it is where the texts can't be resampled."""
    try:
        bounds = interval(metric, hypotheses, references)
    except ValueError:
        return score
    return TextScore(score, getattr(score, "signature", ""), bounds)


def below_baseline(scores: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """Returns the names of the scores in which a model is no better than a trivial baseline.

    For translation the baseline is to copy the source. A model that does not beat it in all scores
    has not learned its task.

    Args:
        scores: of the model, the higher the better; NaN is worse than anything.
        baseline: the same scores of the baseline; NaN is beaten by any number.

    Raises:
        ValueError: if the two don't have the same names.

    Example:
        >>> from kseq2seq.metrics import below_baseline
        >>> below_baseline({"bleu": 0.1, "chrf": 9.8}, {"bleu": 2.0, "chrf": 22.4})
        ['bleu', 'chrf']
        >>> below_baseline({"bleu": 29.4, "chrf": 52.9}, {"bleu": 2.0, "chrf": 22.4})
        []
    """
    if scores.keys() != baseline.keys():
        raise ValueError(
            f"`scores` and `baseline` must have the same names; got {', '.join(scores)} and "
            f"{', '.join(baseline)}."
        )
    return [name for name, score in scores.items() if isnan(score) or score <= baseline[name]]
