"""Beam search with separate live and finished hypotheses."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kseq2seq_runtime.search import NEVER, Candidates, Hypothesis, Live, Search, begin, extend
from kseq2seq_runtime.settings import check_number, check_whole, renamed

if TYPE_CHECKING:
    from kseq2seq_runtime.model import Model
    from kseq2seq_runtime.record import Record

WIDEST = 4096


class _Branch(NamedTuple):
    """A live hypothesis, and its attention to each source position so far, float32 (S,)."""

    live: Live
    covered: np.ndarray


@renamed(width="beam_width")
@dataclass(frozen=True)
class Beam(Search):
    r"""Keeps the `beam_width` likeliest unfinished and the `beam_width` best finished hypotheses.

    A hypothesis y that has met its end token is ranked by

    .. math:: \frac{\log p(y \mid x)}{\mathrm{lp}(|y|)}
        + \beta \sum_j \log \min\Bigl(\sum_t \alpha_{tj}, 1\Bigr), \quad
        \mathrm{lp}(n) = \left(\frac{5 + n}{6}\right)^\alpha

    with :math:`|y|` counting the end and :math:`\alpha_{tj}` the attention of step t. Of the best
    2 `beam_width` candidates of a step, the first `beam_width` may finish, and the first
    `beam_width` that do not end live on. It ends once no live hypothesis can become better than the
    worst finished one.

    Args:
        beam_width: live hypotheses, each of which is a run of the model; at least 1 and at most
            4,096.
        length_penalty: alpha, at least 0; 0 ranks by log-probability.
        coverage_penalty: beta, at least 0 and at most 10,000; needs a model with attention.
        n_best: finished hypotheses returned, at most `beam_width`; None returns `beam_width`.
        patience: p, above 0: it also ends once p * `beam_width` hypotheses have finished, which is
            sooner, and may be too soon for the best; None waits for the bound.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq_runtime import Beam
        >>> Beam(4)
        Beam(beam_width=4, length_penalty=0.6, coverage_penalty=0.0, n_best=None, patience=None)

    Source:
        Penalties: Wu et al. 2016, equation 14; coverage is floored at 1e-9. Patience: Kasai et al.
        2022, algorithm 1.
    """

    beam_width: int = 4
    length_penalty: float = 0.6
    coverage_penalty: float = 0.0
    n_best: int | None = None
    patience: float | None = None

    def __post_init__(self):
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
    def width(self) -> int:
        """The old name of `beam_width`."""
        warnings.warn("`width` of Beam was renamed to `beam_width`.", FutureWarning, stacklevel=2)
        return self.beam_width

    @property
    def settings(self) -> dict[str, Any]:
        """See `Search`; files call the width of a beam "width"."""
        return {
            "width" if name == "beam_width" else name: value
            for name, value in super().settings.items()
        }

    def run(
        self, model: Model, source: Sequence[int], random: np.random.Generator
    ) -> Iterator[list[Hypothesis]]:
        """See `Search`; unfinished hypotheses are shown with their log-probabilities."""
        self._check(model.record.target_length)
        branches = [_Branch(begin(model, source), np.zeros(len(source), "float32"))]
        finished: list[Hypothesis] = []
        count = 0
        while not self._done(branches, finished, count, model.record.target_length):
            candidates = [extend(model, branch.live) for branch in branches]
            branches, ended = self._advance(branches, candidates, model.record)
            count += len(ended)
            finished = sorted(finished + ended, key=lambda ended: -ended.score)[: self.beam_width]
            if branches:
                yield [Hypothesis(live.ids, float(live.log_prob)) for live, _ in branches]
        yield finished[: self.n_best]

    def _check(self, limit: int) -> None:
        """Refuses a length penalty that would leave no digit of a score in float32."""
        most = 30 / math.log10(max((5 + limit) / 6, 10**0.001))
        if self.length_penalty > most:
            raise ValueError(
                f"`length_penalty` must be at most {most:.4g} for targets of up to {limit:,} "
                f"tokens, whose scores it would bring to 0; got {self.length_penalty:g}. Lower it; "
                "0.6 to 1 is usual."
            )

    def _done(
        self, branches: list[_Branch], finished: list[Hypothesis], count: int, limit: int
    ) -> bool:
        """Whether patience ends, or no score can rise any more: log-probabilities only fall."""
        if not branches or (self.patience is not None and count >= self.patience * self.beam_width):
            return True
        bound = branches[0].live.log_prob / self._penalty(limit)
        return len(finished) == self.beam_width and bool(finished[-1].score >= bound)

    def _advance(
        self, branches: list[_Branch], candidates: list[Candidates], record: Record
    ) -> tuple[list[_Branch], list[Hypothesis]]:
        """Returns the next live hypotheses, likeliest first, and those that this step finishes."""
        # Log-probabilities of all extensions, (live hypotheses, V).
        totals = np.stack(
            [
                branch.live.log_prob + each.log_probs
                for branch, each in zip(branches, candidates, strict=True)
            ]
        )
        end, source_length = record.special.end, record.source_length
        live_on: list[_Branch] = []
        ended: list[Hypothesis] = []
        for rank, index in enumerate(_largest(totals.ravel(), 2 * self.beam_width)):
            parent, token = divmod(int(index), totals.shape[1])
            total, (before, covered) = totals[parent, token], branches[parent]
            if total == NEVER:
                break
            ids = (*before.ids, token)
            if self.coverage_penalty:
                alignment = self._alignment(candidates[parent], source_length)
                covered = covered + alignment[: len(covered)]
            if token == end and rank < self.beam_width:
                score = float(self._score(total, len(ids), covered))
                ended.append(Hypothesis(ids, score, candidates[parent].finished))
            elif token != end and len(live_on) < self.beam_width:
                live = Live(ids, total, candidates[parent].carried, before.wanted)
                live_on.append(_Branch(live, covered))
        return live_on, ended

    def _score(self, log_prob: np.float32, length: int, covered: np.ndarray) -> np.float32:
        score = log_prob / self._penalty(length)
        if self.coverage_penalty:
            logs = np.log(np.clip(covered, np.float32(1e-9), np.float32(1)))
            score += np.float32(self.coverage_penalty) * logs.sum()
        return score

    def _penalty(self, length: int) -> np.float32:
        return ((np.float32(5) + np.float32(length)) / np.float32(6)) ** np.float32(
            self.length_penalty
        )

    def _alignment(self, candidates: Candidates, source_length: int) -> np.ndarray:
        if candidates.alignment is None:
            raise ValueError(
                f"`coverage_penalty`={self.coverage_penalty} needs a model with attention, and "
                "this one has none. Leave it at 0."
            )
        if len(candidates.alignment) != source_length:
            raise ValueError(
                f"`coverage_penalty`={self.coverage_penalty} needs a model with attention to each "
                f"of {source_length} source tokens, and this one attends to "
                f"{len(candidates.alignment)} positions. Leave it at 0."
            )
        return candidates.alignment


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """The indices of the largest values (n,), descending; equal ones in their order."""
    indices = np.arange(len(values))
    if count < len(values):
        indices = np.flatnonzero(values >= np.partition(values, -count)[-count])
    return indices[np.argsort(-values[indices], kind="stable")[:count]]
