"""Whether a model is worth more than what takes no model."""

from __future__ import annotations

from collections.abc import Mapping


def below_baseline(scores: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """Returns the names of the scores in which a model is no better than a trivial baseline.

    For translation and the like the baseline is to copy the source. A model that is not above it
    in all scores has not learned its task.

    Args:
        scores: of the model, higher for better; NaN is worse than anything.
        baseline: the same scores of the baseline.

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
    return [name for name, score in scores.items() if not score > baseline[name]]
