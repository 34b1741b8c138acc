"""Beam search with separate live and finished hypotheses."""

from __future__ import annotations

from dataclasses import dataclass

from keras import ops

from kseq2seq.decoding.gathering import gather
from kseq2seq.decoding.search import Choice, Hypotheses, Search

NEVER = float("-inf")


@dataclass(frozen=True)
class Beam(Search):
    r"""Keeps the `width` likeliest unfinished and the `width` best finished hypotheses.

    A hypothesis y that has met its end token is ranked by

    .. math:: \frac{\log p(y \mid x)}{\mathrm{lp}(|y|)}, \quad
        \mathrm{lp}(n) = \left(\frac{5 + n}{6}\right)^\alpha

    with :math:`|y|` counting the end. Each step extends the live hypotheses. Of the best `width`
    extensions, those that end become finished; the best `width` that do not end live on. A source
    is done when its worst finished hypothesis scores no less than any live one ever could:
    log-probabilities only fall, so none exceeds the best live one's over the largest penalty. With
    `width` as large as the space of hypotheses, the search is exhaustive.

    Args:
        width: live hypotheses a source, and finished ones returned; at least 1.
        length_penalty: alpha, at least 0; 0 ranks by log-probability.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq import Beam
        >>> Beam(width=4)
        Beam(width=4, length_penalty=0.6)

    Source:
        Penalty: Wu et al. 2016, equation 14. Width 1 without a penalty is greedy search.
    """

    width: int = 4
    length_penalty: float = 0.6

    def __post_init__(self):
        if isinstance(self.width, bool) or not isinstance(self.width, int) or self.width < 1:
            raise ValueError(f"`width` must be a whole number of at least 1; got {self.width!r}.")
        penalty = self.length_penalty
        number = isinstance(penalty, int | float) and not isinstance(penalty, bool)
        if not number or not 0 <= penalty < float("inf"):
            raise ValueError(
                f"`length_penalty` must be a number of at least 0, such as 0.6; got {penalty!r}."
            )

    def start(self, problem):
        """See `Search`."""
        sources = ops.shape(problem.limits)[0]
        ids = ops.full(
            (sources, self.width, problem.max_length), problem.special.padding, dtype="int32"
        )
        never = ops.full((sources, self.width), NEVER, dtype="float32")
        first = ops.zeros((sources, 1), dtype="float32")
        return {
            "live_ids": ids,
            "live_log_probs": ops.concatenate([first, never[:, 1:]], axis=1),
            "ids": ids,
            "lengths": ops.zeros((sources, self.width), dtype="int32"),
            "scores": never,
        }

    def advance(self, log_probs, state, step, problem):
        """See `Search`."""
        width, vocabulary = self.width, log_probs.shape[-1]
        live = state["live_log_probs"]
        totals = ops.reshape(live, (-1, 1)) + log_probs
        totals = ops.reshape(totals, (-1, width * vocabulary))
        values, places = ops.top_k(totals, min(2 * width, width * vocabulary))
        places = ops.cast(places, "int32")
        parents, tokens = places // vocabulary, places % vocabulary
        ids = ops.slice_update(gather(state["live_ids"], parents), (0, 0, step), tokens[:, :, None])
        ended = ops.equal(tokens, problem.special.end)

        finishes = ops.logical_and(ended, ops.arange(ended.shape[1]) < width)
        lengths = ops.where(finishes, step + 1, 0)
        scores = ops.where(finishes, values / self._penalty(step + 1), NEVER)
        scores = ops.concatenate([state["scores"], scores], axis=1)
        scores, best = ops.top_k(scores, width)
        finished = {
            "ids": gather(ops.concatenate([state["ids"], ids], axis=1), best),
            "lengths": gather(ops.concatenate([state["lengths"], lengths], axis=1), best),
            "scores": scores,
        }

        log_probs, best = ops.top_k(ops.where(ended, NEVER, values), width)
        rows = ops.arange(ops.shape(live)[0], dtype="int32")[:, None] * width
        return Choice(
            tokens=ops.reshape(gather(tokens, best), (-1,)),
            parents=ops.reshape(gather(parents, best) + rows, (-1,)),
            state={"live_ids": gather(ids, best), "live_log_probs": log_probs, **finished},
        )

    def done(self, state, step, problem):
        """See `Search`."""
        bound = ops.max(state["live_log_probs"], axis=1) / self._penalty(problem.limits)
        return ops.min(state["scores"], axis=1) >= bound

    def finish(self, state):
        """See `Search`."""
        return Hypotheses(state["ids"], state["lengths"], state["scores"])

    def _penalty(self, length):
        return ((5.0 + ops.cast(length, "float32")) / 6.0) ** self.length_penalty
