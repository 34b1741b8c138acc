"""Contrastive search: likely tokens that do not repeat what the target says already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf
from keras import ops

from kseq2seq.checks import check_number, check_whole
from kseq2seq.decoding.search import WIDEST, Choice, Hypotheses, Search, keywords
from kseq2seq.decoding.tensors import NEVER, gather, likeliest, possible


@keywords({"top_k": "k candidates", "penalty": "penalty_alpha alpha"})
@dataclass(frozen=True)
class Contrastive(Search):
    r"""Picks, among the `top_k` likeliest tokens, the best by confidence minus repetition.

    .. math:: (1 - \alpha)\, p(v \mid y_{<t}, x)
        - \alpha \max_{j < t} \cos(h_v, h_{y_j})

    with h the decoder's last hidden vectors; the :math:`h_{y_j}` are those of the start token and
    of all tokens so far. Each candidate is run through the decoder, so a step costs `top_k` rows.
    The score is the sum of log-probabilities.

    Args:
        top_k: candidates, at least 1 and at most the size of the vocabulary, or 65,536.
        penalty: alpha, in [0, 1]; 0 is greedy search.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq import Contrastive
        >>> Contrastive()
        Contrastive(top_k=4, penalty=0.6)

    Source:
        Su et al. 2022, equation 5.
    """

    top_k: int = 4
    penalty: float = 0.6

    scales: ClassVar = {"penalty": None}

    def __post_init__(self):
        check_whole("top_k", self.top_k, most=WIDEST)
        check_number("penalty", self.penalty, 0, 1)

    @property
    def num_hypotheses(self) -> int:
        """See `Search`."""
        return self.top_k

    def given(self):
        """See `Search`; in float64, since 1 minus it is a factor too."""
        return {"penalty": self.penalty if tf.is_tensor(self.penalty) else np.float64(self.penalty)}

    def check(self, vocabulary_size, max_length):
        """See `Search`."""
        if self.top_k > vocabulary_size:
            raise ValueError(
                f"`top_k` must be at most {vocabulary_size}, the ids of the model; got "
                f"{self.top_k}. Lower it."
            )

    def footprint(self, vocabulary_size, max_length, hidden_dim):
        """See `Search`; the hidden vectors of all steps."""
        return 8 * (max_length + 1) * hidden_dim

    def start(self, request):
        """See `Search`."""
        sources = ops.shape(request.limits)[0]
        candidates = ops.zeros((sources, self.top_k), dtype="float32")
        past = (sources, request.max_length + 1, request.hidden_dim)
        return {
            "log_probs": candidates,  # of the candidates; at first each row is the start token
            "past": ops.zeros(past, dtype="float32"),  # unit vectors
            "lengths": ops.zeros((sources,), dtype="int32"),
            "scores": ops.zeros((sources,), dtype="float32"),
            "ended": ops.zeros((sources,), dtype="bool"),
            "finished": ops.zeros((sources,), dtype="bool"),
        }

    def advance(self, candidates, live, state, request):
        """See `Search`; the rows of a source are its candidates: picks one, then proposes the next.

        What follows has axes B (sources), k (candidates), D (hidden) and V (vocabulary).
        """
        step, special, count = live.step, request.special, self.top_k
        # 1. What the decoder made of each candidate, as unit vectors (B, k, D), and the best
        # candidate of each source, (B, 1). A source that has ended stays at its first.
        hidden = ops.cast(candidates.hidden, "float32")
        hidden = ops.reshape(hidden, (-1, count, request.hidden_dim))
        hidden = hidden / ops.maximum(ops.norm(hidden, axis=-1, keepdims=True), 1e-9)
        ended = state["ended"]
        chosen = ops.where(ended, 0, self._choose(hidden, state, step))[:, None]

        # 2. It joins the target: its token and log-probability, (B,), and its vector, (B, 1, D).
        tokens = gather(ops.reshape(live.tokens, (-1, count)), chosen)[:, 0]
        value = gather(state["log_probs"], chosen)[:, 0]
        ends = ops.logical_and(ops.equal(tokens, special.end), ops.logical_not(ended))
        scores = state["scores"] + ops.where(ended, 0.0, value)
        lengths = ops.where(ends, step, state["lengths"])
        ended = ops.logical_or(ended, ends)
        past = ops.slice_update(state["past"], (0, step, 0), gather(hidden, chosen))

        # 3. The next candidates: the likeliest tokens (B, k) after it.
        log_probs = ops.reshape(candidates.log_probs, (-1, count, request.vocabulary_size))
        values, proposed = ops.top_k(gather(log_probs, chosen)[:, 0], count)
        proposed = ops.where(ended[:, None], special.padding, ops.cast(proposed, "int32"))

        # 4. At the limit the end is the only candidate, and no further step will choose it.
        last = ops.logical_and(step + 1 >= request.limits, ops.logical_not(ended))
        scores = scores + ops.where(last, values[:, 0], 0.0)
        is_whole = gather(ops.reshape(candidates.finished, (-1, count)), chosen)[:, 0]
        ends = ops.logical_or(ends, ops.logical_and(last, is_whole))
        first_rows = ops.arange(ops.shape(chosen)[0], dtype="int32")[:, None] * count
        return Choice(
            tokens=ops.reshape(proposed, (-1,)),
            parents=ops.reshape(chosen + first_rows + ops.zeros_like(proposed), (-1,)),
            state={
                "log_probs": values,
                "past": past,
                "lengths": ops.where(last, step + 1, lengths),
                "scores": scores,
                "ended": ops.logical_or(ended, last),
                "finished": ops.logical_or(state["finished"], ends),
            },
        )

    def done(self, state, request):
        """See `Search`."""
        return state["ended"]

    def finish(self, live, state, request):
        """See `Search`; the chosen tokens are the same in all rows of a source."""
        scores = state["scores"]
        found = possible(scores)
        ids = ops.reshape(live.ids, (-1, self.top_k, request.max_length))[:, 0]
        ids = ops.where(found[:, None], ids, request.special.padding)
        lengths = ops.where(found, state["lengths"], 0)
        scores = ops.where(found, scores, NEVER)
        finished = ops.logical_or(state["finished"], ops.logical_not(found))
        return Hypotheses(*(x[:, None] for x in (ids, lengths, scores, finished)))

    def _choose(self, hidden, state, step):
        """The best candidate of each source, int32 (B,)."""
        past = state["past"]
        cosines = ops.matmul(hidden, ops.swapaxes(past, 1, 2))  # (B, k, L + 1)
        written = ops.arange(past.shape[1], dtype="int32") < step
        repetition = ops.max(ops.where(written, cosines, -1.0), axis=-1)  # (B, k)
        confidence = ops.exp(state["log_probs"])
        weight, penalty = 1 - self.penalty, self.penalty
        if tf.is_tensor(penalty):
            weight, penalty = tf.cast(weight, tf.float32), tf.cast(penalty, tf.float32)
        worth = weight * confidence - penalty * repetition
        return likeliest(ops.where(possible(state["log_probs"]), worth, NEVER))
