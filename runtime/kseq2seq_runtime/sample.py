"""Sampling: drawing the next token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kseq2seq_runtime.independent import Independent
from kseq2seq_runtime.search import NEVER
from kseq2seq_runtime.settings import check_number, check_whole


@dataclass(frozen=True)
class Sample(Independent):
    r"""Draws each token from the model's distribution, sharpened and cut as asked.

    .. math:: y_t \sim q, \quad q(v) \propto p(v \mid y_{<t}, x)^{1/\tau} [v \text{ is kept}]

    Temperature comes first, then `top_k`, `top_p` and `min_p`, each on what the last one kept.
    Scores are the log-probabilities of the model itself.

    Args:
        temperature: tau, at least 0.0001 and at most 10,000; below 1 sharpens.
        top_k: keep the likeliest k tokens, and those as likely as the last of them; 0 keeps all.
        top_p: keep the fewest likeliest tokens that sum to this probability, in (0, 1]; 1 keeps
            all.
        min_p: keep tokens this many times as likely as the likeliest, in [0, 1]; 0 keeps all.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> import numpy as np
        >>> from kseq2seq_runtime import Sample
        >>> log_probs = np.log(np.array([0.1, 0.6, 0.3], "float32"))
        >>> Sample(top_k=2).distribution(log_probs).round(3).tolist()
        [0.0, 0.667, 0.333]
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0

    def __post_init__(self):
        check_number("temperature", self.temperature, 1e-4, 1e4)
        check_whole("top_k", self.top_k, 0)
        check_number("top_p", self.top_p, 0, 1, above=True)
        check_number("min_p", self.min_p, 0, 1)

    def distribution(self, log_probs: np.ndarray) -> np.ndarray:
        """Returns the probabilities of a draw, float64 (V,), for log-probabilities (V,)."""
        kept = log_probs.astype("float64") / self.temperature
        if self.top_k:
            kept = _at_least(kept, np.sort(kept)[-min(self.top_k, len(kept))])
        if self.top_p < 1:
            order = np.argsort(-kept, kind="stable")
            sums = np.cumsum(_normal(kept)[order])
            kept[order[1:][sums[:-1] >= self.top_p]] = NEVER
        if self.min_p:
            kept = _at_least(kept, kept.max() + np.log(self.min_p))
        return _normal(kept)

    def pick(self, log_probs: np.ndarray, random: np.random.Generator) -> int:
        """See `Independent`."""
        mass = np.cumsum(self.distribution(log_probs))
        # one uniform number, mapped through the cumulative distribution
        return int(np.searchsorted(mass, random.random() * mass[-1], side="right"))


def _at_least(log_probs: np.ndarray, least: float) -> np.ndarray:
    return np.where(log_probs >= least, log_probs, NEVER)


def _normal(log_probs: np.ndarray) -> np.ndarray:
    """Log-probabilities of any sum as probabilities."""
    probs = np.exp(log_probs - log_probs.max())
    return probs / probs.sum()
