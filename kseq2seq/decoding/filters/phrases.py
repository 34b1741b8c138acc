"""Tokens and phrases that a target must not have, must have, or begins with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from kseq2seq.decoding.filters.filter import (
    NONE,
    Filter,
    Filtered,
    check_ids,
    check_phrases,
    filled,
    marked,
    roomy,
)
from kseq2seq.decoding.tensors import NEVER


def begun(live, phrases, longest: int):
    """Finds how much of each phrase the hypotheses end with.

    Args:
        live: the hypotheses.
        phrases: int32 (rows or 1, P, n), padded with `NONE`.
        longest: n.

    Returns:
        n + 1 tensors, bool (rows, P): whether the last k tokens are the first k of each phrase,
        for k from 0.
    """
    place = ops.arange(longest, dtype="int32") + live.step - longest
    tail = ops.take(live.ids, ops.maximum(place, 0), axis=1)[:, None, :]
    tail = ops.where(place >= 0, tail, NONE - 1)
    return [
        ops.all(ops.equal(tail[..., longest - k :], phrases[..., :k]), axis=-1)
        for k in range(longest + 1)
    ]


def _longest(phrases) -> int:
    return roomy(max(map(len, phrases), default=1))


@dataclass(frozen=True)
class Forbid(Filter):
    """Forbids tokens and phrases, such as unknown words or profanity.

    Args:
        phrases: sequences of token ids; `Pipeline.phrases` makes them of texts.

    Example:
        >>> from kseq2seq.decoding import Forbid
        >>> Forbid([[7], [5, 6]])
        Forbid(phrases=((7,), (5, 6)))
    """

    phrases: tuple[tuple[int, ...], ...]

    def __post_init__(self):
        object.__setattr__(self, "phrases", check_phrases("phrases", self.phrases))
        if not self.phrases:
            raise ValueError("Forbid needs at least one phrase; leave the filter out.")

    @property
    def key(self):
        """See `Filter`."""
        return type(self), _longest(self.phrases)

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`; the end may be forbidden, so that targets reach their limit."""
        ids = {token for phrase in self.phrases for token in phrase} - {special.end}
        check_ids("phrases", ids, vocabulary_size, special)

    def given(self):
        """See `Filter`; {"phrases": int32 (P, n)}."""
        width = _longest(self.phrases)
        rows = [*self.phrases, *[()] * (roomy(len(self.phrases)) - len(self.phrases))]
        return {"phrases": filled(rows, width)}

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        phrases, longest = given["phrases"], _longest(self.phrases)
        fits = begun(live, phrases[None], longest)
        forbidden = ops.zeros_like(log_probs, dtype="bool")
        for k in range(longest):  # the last token of a phrase is its k-th from 0
            last = phrases[:, k]
            ends = last != NONE
            if k + 1 < longest:
                ends = ops.logical_and(ends, ops.equal(phrases[:, k + 1], NONE))
            tokens = ops.where(ops.logical_and(fits[k], ends), last, NONE)
            forbidden = ops.logical_or(forbidden, marked(tokens, request.vocabulary_size))
        return Filtered(ops.where(forbidden, NEVER, log_probs), state)


