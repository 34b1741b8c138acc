"""Greedy search: always the likeliest next token."""

from __future__ import annotations

from dataclasses import dataclass

from kseq2seq.decoding.gathering import likeliest
from kseq2seq.decoding.independent import Independent


@dataclass(frozen=True)
class Greedy(Independent):
    """Takes the likeliest token at each step; the score is the sum of log-probabilities.

    Example:
        >>> from kseq2seq import Greedy
        >>> Greedy() == Greedy()
        True
    """

    def pick(self, made, live, state, problem):
        """See `Independent`."""
        return likeliest(made.log_probs)
