"""Answers that suit their source and few others: mutual information as a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kseq2seq.checks import check_number
from kseq2seq.metrics.answers import Scorer


def mutual_information(pipeline: Any, weight: float = 0.5, nothing: str = "") -> Scorer:
    r"""Returns a scorer that takes away what a target would score after anything.

    .. math:: \log p(T \mid S) - \lambda \log p(T)

    The second term is the pipeline's own score of the target after a source that says nothing. It
    means something if the model was trained on such sources, too: a share of the targets, each
    again after `nothing`.

    Args:
        pipeline: with a model that has a decoder.
        weight: lambda, from 0 (the probability alone) to 1 (the mutual information).
        nothing: the source that says nothing; an empty `TurnsSource` by default.

    Returns:
        (sources, targets) -> float64 (N,), in nats: a scorer for `rerank`. A target that is too
        long to be scored gets -inf: what a search writes may have more tokens when it is cut anew.

    Raises:
        ValueError: `weight` is out of range.

    Example:
        ::

            predictions = pipeline(sources, search=Beam(16))
            scorer = mutual_information(pipeline, weight=0.5)
            rerank(sources, predictions, [(scorer, 1.0)], own=0.0)

    Source:
        Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models",
        equation 9 (MMI-antiLM). They subtract the scores of another model, for the first tokens
        alone, while they search; here whole answers are ranked. That one model learns both follows
        Ho and Salimans 2022, "Classifier-Free Diffusion Guidance", who leave out conditions.
    """
    check_number("weight", weight, 0.0, 1.0)

    def score(sources: Sequence[str], targets: Sequence[str]) -> np.ndarray:
        scores = np.full(len(targets), -np.inf)
        lengths = pipeline.target.lengths(list(targets)).numpy() if len(targets) else np.zeros(0)
        fit = np.flatnonzero(lengths <= pipeline.target.max_length)
        texts = [targets[index] for index in fit]
        scores[fit] = pipeline.log_probs([sources[index] for index in fit], texts)
        if weight:
            scores[fit] -= weight * np.array(pipeline.log_probs([nothing] * len(fit), texts))
        return scores

    return score
