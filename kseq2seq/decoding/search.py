"""What a search is: a rule that picks next tokens, blind to the model."""

from __future__ import annotations

from typing import Any, NamedTuple

from kseq2seq.special_tokens import SpecialTokens


class Problem(NamedTuple):
    """What stays the same during a search over B sources.

    Attributes:
        limits: int32 (B,), the longest target of each source, in tokens, its end included.
        max_length: L, the largest any limit may be; a Python int.
        special: the ids that are not text.
    """

    limits: Any
    max_length: int
    special: SpecialTokens


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
    """

    ids: Any
    lengths: Any
    scores: Any


class Search:
    """The base of searches. They are values: hashable, comparable, free of tensors.

    Rows are B * N: N hypotheses for each of B sources, side by side. All log-probabilities are
    float32. The loop, not the search, forbids padding and makes the last allowed token an end, so
    every hypothesis is complete.

    Attributes:
        width: N, how many hypotheses a source has.
    """

    width: int = 1

    def start(self, problem: Problem) -> dict:
        """Returns the state before the first step."""
        raise NotImplementedError

    def advance(self, log_probs, state: dict, step, problem: Problem) -> Choice:
        """Takes one step, given log-probabilities (rows, V) of all next tokens."""
        raise NotImplementedError

    def done(self, state: dict, step, problem: Problem) -> Any:
        """Returns bool (B,): after `step` steps nothing better can be found for a source."""
        raise NotImplementedError

    def finish(self, state: dict) -> Hypotheses:
        """Returns what was found."""
        raise NotImplementedError
