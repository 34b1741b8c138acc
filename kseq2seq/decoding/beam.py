"""Beam search with separate live and finished hypotheses."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log10
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from keras import ops

from kseq2seq.checks import check_number, check_whole
from kseq2seq.decoding.search import (
    WIDEST,
    Choice,
    Hypotheses,
    Search,
    keywords,
)
from kseq2seq.decoding.tensors import NEVER, best, best_of_banks, gather, possible

MANY = 2**30  # hypotheses; more are never counted
HINTS = {"beam_width": "num_beams beam_size beams", "n_best": "top_n num_return_sequences"}


@keywords({**HINTS, "length_penalty": "alpha"}, width="beam_width")
@dataclass(frozen=True)
class Beam(Search):
    r"""Keeps the `beam_width` likeliest unfinished and the `beam_width` best finished hypotheses.

    A hypothesis y that has met its end token is ranked by

    .. math:: \frac{\log p(y \mid x)}{\mathrm{lp}(|y|)}
        + \beta \sum_j \log \min\Bigl(\sum_t \alpha_{tj}, 1\Bigr), \quad
        \mathrm{lp}(n) = \left(\frac{5 + n}{6}\right)^\alpha

    with :math:`|y|` counting the end and :math:`\alpha_{tj}` where step t looked. Each step extends
    the live hypotheses. Of the best `beam_width` candidates, those that end become finished; the
    best `beam_width` that do not end live on. A source is done when its worst finished hypothesis
    scores no less than any live one ever could: log-probabilities only fall, and the coverage term
    is at most 0, so no score exceeds the best live log-probability over the largest penalty. With
    `beam_width` as large as the space of hypotheses, the search is exhaustive.

    Args:
        beam_width: live hypotheses of a source; at least 1 and at most 65,536.
        length_penalty: alpha, at least 0; 0 ranks by log-probability.
        coverage_penalty: beta, at least 0 and at most 10,000; needs a model with attention.
        n_best: finished hypotheses returned, at most `beam_width`; None returns `beam_width`.
        patience: p, above 0: a source is also done once p * `beam_width` of its hypotheses have
            finished, which is sooner but may miss the best; None waits for the bound.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq import Beam
        >>> Beam(beam_width=4)
        Beam(beam_width=4, length_penalty=0.6, coverage_penalty=0.0, n_best=None, patience=None)

    Source:
        Penalties: Wu et al. 2016, equation 14; coverage is floored at 1e-9, so that its logarithm
        is finite. Patience: Kasai et al. 2022, "A Call for Clarity in Beam Search", algorithm 1;
        1 is what most toolkits do. Width 1 without penalties is greedy search.
    """

    beam_width: int = 4
    length_penalty: float = 0.6
    coverage_penalty: float = 0.0
    n_best: int | None = None
    patience: float | None = None

    uses_banks = True
    scales: ClassVar = {"length_penalty": None, "coverage_penalty": 0, "patience": None}

    def __post_init__(self):
        if "width" in vars(self):  # a field of a subclass that was written for the old name
            object.__setattr__(self, "beam_width", self.width)
        check_whole("beam_width", self.beam_width, most=WIDEST)
        check_number("length_penalty", self.length_penalty)
        check_number("coverage_penalty", self.coverage_penalty, 0, 1e4)
        if self.n_best is not None and check_whole("n_best", self.n_best) > self.beam_width:
            raise ValueError(
                f"`n_best` must be at most `beam_width`={self.beam_width}, all that is kept; "
                f"got {self.n_best}."
            )
        if self.patience is not None:
            check_number("patience", self.patience, above=True)

    @property
    def num_hypotheses(self):
        """See `Search`."""
        return self.beam_width

    def check(self, vocabulary_size, max_length):
        """See `Search`."""
        check_length_penalty(self.length_penalty, max_length)

    def given(self):
        """See `Search`; `patience` in float64, as it is rounded up to a number of hypotheses."""
        numbers = super().given()
        if "patience" in numbers and not tf.is_tensor(self.patience):
            numbers["patience"] = np.float64(self.patience)
        return numbers

    def start(self, request):
        """See `Search`; N live hypotheses, of which the first alone is possible, and N finished."""
        sources, width = ops.shape(request.limits)[0], self.beam_width
        never = ops.full((sources, width), NEVER, dtype="float32")
        first = ops.zeros((sources, 1), dtype="float32")
        state = {
            "log_probs": ops.concatenate([first, never[:, 1:]], axis=1),  # of the live ones
            "ids": ops.full(
                (sources, width, request.max_length), request.special.padding, dtype="int32"
            ),
            "lengths": ops.zeros((sources, width), dtype="int32"),
            "scores": never,
            "finished": ops.ones((sources, width), dtype="bool"),
        }
        if self.patience is not None:
            state["ended"] = ops.zeros((sources,), dtype="int32")
        if request.partial:
            state["banks"] = ops.zeros((sources, width), dtype="int32")
        if self.uses("coverage_penalty"):
            positions = ops.shape(request.mask)[1]
            state["coverage"] = ops.zeros((sources, width, positions), dtype="float32")
        return state

    def advance(self, candidates, live, state, request):
        """See `Search`."""
        return self.extend(candidates, live, state, request)

    def extend(self, candidates, live, state, request, handicap=None):
        """Takes one step; arguments as for `advance`, and one more.

        Args:
            candidates: the next tokens of the live hypotheses, B * N rows.
            live: those hypotheses.
            state: as `start` returns it.
            request: of B sources.
            handicap: float32 (B, V), subtracted from the log-probabilities of tokens when
                candidates are chosen, but not from their scores.
        """
        width, vocabulary = self.beam_width, candidates.log_probs.shape[-1]
        # 1. Log-probabilities of all continuations, (B, N, V), and the best K = 2N of them, (B, K),
        # the best first: at most N of those end, so at least N go on.
        totals = state["log_probs"][:, :, None] + ops.reshape(
            candidates.log_probs, (-1, width, vocabulary)
        )
        count = min(2 * width, width * vocabulary)
        values, places = _best(totals, candidates.banks, handicap, count)
        parents, tokens = places // vocabulary, places % vocabulary  # (B, K); parents are 0 to N-1
        ended = ops.equal(tokens, request.special.end)
        coverage = {}
        if self.uses("coverage_penalty"):
            coverage["coverage"] = self._covered(candidates, state)  # (B, N, S)

        # 2. Of the best N, those that end finish. They are masked and not sliced: XLA knows a top-k
        # only while nothing else is cut out.
        order = ops.arange(ended.shape[1], dtype="int32")
        finishes = ops.logical_and(ended, order < width)
        if self.patience is not None:  # a source that is done stays as it is beside others
            finishes = ops.logical_and(finishes, ops.logical_not(self._impatient(state))[:, None])
        ending = ops.where(finishes, values, NEVER)
        finished = self._finished(ending, parents, candidates.finished, live, coverage, request)
        counts = {}
        if self.patience is not None:
            is_new = possible(finished["scores"])
            if self.uses("coverage_penalty"):  # which may bring a score below any log-probability
                is_new = finished["lengths"] > 0
            counts["ended"] = state["ended"] + ops.sum(ops.cast(is_new, "int32"), axis=1)
        if request.partial:
            finished["banks"] = self._banks(candidates.banks, places)

        # 3. The best N of the N that finished before and the K new ones.
        finished = {
            name: ops.concatenate([state[name], finished[name]], axis=1) for name in finished
        }
        ranked = self._ranked(finished)[:, :width]
        finished = {name: gather(value, ranked) for name, value in finished.items()}

        # 4. The first N that do not end live on, in the order they were chosen in.
        _, live_on = ops.top_k(-ops.where(ended, order + 2 * width, order), width)
        goes_on = ops.logical_not(gather(ended, live_on))
        parents = gather(parents, live_on)  # (B, N)
        first_rows = ops.arange(ops.shape(totals)[0], dtype="int32")[:, None] * width
        return Choice(
            tokens=ops.reshape(gather(tokens, live_on), (-1,)),
            parents=ops.reshape(parents + first_rows, (-1,)),
            state={
                "log_probs": ops.where(goes_on, gather(values, live_on), NEVER),
                **finished,
                **counts,
                **{name: gather(value, parents) for name, value in coverage.items()},
            },
        )

    def done(self, state, request):
        """See `Search`."""
        if request.partial:  # something worse may still meet more requirements
            return ops.logical_not(ops.any(possible(state["log_probs"]), axis=1))
        bound = ops.max(state["log_probs"], axis=1) / self._penalty(request.limits)
        done = ops.min(state["scores"], axis=1) >= bound
        if self.patience is None:
            return done
        return ops.logical_or(done, self._impatient(state))

    def finish(self, live, state, request):
        """See `Search`."""
        count = self.n_best or self.beam_width
        return Hypotheses(*(state[name][:, :count] for name in Hypotheses._fields))

    def _impatient(self, state):
        """Whether enough hypotheses of a source have finished, (B,)."""
        if tf.is_tensor(self.patience):
            enough = tf.math.ceil(self.patience * self.beam_width)
            return state["ended"] >= tf.cast(tf.minimum(enough, MANY), tf.int32)
        return state["ended"] >= ceil(min(self.patience * self.beam_width, MANY))

    def _finished(self, values, parents, is_whole, live, coverage, request):
        """Returns candidates as finished hypotheses (B, K, ...).

        Args:
            values: (B, K), their log-probabilities; -inf for none.
            parents: (B, K), the live hypotheses that they continue.
            is_whole: (B * N,), whether one that ends now is finished, even at its limit.
            live: the live hypotheses.
            coverage: {"coverage": (B, N, S)}, where the search uses it.
            request: of B sources.
        """
        length = live.step + 1
        ids = gather(ops.reshape(live.ids, (-1, self.beam_width, request.max_length)), parents)
        end = ops.full_like(parents, request.special.end)[:, :, None]
        ids = ops.slice_update(ids, (0, 0, live.step), end)
        found = possible(values)
        scores = values / self._penalty(length)
        if self.uses("coverage_penalty"):
            covered = ops.clip(gather(coverage["coverage"], parents), 1e-9, 1.0)
            logs = ops.where(request.mask[:, None], ops.log(covered), 0.0)
            scores = scores + self.coverage_penalty * ops.sum(logs, axis=-1)
        is_whole = gather(ops.reshape(is_whole, (-1, self.beam_width)), parents)
        return {
            "ids": ops.where(found[:, :, None], ids, request.special.padding),
            "lengths": ops.where(found, length, 0),
            "scores": ops.where(found, scores, NEVER),
            "finished": ops.logical_or(is_whole, ops.logical_not(found)),
        }

    def _ranked(self, finished):
        """The order of finished hypotheses: by the requirements they meet, then by score."""
        _, order = ops.top_k(finished["scores"], finished["scores"].shape[1])
        if "banks" not in finished:
            return order
        found = gather(finished["lengths"], order) > 0
        banks = ops.where(found, gather(finished["banks"], order), -1)
        by_banks = ops.reshape(ops.argsort(-banks, axis=1), (-1, banks.shape[1]))  # stable
        return gather(order, by_banks)

    def _banks(self, banks, places):
        """The banks (rows, V) at `places` (B, K); 0 where no filter requires anything."""
        if banks is None:
            return ops.zeros_like(places)
        return gather(ops.reshape(banks, (-1, self.beam_width * banks.shape[1])), places)

    def _covered(self, candidates, state):
        """How much of each source position the live hypotheses have looked at, (B, N, S)."""
        if candidates.alignment is None:
            raise ValueError(
                f"`coverage_penalty`={self.as_set.coverage_penalty} needs a model with attention, "
                "and this one has none. Leave it at 0."
            )
        before = state["coverage"]
        return before + ops.reshape(ops.cast(candidates.alignment, "float32"), ops.shape(before))

    def _penalty(self, length):
        return ((5.0 + ops.cast(length, "float32")) / 6.0) ** self.length_penalty


def _best(totals, banks, handicap, count):
    """Returns the values and the places (B, K) of the continuations (B, N, V) to go on with."""
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
    """Refuses a length penalty that would divide scores until float32 loses them.

    Raises:
        ValueError: if the divisor of the longest target is more than 1e30.
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
