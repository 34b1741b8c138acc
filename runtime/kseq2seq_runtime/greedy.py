"""Greedy search: always the likeliest next token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kseq2seq_runtime.independent import Independent


@dataclass(frozen=True)
class Greedy(Independent):
    """Takes the likeliest token at each step; the score is the sum of log-probabilities.

    Example:
        >>> from kseq2seq_runtime import Greedy
        >>> Greedy() == Greedy()
        True
    """

    def pick(self, log_probs: np.ndarray, random: np.random.Generator) -> int:
        """See `Independent`."""
        return int(np.argmax(log_probs))
