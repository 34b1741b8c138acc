"""Rules of numbers: how long a target may be, and what it may repeat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from keras import ops

from kseq2seq.checks import check_number, check_whole
from kseq2seq.decoding.filters.filter import Filter, Filtered, key_of, marked
from kseq2seq.decoding.tensors import NEVER

FAR = 2**30  # tokens; no target has as many, and float32 holds it exactly
LONGEST = 64  # an n-gram that any target may be asked about, however short


@dataclass(frozen=True)
class _Length(Filter):
    """A length in tokens, part of which may be relative to the length of the source, in units."""

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

    def bound(self, given, request):
        """Returns tokens + ratio * source length, rounded down, as int32 (rows, 1)."""
        source = ops.cast(request.units, "float32")
        bound = ops.floor(given["tokens"] + given["ratio"] * source + 1e-4)
        bound = ops.cast(ops.minimum(bound, FAR), "int32")
        return ops.reshape(request.per_hypothesis(bound), (-1, 1))


@dataclass(frozen=True)
class MinLength(_Length):
    """Forbids the end before a target has `tokens + ratio * source length` tokens.

    All lengths are in tokens, both ends included, and rounded down. A target whose limit is less
    ends there.

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

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        least = ops.minimum(
            self.bound(given, request),
            ops.reshape(request.per_hypothesis(request.limits), (-1, 1)),
        )
        end = ops.equal(ops.arange(request.vocabulary_size), request.special.end)
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

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        most = self.bound(given, request)
        other = ops.not_equal(ops.arange(request.vocabulary_size), request.special.end)
        late = ops.logical_and(other, live.step + 1 >= most)
        return Filtered(ops.where(late, NEVER, log_probs), state)


@dataclass(frozen=True)
class RepetitionPenalty(Filter):
    r"""Makes every token that a target already has less likely.

    .. math:: \log p(v) \gets \theta \log p(v) \quad \text{if } v \in y_{<t}

    Args:
        penalty: theta, at least 1 and at most 10; 1 changes nothing.

    Example:
        >>> from kseq2seq.decoding import RepetitionPenalty
        >>> RepetitionPenalty(1.2)
        RepetitionPenalty(penalty=1.2)

    Source:
        Keskar et al. 2019, section 4.1, which scales logits. Scaling a positive logit would make
        its token likelier, so log-probabilities are scaled here.
    """

    penalty: float = 1.2

    def __post_init__(self):
        check_number("penalty", self.penalty, 1, 10)

    @property
    def key(self):
        """See `Filter`."""
        return key_of(self, RepetitionPenalty)

    def given(self):
        """See `Filter`; {"penalty": float32}."""
        return {"penalty": np.float32(self.penalty)}

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        said = marked(live.ids, request.vocabulary_size)
        return Filtered(ops.where(said, log_probs * given["penalty"], log_probs), state)


@dataclass(frozen=True)
class NoRepeatNgram(Filter):
    """Forbids an n-gram that the target, or its source, already has.

    Args:
        size: n, at least 1 and at most 64, or `max_length` where that is more; an n-gram longer
            than a target forbids nothing.
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

    @property
    def key(self):
        """See `Filter`."""
        return key_of(self, NoRepeatNgram, self.of_source)

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`."""
        if self.size > (most := max(max_length, LONGEST)):
            raise ValueError(
                f"`size` must be at most {most}; got {self.size}, and no target of `max_length`="
                f"{max_length} has such an n-gram. Lower it, or leave NoRepeatNgram out."
            )

    def given(self):
        """See `Filter`; {"before": int32}, the tokens of an n-gram before its last."""
        return {"before": np.int32(self.size - 1)}

    def start(self, given, request):
        """See `Filter`; {"matched": int32 (rows, length of the text)}.

        It counts, for each position of the text, how many of the hypothesis' last tokens are the
        same as those before that position.
        """
        if self.of_source and request.source_ids is None:
            raise ValueError("NoRepeatNgram(of_source=True) needs sources of tokens.")
        rows, length = ops.shape(request.limits)[0] * request.num_hypotheses, request.max_length
        if self.of_source:
            length = ops.shape(request.source_ids)[1]
        return {"matched": ops.zeros((rows, length), dtype="int32")}

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        text = request.per_hypothesis(request.source_ids) if self.of_source else live.ids
        text = ops.cast(text, "int32")
        # one more than at the position to the left, if that has the last token
        again = ops.equal(text[:, :-1], live.tokens[:, None])
        matched = ops.where(again, state["matched"][:, :-1] + 1, 0)
        matched = ops.pad(ops.where(live.step > 0, matched, 0), ((0, 0), (1, 0)))
        text_only = ops.not_equal(text, request.special.padding)
        text_only = ops.logical_and(text_only, ops.not_equal(text, request.special.end))
        last = ops.logical_and(text_only, matched >= given["before"])
        repeated = marked(ops.where(last, text, -1), request.vocabulary_size)
        return Filtered(ops.where(repeated, NEVER, log_probs), {"matched": matched})
