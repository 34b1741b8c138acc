"""Greedy search, and the base of all searches whose hypotheses never meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras import ops

from kseq2seq.decoding.search import Candidates, Choice, Hypotheses, Live, Request, Search
from kseq2seq.decoding.tensors import NEVER, gather, likeliest, possible


class Independent(Search):
    """The base of searches that pick one token for each row, independently of other rows.

    A search derived from it has one method, `pick`. Its score is the sum of log-probabilities.
    """

    def pick(self, candidates: Candidates, live: Live, state: dict, request: Request) -> Any:
        """Returns int32 (rows,), the next token of each row; a forbidden one only if all are."""
        raise NotImplementedError

    def start(self, request):
        """See `Search`."""
        rows = ops.shape(request.limits)[0] * request.num_hypotheses
        return {
            "lengths": ops.zeros((rows,), dtype="int32"),
            "scores": ops.zeros((rows,), dtype="float32"),
            "ended": ops.zeros((rows,), dtype="bool"),
            "finished": ops.zeros((rows,), dtype="bool"),
        }

    def advance(self, candidates, live, state, request):
        """See `Search`."""
        picked = self.pick(candidates, live, state, request)
        values = gather(candidates.log_probs, picked[:, None])[:, 0]
        ended = state["ended"]
        tokens = ops.where(ended, request.special.padding, picked)
        ends = ops.equal(tokens, request.special.end)
        whole = ops.logical_and(ends, candidates.finished)
        after = {
            "lengths": state["lengths"] + ops.cast(ops.logical_not(ended), "int32"),
            "scores": state["scores"] + ops.where(ended, 0.0, values),
            "ended": ops.logical_or(ended, ends),
            "finished": ops.logical_or(state["finished"], whole),
        }
        return Choice(tokens, None, {**state, **after})

    def done(self, state, request):
        """See `Search`."""
        return ops.all(ops.reshape(state["ended"], (-1, request.num_hypotheses)), axis=1)

    def finish(self, live, state, request):
        """See `Search`."""
        ids, lengths, scores, finished = (
            ops.reshape(x, (-1, request.num_hypotheses, *x.shape[1:]))
            for x in (live.ids, state["lengths"], state["scores"], state["finished"])
        )
        found = possible(scores)
        scores, order = ops.top_k(ops.where(found, scores, NEVER), request.num_hypotheses)
        ids = gather(ops.where(found[:, :, None], ids, request.special.padding), order)
        lengths = gather(ops.where(found, lengths, 0), order)
        finished = gather(ops.logical_or(finished, ops.logical_not(found)), order)
        return Hypotheses(ids, lengths, scores, finished)


@dataclass(frozen=True)
class Greedy(Independent):
    """Takes the likeliest token at each step; the score is the sum of log-probabilities.

    Example:
        >>> from kseq2seq import Greedy
        >>> Greedy() == Greedy()
        True
    """

    def pick(self, candidates, live, state, request):
        """See `Independent`."""
        return likeliest(candidates.log_probs)
