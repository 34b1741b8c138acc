"""Targets that begin as they are told to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from keras import ops

from kseq2seq.decoding.filters.filter import (
    NONE,
    Filter,
    Filtered,
    check_ids,
    check_phrases,
    filled,
)
from kseq2seq.decoding.search import NEVER


@dataclass(frozen=True)
class Prefix(Filter):
    """Makes each target begin with given tokens; their log-probabilities count.

    Args:
        ids: for each source, a sequence of token ids; an empty one forces nothing.

    Example:
        >>> from kseq2seq.decoding import Prefix
        >>> filters = [Prefix([[5, 6], []])]  # two sources
    """

    ids: Any

    of_sources = True

    def __post_init__(self):
        ids = self.ids
        rows = ids if isinstance(ids, Iterable) and not isinstance(ids, str | bytes) else [None]
        if not all(isinstance(row, Iterable) for row in rows):
            raise ValueError(
                f"`ids` must hold, for each source, a list of ids, such as [[5, 6], []] for two; "
                f"got {ids!r}."
            )
        rows = [list(row) for row in rows]
        made = tuple(check_phrases("ids", [row])[0] if row else () for row in rows)
        object.__setattr__(self, "ids", made)

    @property
    def key(self):
        """See `Filter`."""
        return type(self)

    def check(self, vocabulary, max_length, special):
        """See `Filter`."""
        check_ids("ids", (token for row in self.ids for token in row), vocabulary, special)
        longest = max(map(len, self.ids), default=0)
        if longest >= max_length:
            raise ValueError(
                f"`ids` has a prefix of {longest} tokens, which leaves no place for an end within "
                f"`max_length`={max_length}. Shorten it, or raise `max_length`."
            )

    def given(self):
        """See `Filter`; {"ids": int32 (B, P)}."""
        return {"ids": filled(self.ids, max(map(len, self.ids), default=0) + 1)}

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
