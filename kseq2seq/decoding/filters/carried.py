"""Tokens that a target has exactly as often as its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from kseq2seq.decoding.filters.filter import Filter, Filtered, check_ids
from kseq2seq.decoding.tensors import NEVER


@dataclass(frozen=True)
class Carried(Filter):
    """Requires each of some tokens exactly as often in a target as in its source, in any order.

    For symbols whose content is put back afterwards, for example names or the fields of a format.
    It forbids such a token once a target has all of its own, and the end before; when only the
    missing tokens and the end still fit in the limit, nothing else is allowed. So each target that
    is found has them all, by any search, in graphs and in files that are exported: it counts in the
    ids of the source, and needs no list for each. A source that has more than fit in the limit has
    no target; see `decode`. Tokens are counted, not texts: other tokens may spell the same.

    Args:
        tokens: ids of the target.
        source: the ids that they have in the source, in the same order; the same ids if None.

    Raises:
        ValueError: `tokens` or `source` is empty, repeats an id or holds anything but ids, or the
            two are unequal in number; when it is used, if sources are not ids.

    Example:
        >>> from kseq2seq.decoding import Carried
        >>> Carried([7, 8])
        Carried(tokens=(7, 8), source=(7, 8))
    """

    tokens: Any
    source: Any = None

    def __post_init__(self):
        tokens = _whole("tokens", self.tokens)
        source = tokens if self.source is None else _whole("source", self.source)
        if len(source) != len(tokens):
            raise ValueError(
                f"`source` must have an id for each of {len(tokens)} `tokens`; got {len(source)}."
            )
        object.__setattr__(self, "tokens", tokens)
        object.__setattr__(self, "source", source)

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`."""
        check_ids("tokens", self.tokens, vocabulary_size, special)

    def start(self, given, request):
        """See `Filter`; {"left": int32 (rows, K)}, how many of each token are still to come."""
        if request.source_ids is None:
            raise ValueError("Carried counts tokens in sources that are ids; this one is not.")
        return {"left": request.per_hypothesis(self._counts(request.source_ids))}

    def least(self, source_ids):
        """See `Filter`; those of the source, and the end."""
        return ops.sum(self._counts(source_ids), axis=1) + 1

    def _counts(self, source_ids):
        """How often each of the K tokens stands in sources (B, S): int32 (B, K)."""
        ids = ops.cast(source_ids, "int32")
        same = [ops.cast(ops.equal(ids, token), "int32") for token in self.source]
        return ops.stack([ops.sum(of_token, axis=1) for of_token in same], axis=1)

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        tokens = ops.convert_to_tensor(np.array(self.tokens, "int32"))
        written = ops.cast(ops.equal(live.tokens[:, None], tokens), "int32")
        # the start token of the first step is none of them, since no target may hold it
        left = state["left"] - written
        missing = ops.sum(ops.maximum(left, 0), axis=1, keepdims=True)  # (rows, 1)
        limits = ops.reshape(request.per_hypothesis(request.limits), (-1, 1))
        tight = ops.logical_and(missing > 0, limits - live.step <= missing + 1)

        # which tokens (rows, V) are carried ones still to come, and which are any other carried one
        ids = np.arange(request.vocabulary_size)
        of_token = np.equal(np.array(self.tokens)[:, None], ids).astype("float32")  # (K, V)
        wanted = ops.matmul(ops.cast(left > 0, "float32"), of_token) > 0
        done = ops.matmul(ops.cast(left <= 0, "float32"), of_token) > 0
        early = ops.logical_and(missing > 0, ops.equal(ids, request.special.end))
        other = ops.logical_and(tight, ops.logical_not(wanted))
        forbidden = ops.logical_or(ops.logical_or(done, early), other)
        return Filtered(ops.where(forbidden, NEVER, log_probs), {"left": left})


def _whole(name: str, ids: Any) -> tuple[int, ...]:
    try:
        listed = tuple(ids)
    except TypeError:
        listed = ()
    whole = all(isinstance(i, int | np.integer) and not isinstance(i, bool) for i in listed)
    if not listed or not whole or len(set(listed)) < len(listed):
        raise ValueError(f"`{name}` must hold different ids, at least one; got {ids!r:.80}.")
    return tuple(map(int, listed))
