"""What a search is: it picks next tokens, and knows nothing of the model."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

import numpy as np
import tensorflow as tf

from kseq2seq.decoding.tensors import repeat
from kseq2seq.deprecation import new_keywords, renamed_attributes, warn_of
from kseq2seq.special_tokens import SpecialTokens

WIDEST = 2**16  # hypotheses a source may have
F = TypeVar("F")


class Request(NamedTuple):
    """What a search and its filters know of a decoding: B sources, N hypotheses for each.

    Attributes:
        limits: int32 (B,), the longest target of each source, in tokens, its end included.
        source_ids: int (B, S), the ids of the source, 0 beyond its real units; None if it is not
            ids, or the loop was not given them. The encoded source may have another length.
        units: int32 (B,), how many units of each source are real; a token is one.
        mask: bool (B, S'), True at the real positions of the encoded source.
        seeds: int32 (B,), for random draws.
        max_length: L, the largest any limit may be; a Python int.
        num_hypotheses: N; a Python int.
        vocabulary_size: V; a Python int.
        hidden_dim: D, of the decoder's hidden vectors; a Python int.
        partial: whether hypotheses may end with requirements unmet; a Python bool.
        special: the ids that are not text.
        encoded: "outputs" (B, S', D) and "mask" of the encoder, or of several under "models", if a
            filter needs them; else None.
    """

    limits: Any
    source_ids: Any
    units: Any
    mask: Any
    seeds: Any
    max_length: int
    num_hypotheses: int
    vocabulary_size: int
    hidden_dim: int
    partial: bool
    special: SpecialTokens
    encoded: Any = None

    def per_hypothesis(self, x: Any) -> Any:
        """Repeats the row of each source for its hypotheses: (B, ...) -> (B * N, ...)."""
        return repeat(x, self.num_hypotheses)


Request.__getattr__ = renamed_attributes(  # type: ignore[attr-defined]
    source="source_ids",
    width="num_hypotheses",
    vocabulary="vocabulary_size",
    hidden_width="hidden_dim",
)


class Live(NamedTuple):
    """The hypotheses that are being extended; rows are B * N, those of a source side by side.

    Attributes:
        step: int32 scalar, how many tokens each has.
        ids: int32 (rows, L), those tokens, then padding.
        tokens: int32 (rows,), the last of them; the start token before the first step.
    """

    step: Any
    ids: Any
    tokens: Any


class Candidates(NamedTuple):
    """What is known of every possible next token.

    Attributes:
        log_probs: float32 (rows, V); -inf where a token is forbidden.
        hidden: (rows, D), what the decoder made of the last token.
        alignment: float32 (rows, S), where the decoder looked; None without attention.
        banks: int32 (rows, V), how much of what is required each extension would have; None where
            nothing is. A search that uses banks keeps hypotheses of each.
        finished: bool (rows,), whether a target that ends with the next token is finished; False
            where it must end at its limit although the model's likeliest token is another.
    """

    log_probs: Any
    hidden: Any
    alignment: Any
    banks: Any
    finished: Any


class Choice(NamedTuple):
    """What a search decides in one step.

    Attributes:
        tokens: int32 (rows,), the next token of each row.
        parents: int32 (rows,), the row each hypothesis goes on from; None where all stay in place.
        state: the search's own, for its next step.
    """

    tokens: Any
    parents: Any
    state: Any


class Hypotheses(NamedTuple):
    """What a search found, best first.

    Attributes:
        ids: int32 (B, N, L), the end token included, then padding.
        lengths: int32 (B, N), tokens, the end included; 0 where fewer than N were found.
        scores: float32 (B, N), as the search ranks them; -inf where fewer than N were found.
        finished: bool (B, N), what `Candidates.finished` was when the end was chosen; True where
            fewer than N were found. None from a search that does not keep it: then the loop takes
            all that end at their limit for unfinished.
    """

    ids: Any
    lengths: Any
    scores: Any
    finished: Any = None


class Search:
    """The base of searches: frozen dataclasses of settings that pick next tokens.

    A search of your own derives from `Search` (or from `Independent`, if its hypotheses never
    meet), says in `num_hypotheses` how many a source has while it runs, and has four methods. The
    loop calls `start` once, `advance` for each step until `done`, and `finish`. What `start` and
    `advance` return as state is the search's own: a dict of tensors whose first axis is B or
    B * N. `kseq2seq.decoding.greedy` is the shortest example.

    The loop, not the search, runs the decoder and the filters, takes the float32 log-softmax,
    forbids padding and start, and allows only the end token at a source's limit, so every
    hypothesis ends. It also says in `Candidates.finished` whether a hypothesis that ends now is
    finished; a search keeps that of the row whose end it chooses.

    Settings have two parts. `key` is compiled into the loop; the numbers that `given` returns are
    inputs of the loop, so that one compiled loop serves many values. A search names these numbers
    in `scales`; inside a compiled loop they are scalar tensors.

    Attributes:
        uses_banks: whether the search keeps hypotheses by how many requirements they meet.
        scales: settings that only scale or cut, and the value at which each has no effect; None
            where there is no such value. A setting without effect is compiled in. `scales` is not
            inherited: all settings of a subclass are compiled in, unless it names its own.

    Example:
        >>> from dataclasses import dataclass
        >>> from keras import ops
        >>> from kseq2seq.decoding.greedy import Independent
        >>> @dataclass(frozen=True)
        ... class Unlikeliest(Independent):
        ...     def pick(self, candidates, live, state, request):
        ...         allowed = ops.isfinite(candidates.log_probs)
        ...         return ops.argmin(ops.where(allowed, candidates.log_probs, 1.0), axis=-1)
    """

    uses_banks: bool = False
    scales: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        own = {**vars(cls), **vars(cls).get("__annotations__", {})}
        if "width" in own and "num_hypotheses" not in own:
            warn_of(f"`width` of {cls.__name__} was renamed to `num_hypotheses`")
            cls.num_hypotheses = property(lambda self: self.width)  # type: ignore

    __getattr__ = renamed_attributes(width="num_hypotheses")

    @property
    def num_hypotheses(self) -> int:
        """N, how many hypotheses a source has while the search runs."""
        return 1

    @property
    def key(self) -> Hashable:
        """What a compiled loop depends on: all settings but those that `given` returns."""
        given = self.given()
        if not given:
            return self
        fixed = [f.name for f in fields(self) if f.name not in given]  # type: ignore[arg-type]
        return type(self), tuple(given), tuple((name, getattr(self, name)) for name in fixed)

    def given(self) -> dict[str, Any]:
        """Returns the settings that are inputs of a compiled loop, as scalars."""
        own = vars(type(self)).get("scales", {})  # a subclass may compute with what it inherits
        numbers = {name: getattr(self, name) for name, none in own.items() if self.uses(name, none)}
        return {
            name: number if tf.is_tensor(number) else _scalar(number)
            for name, number in numbers.items()
        }

    def with_given(self, given: Mapping[str, Any]) -> Self:
        """Returns the same search with other values of the numbers that `given` returns."""
        if not given:
            return self
        search = copy.copy(self)
        object.__setattr__(search, "_as_set", self.as_set)
        for name, number in given.items():
            object.__setattr__(
                search, name, number
            )  # a frozen dataclass; its checks are for values
        return search

    @property
    def as_set(self) -> Self:
        """The search with the numbers it was made with, for messages."""
        return vars(self).get("_as_set", self)

    def uses(self, name: str, none: Any = 0) -> bool:
        """Returns whether a setting has an effect; `none` is the value without one."""
        number = getattr(self, name)
        return tf.is_tensor(number) or (number is not None and number != none)

    def check(self, vocabulary_size: int, max_length: int) -> None:
        """Raises a ValueError if the search makes no sense for such targets."""

    def footprint(self, vocabulary_size: int, max_length: int, hidden_dim: int) -> int:
        """Returns the bytes that the search keeps for a source, beyond what every search keeps."""
        return 0

    def start(self, request: Request) -> dict:
        """Returns the state before the first step.

        Axis 0 has B or B * N rows. Where another axis grows with the source, zeros must stand for
        its padding.
        """
        raise NotImplementedError

    def advance(self, candidates: Candidates, live: Live, state: dict, request: Request) -> Choice:
        """Picks the next token of each hypothesis."""
        raise NotImplementedError

    def done(self, state: dict, request: Request) -> Any:
        """Returns bool (B,): no further step can improve what was found for a source."""
        raise NotImplementedError

    def finish(self, live: Live, state: dict, request: Request) -> Hypotheses:
        """Returns what was found, best first."""
        raise NotImplementedError


def keywords(hints: Mapping[str, str], **old: str) -> Callable[[F], F]:
    """Returns a decorator for functions and classes that helps with keywords they do not have.

    Args:
        hints: what to pass -> the keywords of other libraries that mean the same.
        **old: old keyword = new keyword; the old one works, with a warning.

    Example:
        >>> from kseq2seq.decoding.search import keywords
        >>> @keywords({"beam_width": "num_beams beam_size"}, width="beam_width")
        ... def search(beam_width=4):
        ...     return beam_width
        >>> search(num_beams=2)
        Traceback (most recent call last):
        TypeError: search() has no keyword `num_beams`. Pass `beam_width`.
    """
    advice = {word: ours for ours, words in hints.items() for word in words.split()}

    def decorate(function: Any) -> Any:
        if isinstance(function, type):
            function.__init__ = decorate(function.__init__)  # type: ignore[misc]
            return function
        name = function.__qualname__.removesuffix(".__init__")
        known = set(inspect.signature(function).parameters)

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            if not named.keys() <= known:
                caller = type(arguments[0]).__name__ if name.endswith(".__call__") else name
                for keyword in named.keys() & advice.keys():
                    raise TypeError(
                        f"{caller}() has no keyword `{keyword}`. Pass `{advice[keyword]}`."
                    )
                named = new_keywords(name, old, named)
            return function(*arguments, **named)

        return call

    return decorate


def _scalar(number: Any) -> np.generic:
    """A setting as a scalar of the type that a graph computes in."""
    if isinstance(number, int | np.integer):
        return np.int32(min(number, np.iinfo("int32").max))
    return np.float32(min(number, np.finfo("float32").max))  # more is refused by `check`
