"""Against saying the same again."""

from __future__ import annotations

from dataclasses import dataclass

from keras import ops

from kseq2seq.decoding.checks import check_number, check_whole
from kseq2seq.decoding.filters.filter import Filter, Filtered, marked
from kseq2seq.decoding.search import NEVER


@dataclass(frozen=True)
class RepetitionPenalty(Filter):
    r"""Makes every token that a target already has less likely.

    .. math:: \log p(v) \gets \theta \log p(v) \quad \text{if } v \in y_{<t}

    Args:
        penalty: theta, at least 1; 1 changes nothing.

    Example:
        >>> from kseq2seq.decoding import RepetitionPenalty
        >>> RepetitionPenalty(1.2)
        RepetitionPenalty(penalty=1.2)

    Source:
        Keskar et al. 2019, section 4.1, which scales logits; those may be positive, where scaling
        does not say which way, so log-probabilities are scaled here.
    """

    penalty: float = 1.2

    def __post_init__(self):
        check_number("penalty", self.penalty, 1)

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        said = marked(live.ids, problem.vocabulary)
        return Filtered(ops.where(said, log_probs * self.penalty, log_probs), state)


@dataclass(frozen=True)
class NoRepeatNgram(Filter):
    """Forbids an n-gram that the target, or its source, already has.

    Args:
        size: n, at least 1.
        of_source: look for it in the source in place of the target; the two must share a
            vocabulary.

    Example:
        >>> from kseq2seq.decoding import NoRepeatNgram
        >>> NoRepeatNgram(3)
        NoRepeatNgram(size=3, of_source=False)

    Source:
        Paulus et al. 2018, section 2.5, for trigrams of a target. The end token may always come.
    """

    size: int = 3
    of_source: bool = False

    def __post_init__(self):
        check_whole("size", self.size)

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        if self.of_source and problem.source is None:
            raise ValueError("NoRepeatNgram(of_source=True) needs sources of tokens.")
        text = problem.per_hypothesis(problem.source) if self.of_source else live.ids
        text = ops.cast(text, "int32")
        before = self.size - 1
        # windows of `before` tokens, and the token that follows each
        count = ops.maximum(ops.shape(text)[1] - before, 0)
        place = ops.arange(before, dtype="int32") + live.step - before
        last = ops.take(live.ids, ops.maximum(place, 0), axis=1)
        same = ops.ones_like(text[:, before:], dtype="bool")
        for offset in range(before):
            window = text[:, offset : offset + count]
            same = ops.logical_and(same, ops.equal(window, last[:, offset, None]))
        same = ops.logical_and(same, live.step >= before)
        following = ops.where(same, text[:, before:], -1)
        text_only = ops.not_equal(following, problem.special.padding)
        text_only = ops.logical_and(text_only, ops.not_equal(following, problem.special.end))
        repeated = marked(ops.where(text_only, following, -1), problem.vocabulary)
        return Filtered(ops.where(repeated, NEVER, log_probs), state)
