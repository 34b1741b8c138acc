"""Phrases that may not appear, and phrases that must."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from keras import ops

from kseq2seq.decoding.checks import check_phrases
from kseq2seq.decoding.filters.filter import NEVER, Filter, Filtered, check_ids, marked

NONE = -1  # fills up phrases; no id


def padded(phrases: Any, rows: int | None = None) -> np.ndarray:
    """Phrases as int32 (P, n), filled up on the right with -1."""
    longest = max(map(len, phrases), default=1)
    made = np.full((rows or max(len(phrases), 1), longest), NONE, "int32")
    for row, phrase in zip(made, phrases, strict=False):
        row[: len(phrase)] = phrase
    return made


def begun(live, phrases, longest: int):
    """Tells which beginnings of phrases the hypotheses end in.

    Args:
        live: the hypotheses.
        phrases: int32 (rows or 1, P, n), filled up with -1.
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

    def check(self, vocabulary):
        """See `Filter`."""
        check_ids("phrases", (token for phrase in self.phrases for token in phrase), vocabulary)

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        forbidden = None
        single = [phrase[0] for phrase in self.phrases if len(phrase) == 1]
        if single:
            constant = np.isin(np.arange(problem.vocabulary), single)
            forbidden = ops.convert_to_tensor(constant)[None]
        longer = [phrase for phrase in self.phrases if len(phrase) > 1]
        if longer:
            heads = ops.convert_to_tensor(padded([phrase[:-1] for phrase in longer]))[None]
            lengths = np.array([len(phrase) - 1 for phrase in longer], "int32")
            last = np.array([phrase[-1] for phrase in longer], "int32")
            fits = ops.stack(begun(live, heads, heads.shape[2]), axis=-1)
            whole = ops.any(ops.logical_and(fits, ops.one_hot(lengths, fits.shape[-1]) > 0), -1)
            found = marked(ops.where(whole, last, NONE), problem.vocabulary)
            forbidden = found if forbidden is None else ops.logical_or(forbidden, found)
        return Filtered(ops.where(forbidden, NEVER, log_probs), state)


@dataclass(frozen=True)
class Require(Filter):
    """Keeps a target from ending before it has all phrases of its source: a glossary.

    It takes a search that keeps hypotheses of every degree of completion, `Beam`; so it finds
    the likeliest places for the phrases. They may overlap and come in any order. A target that
    can't have them within its limit is not returned; see `decode`.

    Args:
        phrases: for each source, sequences of token ids; an empty list requires nothing.

    Example:
        >>> from kseq2seq.decoding import Require
        >>> filters = [Require([[[5, 6], [7]], []])]  # two sources; nothing for the second

    Source:
        Post and Vilar 2018, "Fast Lexically Constrained Decoding with Dynamic Beam Allocation".
    """

    phrases: Any = field(compare=False)
    longest: int = field(init=False, repr=False)

    banks = True

    def __post_init__(self):
        phrases = self.phrases
        if isinstance(phrases, str | bytes) or not isinstance(phrases, Iterable):
            raise ValueError(
                f"`phrases` must hold, for each source, a list of phrases; got {phrases!r}."
            )
        made = tuple(check_phrases("phrases", of_source) for of_source in phrases)
        object.__setattr__(self, "phrases", made)
        longest = max((len(phrase) for of_source in made for phrase in of_source), default=1)
        # rounded up, so that few different ones are compiled
        object.__setattr__(self, "longest", 1 << (longest - 1).bit_length())

    def check(self, vocabulary):
        """See `Filter`."""
        check_ids("phrases", (t for s in self.phrases for p in s for t in p), vocabulary)

    def given(self):
        """See `Filter`; {"phrases": int32 (B, P, n)}."""
        count = max((len(of_source) for of_source in self.phrases), default=0)
        made = np.full((len(self.phrases), max(count, 1), self.longest), NONE, "int32")
        for row, of_source in enumerate(self.phrases):
            for place, phrase in enumerate(of_source):
                made[row, place, : len(phrase)] = phrase
        return {"phrases": made}

    def of(self, rows):
        """See `Filter`."""
        some = Require([self.phrases[row] for row in rows])
        object.__setattr__(some, "longest", self.longest)
        return some

    def prepare(self, given, problem):
        """See `Filter`."""
        return {"phrases": problem.per_hypothesis(given["phrases"])}

    def start(self, given, problem):
        """See `Filter`; {"has": bool (rows, P)}, which phrases a hypothesis has."""
        return {"has": ops.equal(given["phrases"][:, :, 0], NONE)}

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        phrases = given["phrases"]
        lengths = ops.sum(ops.cast(ops.not_equal(phrases, NONE), "int32"), axis=-1)  # (rows, P)
        fits, has = begun(live, phrases, self.longest), state["has"]
        for k in range(1, self.longest + 1):
            has = ops.logical_or(has, ops.logical_and(fits[k], ops.equal(lengths, k)))
        missing = ops.any(ops.logical_not(has), axis=-1, keepdims=True)
        end = ops.equal(ops.arange(problem.vocabulary), problem.special.end)
        log_probs = ops.where(ops.logical_and(missing, end), NEVER, log_probs)

        # tokens of the phrases it has, and of the one that a next token takes furthest
        further = ops.zeros_like(log_probs, dtype="int32")
        for k in range(self.longest):
            goes_on = ops.logical_and(fits[k], ops.logical_not(has))
            tokens = ops.where(goes_on, phrases[..., k], NONE)
            further = ops.where(marked(tokens, problem.vocabulary), k + 1, further)
        complete = ops.sum(ops.where(has, lengths, 0), axis=-1, keepdims=True)
        return Filtered(log_probs, {"has": has}, complete + further)
