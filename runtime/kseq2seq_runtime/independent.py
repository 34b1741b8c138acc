"""Searches that keep one hypothesis and pick one token a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kseq2seq_runtime.search import Hypothesis, Live, Search, begin, extend

if TYPE_CHECKING:
    from kseq2seq_runtime.model import Model


@dataclass(frozen=True)
class Independent(Search):
    """The base of searches that pick one token a step; the score sums log-probabilities."""

    def pick(self, log_probs: np.ndarray, random: np.random.Generator) -> int:
        """Returns the next token, given log-probabilities (V,)."""
        raise NotImplementedError

    def run(
        self, model: Model, source: Sequence[int], random: np.random.Generator
    ) -> Iterator[list[Hypothesis]]:
        """See `Search`."""
        live, end = begin(model, source), model.record.special.end
        while not live.ids or live.ids[-1] != end:
            candidates = extend(model, live)
            token = self.pick(candidates.log_probs, random)
            live = Live(
                (*live.ids, token),
                live.log_prob + candidates.log_probs[token],
                candidates.carried,
                live.wanted,
            )
            finished = candidates.finished if token == end else None
            yield [Hypothesis(live.ids, float(live.log_prob), finished)]
