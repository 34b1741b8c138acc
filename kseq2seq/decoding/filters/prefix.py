"""Targets that begin as they are told to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from keras import ops

from kseq2seq.decoding.checks import check_phrases
from kseq2seq.decoding.filters.filter import NEVER, Filter, Filtered, check_ids

NONE = -1


@dataclass(frozen=True)
class Prefix(Filter):
    """Makes each target begin with given tokens; their log-probabilities count.

    Args:
        ids: for each source, a sequence of token ids; an empty one forces nothing.

    Example:
        >>> from kseq2seq.decoding import Prefix
        >>> filters = [Prefix([[5, 6], []])]  # two sources
    """

    ids: Any = field(compare=False)

    def __post_init__(self):
        ids = self.ids
        if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
            raise ValueError(f"`ids` must hold, for each source, a list of ids; got {ids!r}.")
        rows = [list(row) if isinstance(row, Iterable) else row for row in ids]
        made = tuple(check_phrases("ids", [row])[0] if row else () for row in rows)
        object.__setattr__(self, "ids", made)

    def check(self, vocabulary):
        """See `Filter`."""
        check_ids("ids", (token for row in self.ids for token in row), vocabulary)

    def given(self):
        """See `Filter`; {"ids": int32 (B, P)}, filled up with -1."""
        made = np.full((len(self.ids), max(map(len, self.ids), default=0) + 1), NONE, "int32")
        for row, ids in zip(made, self.ids, strict=True):
            row[: len(ids)] = ids
        return {"ids": made}

    def of(self, rows):
        """See `Filter`."""
        return Prefix([self.ids[row] for row in rows])

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        ids = given["ids"]
        place = ops.minimum(live.step, ops.shape(ids)[1] - 1)
        forced = problem.per_hypothesis(ops.take(ids, place, axis=1))[:, None]
        other = ops.logical_and(forced != NONE, ops.arange(problem.vocabulary) != forced)
        return Filtered(ops.where(other, NEVER, log_probs), state)
