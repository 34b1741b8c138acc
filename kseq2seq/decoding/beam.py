"""Beam search with separate live and finished hypotheses."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log10
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from keras import ops

from kseq2seq.checks import check_number, check_whole
from kseq2seq.decoding.search import WIDEST, Choice, Extensions, Hypotheses, Live, Problem, Search
from kseq2seq.decoding.tensors import NEVER, best, best_of_banks, gather, possible

MANY = 2**30  # hypotheses; more are never counted


@dataclass(frozen=True)
class Beam(Search):
    r"""Keeps the `width` likeliest unfinished and the `width` best finished hypotheses.

    A hypothesis y that has met its end token is ranked by

    .. math:: \frac{\log p(y \mid x)}{\mathrm{lp}(|y|)}
        + \beta \sum_j \log \min\Bigl(\sum_t \alpha_{tj}, 1\Bigr), \quad
        \mathrm{lp}(n) = \left(\frac{5 + n}{6}\right)^\alpha

    with :math:`|y|` counting the end and :math:`\alpha_{tj}` where step t looked. Each step extends
    the live hypotheses. Of the best `width` extensions, those that end become finished; the best
    `width` that do not end live on. A source is done when its worst finished hypothesis scores no
    less than any live one ever could: log-probabilities only fall, and coverage takes away at
    most nothing, so none exceeds the best live one's over the largest penalty. With `width` as
    large as the space of hypotheses, the search is exhaustive.

    Args:
        width: live hypotheses a source; at least 1 and at most 65,536.
        length_penalty: alpha, at least 0; 0 ranks by log-probability.
        coverage_penalty: beta, at least 0 and at most 10,000; needs a model with attention.
        n_best: finished hypotheses returned, at most `width`; None returns `width`.
        patience: p, above 0: a source is also done once p * `width` of its hypotheses have
            finished, which is sooner, and may be too soon for the best; None waits for the bound.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq import Beam
        >>> Beam(width=4)
        Beam(width=4, length_penalty=0.6, coverage_penalty=0.0, n_best=None, patience=None)

    Source:
        Penalties: Wu et al. 2016, equation 14; coverage is floored at 1e-9, so that its logarithm
        is finite. Patience: Kasai et al. 2022, "A Call for Clarity in Beam Search", algorithm 1;
        1 is what most toolkits do. Width 1 without penalties is greedy search.
    """

    width: int = 4
    length_penalty: float = 0.6
    coverage_penalty: float = 0.0
    n_best: int | None = None
    patience: float | None = None

    uses_banks = True
    scales: ClassVar = {"length_penalty": None, "coverage_penalty": 0, "patience": None}

    def __post_init__(self):
        check_whole("width", self.width, most=WIDEST)
        check_number("length_penalty", self.length_penalty)
        check_number("coverage_penalty", self.coverage_penalty, 0, 1e4)
        if self.n_best is not None and check_whole("n_best", self.n_best) > self.width:
            raise ValueError(
                f"`n_best` must be at most `width`={self.width}, all that is kept; "
                f"got {self.n_best}."
            )
        if self.patience is not None:
            check_number("patience", self.patience, above=True)

    def check(self, vocabulary, max_length):
        """See `Search`."""
        check_length_penalty(self.length_penalty, max_length)

    def given(self):
        """See `Search`; `patience` in float64, as it is rounded up to a number of hypotheses."""
        given = super().given()
        if "patience" in given and not tf.is_tensor(self.patience):
            given["patience"] = np.float64(self.patience)
        return given

    def start(self, problem):
        """See `Search`."""
        sources, width = ops.shape(problem.limits)[0], self.width
        never = ops.full((sources, width), NEVER, dtype="float32")
        first = ops.zeros((sources, 1), dtype="float32")
        state = {
            "log_probs": ops.concatenate([first, never[:, 1:]], axis=1),
            "ids": ops.full(
                (sources, width, problem.max_length), problem.special.padding, dtype="int32"
            ),
            "lengths": ops.zeros((sources, width), dtype="int32"),
            "scores": never,
            "finished": ops.ones((sources, width), dtype="bool"),
        }
        if self.patience is not None:
            state["ended"] = ops.zeros((sources,), dtype="int32")
        if problem.partial:
            state["banks"] = ops.zeros((sources, width), dtype="int32")
        if self.uses("coverage_penalty"):
            places = ops.shape(problem.mask)[1]
            state["coverage"] = ops.zeros((sources, width, places), dtype="float32")
        return state

    def advance(self, made, live, state, problem):
        """See `Search`."""
        return self.extend(made, live, state, problem)

    def extend(
        self, made: Extensions, live: Live, state: dict, problem: Problem, handicap: Any = None
    ) -> Choice:
        """Takes one step; `handicap` (B, V) is held against tokens when extensions are chosen.

        It is no part of their scores.
        """
        width, vocabulary = self.width, made.log_probs.shape[-1]
        totals = state["log_probs"][:, :, None] + ops.reshape(
            made.log_probs, (-1, width, vocabulary)
        )
        values, places = _best(totals, made.banks, handicap, min(2 * width, width * vocabulary))
        parents, tokens = places // vocabulary, places % vocabulary
        ended = ops.equal(tokens, problem.special.end)
        kept = {}
        if self.uses("coverage_penalty"):
            kept["coverage"] = self._covered(made, state)

        # The best are masked and not sliced: XLA knows a top-k only while nothing else is cut out.
        order = ops.arange(ended.shape[1], dtype="int32")
        finishes = ops.logical_and(ended, order < width)
        if self.patience is not None:  # a source that is done stays as it is beside others
            finishes = ops.logical_and(finishes, ops.logical_not(self._tired(state))[:, None])
        finished = self._finished(
            ops.where(finishes, values, NEVER), parents, made.finished, live, kept, problem
        )
        counts = {}
        if self.patience is not None:
            there = possible(finished["scores"])
            if self.uses("coverage_penalty"):  # which may bring a score below any log-probability
                there = finished["lengths"] > 0
            new = ops.sum(ops.cast(there, "int32"), axis=1)
            counts["ended"] = state["ended"] + new
        if problem.partial:
            banks = made.banks
            banks = ops.zeros_like(places) if banks is None else self._banks(banks, places)
            finished["banks"] = banks
        finished = {
            name: ops.concatenate([state[name], finished[name]], axis=1) for name in finished
        }
        ranked = self._ranked(finished)[:, :width]
        finished = {name: gather(value, ranked) for name, value in finished.items()}

        # the first `width` that do not end, in the order they were chosen in
        _, live_on = ops.top_k(-ops.where(ended, order + 2 * width, order), width)
        rows = ops.arange(ops.shape(totals)[0], dtype="int32")[:, None] * width
        parents = gather(parents, live_on)
        goes_on = ops.logical_not(gather(ended, live_on))
        return Choice(
            tokens=ops.reshape(gather(tokens, live_on), (-1,)),
            parents=ops.reshape(parents + rows, (-1,)),
            state={
                "log_probs": ops.where(goes_on, gather(values, live_on), NEVER),
                **finished,
                **counts,
                **{name: gather(value, parents) for name, value in kept.items()},
            },
        )

    def done(self, state, problem):
        """See `Search`."""
        if problem.partial:  # something worse may still have more of what is required
            return ops.logical_not(ops.any(possible(state["log_probs"]), axis=1))
        bound = ops.max(state["log_probs"], axis=1) / self._penalty(problem.limits)
        done = ops.min(state["scores"], axis=1) >= bound
        if self.patience is None:
            return done
        return ops.logical_or(done, self._tired(state))

    def finish(self, live, state, problem):
        """See `Search`."""
        count = self.n_best or self.width
        return Hypotheses(*(state[name][:, :count] for name in Hypotheses._fields))

    def _tired(self, state):
        """Whether enough hypotheses of a source have finished, (B,)."""
        if tf.is_tensor(self.patience):
            enough = tf.math.ceil(self.patience * self.width)
            return state["ended"] >= tf.cast(tf.minimum(enough, MANY), tf.int32)
        return state["ended"] >= ceil(min(self.patience * self.width, MANY))

    def _finished(self, values, parents, whole, live, kept, problem):
        """Extensions as finished hypotheses; those of value -inf are none.

        `whole` (B * N,) says which are so even where they end at their limit.
        """
        length = live.step + 1
        ids = gather(ops.reshape(live.ids, (-1, self.width, problem.max_length)), parents)
        end = ops.full_like(parents, problem.special.end)[:, :, None]
        ids = ops.slice_update(ids, (0, 0, live.step), end)
        found = possible(values)
        scores = values / self._penalty(length)
        if self.uses("coverage_penalty"):
            covered = ops.clip(gather(kept["coverage"], parents), 1e-9, 1.0)
            logs = ops.where(problem.mask[:, None], ops.log(covered), 0.0)
            scores = scores + self.coverage_penalty * ops.sum(logs, axis=-1)
        return {
            "ids": ops.where(found[:, :, None], ids, problem.special.padding),
            "lengths": ops.where(found, length, 0),
            "scores": ops.where(found, scores, NEVER),
            "finished": ops.logical_or(
                gather(ops.reshape(whole, (-1, self.width)), parents), ops.logical_not(found)
            ),
        }

    def _ranked(self, finished):
        """The order of finished hypotheses: by what they have of what is required, by score."""
        _, order = ops.top_k(finished["scores"], finished["scores"].shape[1])
        if "banks" not in finished:
            return order
        found = gather(finished["lengths"], order) > 0
        banks = ops.where(found, gather(finished["banks"], order), -1)
        by_banks = ops.reshape(ops.argsort(-banks, axis=1), (-1, banks.shape[1]))  # stable
        return gather(order, by_banks)

    def _banks(self, banks, places):
        """The banks (rows, V) of the extensions at `places` (B, K)."""
        return gather(ops.reshape(banks, (-1, self.width * banks.shape[1])), places)

    def _covered(self, made, state):
        """How much of each source place the live hypotheses have looked at, (B, N, S)."""
        if made.alignment is None:
            raise ValueError(
                f"`coverage_penalty`={self.as_set.coverage_penalty} needs a model with attention, "
                "and this one has none. Leave it at 0."
            )
        before = state["coverage"]
        return before + ops.reshape(ops.cast(made.alignment, "float32"), ops.shape(before))

    def _penalty(self, length):
        return ((5.0 + ops.cast(length, "float32")) / 6.0) ** self.length_penalty


def _best(totals, banks, handicap, count):
    """Returns the values and places of the extensions (B, N, V) that a step goes on with."""
    width, vocabulary = totals.shape[1:]
    if banks is not None:
        banks = ops.reshape(banks, (-1, width, vocabulary))
        return best_of_banks(totals, banks, count)
    flat = ops.reshape(totals, (-1, width * vocabulary))
    if handicap is None:
        return best(flat, count)
    keys = ops.reshape(totals - handicap[:, None], (-1, width * vocabulary))
    places = ops.cast(ops.top_k(keys, count)[1], "int32")
    return gather(flat, places), places


def check_length_penalty(alpha: Any, max_length: int) -> None:
    """Refuses a length penalty whose divisor would leave no digit of a score in float32.

    Raises:
        ValueError: the penalty of the longest target is more than 1e30.
    """
    if tf.is_tensor(alpha):
        return
    most = 30 / log10(max((5 + max_length) / 6, 10**0.001))
    if alpha > most:
        raise ValueError(
            f"`length_penalty` must be at most {most:.4g} for targets of up to {max_length:,} "
            f"tokens, whose scores it would bring to 0 in float32; got {alpha:g}. Lower it; 0.6 to "
            "1 is usual."
        )
