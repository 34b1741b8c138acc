"""What a filter is: a rule about next tokens, blind to the model and to the search."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from kseq2seq.decoding.search import Live, Request
from kseq2seq.special_tokens import SpecialTokens

NONE = -1  # fills up rows of ids; no id


class Filtered(NamedTuple):
    """What a filter made of the log-probabilities of a step.

    Attributes:
        log_probs: float32 (rows, V), at most 0; -inf where a token is forbidden.
        state: the filter's own, for the next step; its rows follow the hypotheses.
        banks: int32 (rows, V), how much of what the filter requires each extension would have;
            None from a filter that requires nothing.
    """

    log_probs: Any
    state: Any
    banks: Any = None


class Filter:
    """The base of filters: changes the log-probabilities that a search chooses from.

    Filters are frozen dataclasses. A filter has two parts: `key` is compiled into the loop, and
    what `given` returns is an input of the loop, so that one compiled loop serves many values.
    `prepare` and the methods after it use what they are given and not what the filter holds.

    Filters run in the order given, each on what the one before made. Nothing is normalised again,
    so scores are sums of what filters leave: with filters that only forbid, the model's own
    log-probabilities. The loop adds last that padding and start are forbidden and that a target
    ends at its limit.

    Attributes:
        of_sources: whether the arrays of `given` have a row for each source.
        banks: whether the filter requires something: `Filtered.banks` is given, which takes a
            search that uses it, and nothing is forbidden but an end that comes too early.
        needs_encoded: whether the filter asks for the encoder's outputs, `Request.encoded`, which
            are not kept otherwise. Batches are joined with zeros where a source has no position, so
            `mask` is to be heeded.
    """

    of_sources: bool = False
    banks: bool = False
    needs_encoded: bool = False

    @property
    def key(self) -> Hashable:
        """What the compiled loop depends on; the filter itself by default."""
        return self

    def check(self, vocabulary: int, max_length: int, special: SpecialTokens) -> None:
        """Raises a ValueError if the filter makes no sense for such targets."""

    def given(self) -> dict:
        """Returns arrays and scalars for the compiled loop; none by default."""
        return {}

    def of(self, rows: Sequence[int]) -> Filter:
        """Returns the filter for some of the sources; itself if it does not tell them apart."""
        return self

    def prepare(self, given: dict, request: Request) -> dict:
        """Returns what every step needs, computed once; what was given, by default."""
        return given

    def start(self, given: dict, request: Request) -> Any:
        """Returns the state before the first step, rows B * N on axis 0; none by default.

        Where an axis grows with the source, zeros must stand for its padding. `given` is what
        `prepare` returned, here and in `apply`.
        """
        return {}

    def apply(
        self, log_probs: Any, live: Live, state: Any, given: dict, request: Request
    ) -> Filtered:
        """Returns what is left of log-probabilities (rows, V), and the state for the next step."""
        raise NotImplementedError


def marked(tokens, vocabulary: int):
    """Returns bool (rows, V), True at each of the ids (rows, K); an id outside marks nothing.

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
    """Returns rows of ids as int32 (rows, width), filled up on the right with `NONE`."""
    rows = list(rows)
    made = np.full((len(rows), width), NONE, "int32")
    for row, ids in zip(made, rows, strict=True):
        row[: len(ids)] = ids
    return made


def roomy(size: int) -> int:
    """Returns a power of 2 of at least `size`, so that few sizes are compiled."""
    return 1 << max(size - 1, 0).bit_length()


def check_ids(name: str, ids: Iterable[int], vocabulary: int, special: SpecialTokens) -> None:
    """Refuses ids outside the vocabulary, and those that no target holds before its end."""
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
    """Returns the key of a filter of a kind: what is compiled in beside its type.

    A subclass may read in its own methods what the filter holds, so all of it is compiled in.
    """
    return (kind, *compiled) if type(rule) is kind else rule


def check_phrases(name: str, phrases: Any) -> tuple[tuple[int, ...], ...]:
    """Returns phrases, each a sequence of token ids, as tuples.

    Raises:
        ValueError: if one is empty or holds something else than ids.

    Example:
        >>> from kseq2seq.decoding.filters.filter import check_phrases
        >>> check_phrases("phrases", [[5, 6], [7]])
        ((5, 6), (7,))
    """
    hint = "sequences of token ids, such as [[5, 6], [7]] or what `Pipeline.phrases` makes of texts"
    try:
        made = tuple(tuple(phrase) for phrase in phrases)
    except TypeError:
        raise ValueError(f"`{name}` must be {hint}; got {phrases!r}.") from None
    whole = all(
        isinstance(token, int | np.integer) and not isinstance(token, bool) and int(token) >= 0
        for phrase in made
        for token in phrase
    )
    if not whole or not all(made):
        raise ValueError(f"`{name}` must be {hint}, none of them empty; got {phrases!r}.")
    return tuple(tuple(int(token) for token in phrase) for phrase in made)
