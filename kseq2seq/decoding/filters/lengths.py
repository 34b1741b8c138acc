"""How short and how long a target may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from keras import ops

from kseq2seq.checks import check_number, check_whole
from kseq2seq.decoding.filters.filter import Filter, Filtered, key_of
from kseq2seq.decoding.search import NEVER

FAR = 2**30  # tokens; no target has as many, and float32 holds it exactly


@dataclass(frozen=True)
class _Length(Filter):
    """A length in tokens, of which a part may be relative to the source's, in its units."""

    tokens: int = 0
    ratio: float = 0.0

    def __post_init__(self):
        check_whole("tokens", self.tokens, 0)
        check_number("ratio", self.ratio)

    def given(self):
        """See `Filter`; {"tokens": float32, "ratio": float32}."""
        return {
            "tokens": np.float32(min(self.tokens, FAR)),
            "ratio": np.float32(min(self.ratio, FAR)),
        }

    def bound(self, given, problem):
        """Returns tokens + ratio * source length, rounded down, for each row (rows, 1)."""
        source = ops.cast(problem.units, "float32")
        bound = ops.floor(given["tokens"] + given["ratio"] * source + 1e-4)
        bound = ops.cast(ops.minimum(bound, FAR), "int32")
        return ops.reshape(problem.per_hypothesis(bound), (-1, 1))


@dataclass(frozen=True)
class MinLength(_Length):
    """Forbids the end before a target has `tokens + ratio * source length` tokens.

    All lengths are in tokens, both ends included, and rounded down. Where a target may not be
    that long, it ends at its limit.

    Args:
        tokens: whole number of at least 0.
        ratio: at least 0.

    Example:
        >>> from kseq2seq.decoding import MinLength
        >>> MinLength(ratio=0.5)
        MinLength(tokens=0, ratio=0.5)
    """

    @property
    def key(self):
        """See `Filter`."""
        return key_of(self, MinLength)

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        least = ops.minimum(
            self.bound(given, problem),
            ops.reshape(problem.per_hypothesis(problem.limits), (-1, 1)),
        )
        end = ops.equal(ops.arange(problem.vocabulary), problem.special.end)
        early = ops.logical_and(end, live.step + 1 < least)
        return Filtered(ops.where(early, NEVER, log_probs), state)


@dataclass(frozen=True)
class MaxLength(_Length):
    """Allows only the end once a target would have `tokens + ratio * source length` tokens.

    All lengths are in tokens, both ends included, and rounded down; at least the end is allowed.

    Args:
        tokens: whole number of at least 0.
        ratio: at least 0.

    Example:
        >>> from kseq2seq.decoding import MaxLength
        >>> MaxLength(tokens=10, ratio=2.0)
        MaxLength(tokens=10, ratio=2.0)
    """

    def __post_init__(self):
        super().__post_init__()
        if not self.tokens and not self.ratio:
            raise ValueError("MaxLength needs `tokens` or `ratio` above 0; both are 0.")

    @property
    def key(self):
        """See `Filter`."""
        return key_of(self, MaxLength)

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        most = self.bound(given, problem)
        other = ops.not_equal(ops.arange(problem.vocabulary), problem.special.end)
        late = ops.logical_and(other, live.step + 1 >= most)
        return Filtered(ops.where(late, NEVER, log_probs), state)
