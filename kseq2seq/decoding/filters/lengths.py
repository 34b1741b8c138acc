"""How short and how long a target may be."""

from __future__ import annotations

from dataclasses import dataclass

from keras import ops

from kseq2seq.decoding.checks import check_number, check_whole
from kseq2seq.decoding.filters.filter import NEVER, Filter, Filtered


def _bound(tokens, ratio, problem):
    """Returns tokens + ratio * source length, rounded down, for each row (rows, 1)."""
    source = ops.sum(ops.cast(problem.mask, "float32"), axis=1)
    bound = ops.cast(ops.floor(tokens + ratio * source + 1e-4), "int32")
    return ops.reshape(problem.per_hypothesis(bound), (-1, 1))


@dataclass(frozen=True)
class MinLength(Filter):
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

    tokens: int = 0
    ratio: float = 0.0

    def __post_init__(self):
        check_whole("tokens", self.tokens, 0)
        check_number("ratio", self.ratio)

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        least = ops.minimum(
            _bound(self.tokens, self.ratio, problem),
            ops.reshape(problem.per_hypothesis(problem.limits), (-1, 1)),
        )
        end = ops.equal(ops.arange(problem.vocabulary), problem.special.end)
        early = ops.logical_and(end, live.step + 1 < least)
        return Filtered(ops.where(early, NEVER, log_probs), state)


@dataclass(frozen=True)
class MaxLength(Filter):
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

    tokens: int = 0
    ratio: float = 0.0

    def __post_init__(self):
        check_whole("tokens", self.tokens, 0)
        check_number("ratio", self.ratio)
        if not self.tokens and not self.ratio:
            raise ValueError("MaxLength needs `tokens` or `ratio` above 0; both are 0.")

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        most = _bound(self.tokens, self.ratio, problem)
        other = ops.not_equal(ops.arange(problem.vocabulary), problem.special.end)
        late = ops.logical_and(other, live.step + 1 >= most)
        return Filtered(ops.where(late, NEVER, log_probs), state)
