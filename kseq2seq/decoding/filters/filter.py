"""What a filter is: a rule about next tokens, which knows neither model nor search."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from kseq2seq.decoding.search import Live, Request
from kseq2seq.special_tokens import SpecialTokens

NONE = -1  # pads rows of ids; no token has it


class Filtered(NamedTuple):
    """What a filter makes of the log-probabilities of a step.

    Attributes:
        log_probs: float32 (rows, V), at most 0; -inf where a token is forbidden.
        state: the filter's own, for the next step; its rows follow the hypotheses.
        banks: int32 (rows, V), how much each next token would have of what the filter requires;
            None from a filter that requires nothing.
    """

    log_probs: Any
    state: Any
    banks: Any = None


class Filter:
    """The base of filters: rules that change the log-probabilities a search chooses from.

    A filter of your own is a frozen dataclass with one method, `apply`. Where it remembers
    something of each hypothesis, `start` returns its state before the first step; the loop moves
    its rows with the hypotheses.

    Filters have two parts. `key` is compiled into the loop; what `given` returns is an input of
    the loop, so that one compiled loop serves many values. `prepare`, `start` and `apply` use what
    they are given, and not the attributes that `key` leaves out. By default everything is part of
    `key`.

    Filters run in their order, each on what the one before left. Nothing is normalized again, so
    scores are sums of what filters leave: with filters that only forbid, of the model's own
    log-probabilities. Last, the loop forbids padding and start, and ends targets at their limit.

    Attributes:
        of_sources: whether the arrays of `given` have a row for each source.
        banks: whether the filter requires something. It then returns `Filtered.banks`, needs a
            search that uses them, and forbids nothing but an end that comes too early.
        needs_encoded: whether the filter uses the encoder's outputs, `Request.encoded`. Where
            batches are joined, zeros stand for missing positions, so heed their mask.

    Example:
        >>> from dataclasses import dataclass
        >>> from keras import ops
        >>> from kseq2seq.decoding import Filter, Filtered
        >>> @dataclass(frozen=True)
        ... class OnlyAfter(Filter):
        ...     token: int
        ...     step: int
        ...     def apply(self, log_probs, live, state, given, request):
        ...         tokens = ops.arange(request.vocabulary_size)
        ...         early = ops.logical_and(ops.equal(tokens, self.token), live.step < self.step)
        ...         return Filtered(ops.where(early, float("-inf"), log_probs), state)
        >>> OnlyAfter(token=5, step=2)
        OnlyAfter(token=5, step=2)
    """

    of_sources: bool = False
    banks: bool = False
    needs_encoded: bool = False

    @property
    def key(self) -> Hashable:
        """What the compiled loop depends on; the filter itself by default."""
        return self

    def check(self, vocabulary_size: int, max_length: int, special: SpecialTokens) -> None:
        """Raises a ValueError if the filter makes no sense for such targets."""

    def given(self) -> dict:
        """Returns arrays and scalars that are inputs of the compiled loop; none by default."""
        return {}

    def of(self, rows: Sequence[int]) -> Filter:
        """Returns the filter for some of the sources; itself if it is the same for all."""
        return self

    def least(self, source_ids: Any) -> Any:
        """Returns int (B,), the fewest tokens of a target, its end included, that can follow it.

        For messages alone; None, the default, from a filter that asks for none of its source.

        Args:
            source_ids: int (B, S), 0 beyond the real ones.
        """
        return None

    def prepare(self, given: dict, request: Request) -> dict:
        """Returns what every step needs, computed once; what was given, by default."""
        return given

    def start(self, given: dict, request: Request) -> Any:
        """Returns the state before the first step, with B * N rows on axis 0; none by default.

        Where another axis grows with the source, zeros must stand for its padding. `given` is what
        `prepare` returned, here and in `apply`.
        """
        return {}

    def apply(
        self, log_probs: Any, live: Live, state: Any, given: dict, request: Request
    ) -> Filtered:
        """Returns what is left of log-probabilities (rows, V), and the state for the next step."""
        raise NotImplementedError


def marked(tokens, vocabulary: int):
    """Returns bool (rows, V), True at each of the ids (rows, K); ids outside mark nothing.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.filters.filter import marked
        >>> np.array(marked(np.array([[2, 0], [2, -1]]), 3)).tolist()
        [[True, False, True], [False, False, True]]
    """
    tokens = ops.cast(tokens, "int32")
    rows, count = ops.shape(tokens)
    inside = ops.logical_and(tokens >= 0, tokens < vocabulary)
    first = ops.arange(rows, dtype="int32")[:, None] * (vocabulary + 1)
    places = first + ops.where(inside, tokens, vocabulary)
    flat = ops.scatter(
        ops.reshape(places, (-1, 1)),
        ops.ones((rows * count,), dtype="int32"),
        (rows * (vocabulary + 1),),
    )
    return ops.reshape(flat, (rows, vocabulary + 1))[:, :vocabulary] > 0


def filled(rows: Iterable[Sequence[int]], width: int) -> np.ndarray:
    """Returns rows of ids as int32 (rows, width), padded on the right with `NONE`."""
    rows = list(rows)
    array = np.full((len(rows), width), NONE, "int32")
    for row, ids in zip(array, rows, strict=True):
        row[: len(ids)] = ids
    return array


def roomy(size: int) -> int:
    """Returns a power of 2 of at least `size`, so that few sizes are compiled."""
    return 1 << max(size - 1, 0).bit_length()


def check_ids(name: str, ids: Iterable[int], vocabulary: int, special: SpecialTokens) -> None:
    """Refuses ids outside the vocabulary, and ids that no target has before its end."""
    ids = set(ids)
    outside = sorted(token for token in ids if not 0 <= token < vocabulary)
    if outside:
        raise ValueError(
            f"`{name}` names the ids {outside[:5]}, but the model has ids from 0 to "
            f"{vocabulary - 1}. Make them with the target's tokenizer."
        )
    never = sorted(ids & {special.padding, special.start, special.end})
    if never:
        raise ValueError(
            f"`{name}` names the special ids {never}, which no target holds before its end. Leave "
            "them out."
        )


def key_of(rule: Filter, kind: type[Filter], *compiled: Hashable) -> Hashable:
    """Returns the key of a filter: its class and what else is compiled in.

    A subclass may read any attribute in its own methods, so all of them are compiled in.
    """
    return (kind, *compiled) if type(rule) is kind else rule


def check_phrases(name: str, phrases: Any) -> tuple[tuple[int, ...], ...]:
    """Returns phrases, each a sequence of token ids, as tuples.

    Raises:
        ValueError: if a phrase is empty or holds anything but ids.

    Example:
        >>> from kseq2seq.decoding.filters.filter import check_phrases
        >>> check_phrases("phrases", [[5, 6], [7]])
        ((5, 6), (7,))
    """
    hint = "sequences of token ids, such as [[5, 6], [7]] or what `Pipeline.phrases` makes of texts"
    try:
        listed = tuple(tuple(phrase) for phrase in phrases)
    except TypeError:
        raise ValueError(f"`{name}` must be {hint}; got {phrases!r}.") from None
    whole = all(
        isinstance(token, int | np.integer) and not isinstance(token, bool) and int(token) >= 0
        for phrase in listed
        for token in phrase
    )
    if not whole or not all(listed):
        raise ValueError(f"`{name}` must be {hint}, none of them empty; got {phrases!r}.")
    return tuple(tuple(int(token) for token in phrase) for phrase in listed)