@dataclass(frozen=True)
class Require(Filter):
    """Keeps a target from ending before it has all phrases of its source: a glossary.

    It needs a search that keeps partially satisfied hypotheses, `Beam`, which finds the likeliest
    positions for the phrases. They may overlap and come in any order. A target that can't have
    them within its limit is not returned; see `decode`.

    Args:
        phrases: for each source, sequences of token ids; an empty list requires nothing.

    Example:
        >>> from kseq2seq.decoding import Require
        >>> filters = [Require([[[5, 6], [7]], []])]  # two sources; nothing for the second

    Source:
        Post and Vilar 2018, "Fast Lexically Constrained Decoding with Dynamic Beam Allocation".
    """

    phrases: Any

    of_sources = True
    banks = True

    def __post_init__(self):
        hint = "for each source, a list of phrases, such as [[[5, 6], [7]], []] for two"
        phrases = self.phrases
        if isinstance(phrases, str | bytes) or not isinstance(phrases, Iterable):
            raise ValueError(f"`phrases` must hold {hint}; got {phrases!r}.")
        try:
            checked = tuple(check_phrases("phrases", of_source) for of_source in phrases)
        except ValueError as error:
            raise ValueError(f"`phrases` must hold {hint}. {error}") from None
        object.__setattr__(self, "phrases", checked)

    @property
    def key(self):
        """See `Filter`."""
        return type(self), self._longest()

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`."""
        ids = (token for source in self.phrases for phrase in source for token in phrase)
        check_ids("phrases", ids, vocabulary_size, special)

    def given(self):
        """See `Filter`; {"phrases": int32 (B, P, n)}."""
        count = roomy(max(map(len, self.phrases), default=0))
        rows = [
            filled([*of_source, *[()] * (count - len(of_source))], self._longest())
            for of_source in self.phrases
        ]
        return {"phrases": np.reshape(rows, (len(rows), count, self._longest())).astype("int32")}

    def of(self, rows):
        """See `Filter`."""
        return Require([self.phrases[row] for row in rows])

    def prepare(self, given, request):
        """See `Filter`."""
        return {"phrases": request.per_hypothesis(given["phrases"])}

    def start(self, given, request):
        """See `Filter`; {"has": bool (rows, P)}, which phrases a hypothesis has."""
        return {"has": ops.equal(given["phrases"][:, :, 0], NONE)}

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        phrases, longest = given["phrases"], self._longest()
        lengths = ops.sum(ops.cast(ops.not_equal(phrases, NONE), "int32"), axis=-1)  # (rows, P)
        fits, has = begun(live, phrases, longest), state["has"]
        for k in range(1, longest + 1):
            has = ops.logical_or(has, ops.logical_and(fits[k], ops.equal(lengths, k)))
        missing = ops.any(ops.logical_not(has), axis=-1, keepdims=True)
        end = ops.equal(ops.arange(request.vocabulary_size), request.special.end)
        log_probs = ops.where(ops.logical_and(missing, end), NEVER, log_probs)

        # banks: the tokens of all phrases that a hypothesis has, and how far each next token would
        # take it in another one
        further = ops.zeros_like(log_probs, dtype="int32")
        for k in range(longest):
            goes_on = ops.logical_and(fits[k], ops.logical_not(has))
            begun_so_far = ops.any(goes_on, axis=-1, keepdims=True)
            further = ops.where(ops.logical_and(end, begun_so_far), k, further)
            tokens = ops.where(goes_on, phrases[..., k], NONE)
            further = ops.where(marked(tokens, request.vocabulary_size), k + 1, further)
        complete = ops.sum(ops.where(has, lengths, 0), axis=-1, keepdims=True)
        return Filtered(log_probs, {"has": has}, complete + further)

    def _longest(self) -> int:
        return _longest([phrase for of_source in self.phrases for phrase in of_source])


@dataclass(frozen=True)
class Prefix(Filter):
    """Makes each target begin with the given tokens; their log-probabilities count.

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
        checked = tuple(check_phrases("ids", [row])[0] if row else () for row in rows)
        object.__setattr__(self, "ids", checked)

    @property
    def key(self):
        """See `Filter`."""
        return type(self)

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`."""
        check_ids("ids", (token for row in self.ids for token in row), vocabulary_size, special)
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

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        ids = given["ids"]
        place = ops.minimum(live.step, ops.shape(ids)[1] - 1)
        forced = request.per_hypothesis(ops.take(ids, place, axis=1))[:, None]
        other = ops.logical_and(forced != NONE, ops.arange(request.vocabulary_size) != forced)
        return Filtered(ops.where(other, NEVER, log_probs), state)
