"""Greedy search: always the likeliest next token."""

from __future__ import annotations

from dataclasses import dataclass

from keras import ops

from kseq2seq.decoding.search import Choice, Hypotheses, Search


@dataclass(frozen=True)
class Greedy(Search):
    """Takes the likeliest token at each step; the score is the sum of log-probabilities.

    Example:
        >>> from kseq2seq import Greedy
        >>> Greedy() == Greedy()
        True
    """

    def start(self, problem):
        """See `Search`."""
        rows = ops.shape(problem.limits)[0]
        return {
            "ids": ops.full((rows, problem.max_length), problem.special.padding, dtype="int32"),
            "lengths": ops.zeros((rows,), dtype="int32"),
            "scores": ops.zeros((rows,), dtype="float32"),
            "ended": ops.zeros((rows,), dtype="bool"),
        }

    def advance(self, log_probs, state, step, problem):
        """See `Search`."""
        values, tokens = ops.top_k(log_probs, 1)
        ended = state["ended"]
        tokens = ops.where(ended, problem.special.padding, ops.cast(tokens[:, 0], "int32"))
        return Choice(
            tokens=tokens,
            parents=None,
            state={
                "ids": ops.slice_update(state["ids"], (0, step), tokens[:, None]),
                "lengths": state["lengths"] + ops.cast(ops.logical_not(ended), "int32"),
                "scores": state["scores"] + ops.where(ended, 0.0, values[:, 0]),
                "ended": ops.logical_or(ended, ops.equal(tokens, problem.special.end)),
            },
        )

    def done(self, state, step, problem):
        """See `Search`."""
        return state["ended"]

    def finish(self, state):
        """See `Search`."""
        return Hypotheses(
            state["ids"][:, None], state["lengths"][:, None], state["scores"][:, None]
        )
