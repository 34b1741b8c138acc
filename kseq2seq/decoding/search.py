"""What a search is: a rule that picks next tokens, blind to the model."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping
from dataclasses import fields
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import tensorflow as tf

from kseq2seq.decoding.tensors import repeat
from kseq2seq.special_tokens import SpecialTokens

WIDEST = 2**16  # hypotheses a source may have


class Problem(NamedTuple):
    """What stays the same while targets for B sources are searched, N hypotheses for each.

    Attributes:
        limits: int32 (B,), the longest target of each source, in tokens, its end included.
        source: int (B, S), the ids of the source; None if it is not ids, or the loop was not given
            them. The encoded source may have another length.
        units: int32 (B,), how many units of each source are real; a token is one.
        mask: bool (B, S'), True at the real positions of the encoded source.
        seeds: int32 (B,), for what is drawn at random.
        max_length: L, the largest any limit may be; a Python int.
        width: N; a Python int.
        vocabulary: V; a Python int.
        hidden_width: D, of the decoder's hidden vectors; a Python int.
        partial: whether hypotheses without all that is required may be found; a Python bool.
        special: the ids that are not text.
        encoded: "outputs" (B, S', D) and "mask" of the encoder, or of several under "models", where
            a filter asked for them; else None.
    """

    limits: Any
    source: Any
    units: Any
    mask: Any
    seeds: Any
    max_length: int
    width: int
    vocabulary: int
    hidden_width: int
    partial: bool
    special: SpecialTokens
    encoded: Any = None

    def per_hypothesis(self, x: Any) -> Any:
        """Repeats what has a row a source, so that it has a row a hypothesis."""
        return repeat(x, self.width)


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


class Extensions(NamedTuple):
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
        finished: bool (B, N), what `Extensions.finished` was when the end was chosen; True where
            fewer than N were found. None from a search that does not keep it: then the loop takes
            all that end at their limit for unfinished.
    """

    ids: Any
    lengths: Any
    scores: Any
    finished: Any = None


class Search:
    """The base of searches. They are values: hashable, comparable, free of tensors.

    All log-probabilities are float32. The loop, not the search, runs the filters, forbids padding
    and makes the last allowed token an end, so every hypothesis ends. Which of them are finished
    the loop says too: a search keeps `Extensions.finished` of the row whose end it chooses.

    A search has a `width`, N: how many hypotheses a source has while it runs. Its settings have two
    parts: `key` is compiled into the loop, and the numbers that `given` returns are inputs of it,
    so that one compiled loop serves many values of them. A search is a dataclass that names these
    numbers in `scales`; inside a compiled loop they are scalar tensors.

    Attributes:
        uses_banks: whether hypotheses are kept by how much of what is required they have.
        scales: settings that only scale or cut, and the values that leave each without effect;
            None where there is no such value. A setting without effect is compiled in. They are not
            inherited: all settings of a subclass are compiled in, unless it names its own.
    """

    uses_banks: bool = False
    scales: ClassVar[Mapping[str, Any]] = {}

    @property
    def key(self) -> Hashable:
        """What a compiled loop depends on: all settings but those that `given` returns."""
        given = self.given()
        if not given:
            return self
        kept = [f.name for f in fields(self) if f.name not in given]  # type: ignore[arg-type]
        return type(self), tuple(given), tuple((name, getattr(self, name)) for name in kept)

    def given(self) -> dict[str, Any]:
        """Returns the settings that are inputs of a compiled loop, as scalars."""
        own = vars(type(self)).get("scales", {})  # a subclass may compute with what it inherits
        numbers = {name: getattr(self, name) for name, none in own.items() if self.uses(name, none)}
        return {
            name: number if tf.is_tensor(number) else _scalar(number)
            for name, number in numbers.items()
        }

    def with_given(self, given: Mapping[str, Any]) -> Self:
        """Returns the same search with other numbers in the place of those that `given` returns."""
        if not given:
            return self
        made = copy.copy(self)
        object.__setattr__(made, "_as_set", self.as_set)
        for name, number in given.items():
            object.__setattr__(made, name, number)  # a frozen dataclass; its checks are for values
        return made

    @property
    def as_set(self) -> Self:
        """The search with the numbers it was made with, for messages."""
        return vars(self).get("_as_set", self)

    def uses(self, name: str, none: Any = 0) -> bool:
        """Whether a setting has an effect: `none` is the value without one."""
        number = getattr(self, name)
        return tf.is_tensor(number) or (number is not None and number != none)

    def check(self, vocabulary: int, max_length: int) -> None:
        """Raises a ValueError if the search makes no sense for such targets."""

    @property
    def width(self) -> int:
        """N, how many hypotheses a source has while the search runs."""
        return 1

    def footprint(self, vocabulary: int, max_length: int, hidden_width: int) -> int:
        """Returns the bytes a source that the search keeps beside what all searches do."""
        return 0

    def start(self, problem: Problem) -> dict:
        """Returns the state before the first step, rows B or B * N on axis 0.

        Where an axis grows with the source, zeros must stand for its padding.
        """
        raise NotImplementedError

    def advance(self, made: Extensions, live: Live, state: dict, problem: Problem) -> Choice:
        """Takes one step."""
        raise NotImplementedError

    def done(self, state: dict, problem: Problem) -> Any:
        """Returns bool (B,): nothing better can be found for a source."""
        raise NotImplementedError

    def finish(self, live: Live, state: dict, problem: Problem) -> Hypotheses:
        """Returns what was found."""
        raise NotImplementedError


def _scalar(number: Any) -> np.generic:
    """A setting as a scalar of the type that a graph computes in."""
    if isinstance(number, int | np.integer):
        return np.int32(min(number, np.iinfo("int32").max))
    return np.float32(number)
