"""Targets from a closed list, or those that an automaton accepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    marked,
    roomy,
)
from kseq2seq.decoding.tensors import NEVER


@dataclass(frozen=True)
class Automaton(Filter):
    """Allows only targets that a deterministic automaton accepts: a format, a list of answers.

    A target begins in state 0. Each token takes it along a transition; where there is none, the
    token is forbidden. The end token is a transition like any other: a target may end where the
    state has one. Memory grows with the number of transitions.

    Args:
        transitions: {(state, token): next state}, where states are whole numbers from 0; the state
            that the end token leads to does not matter.

    Example:
        >>> from kseq2seq.decoding import Automaton
        >>> even = Automaton({(0, 5): 1, (1, 5): 0, (0, 2): 0})  # an even number of fives
        >>> Automaton.of_targets([[5, 6], [5, 7]]) == Automaton.of_targets([[5, 7], [5, 6]])
        True
    """

    transitions: Any

    def __post_init__(self):
        transitions = self.transitions
        pairs = sorted(transitions.items()) if isinstance(transitions, Mapping) else []
        numbers = [n for (state, token), after in pairs for n in (state, token, after)]
        whole = all(isinstance(n, int | np.integer) and n >= 0 for n in numbers)
        if not pairs or not whole:
            raise ValueError(
                "`transitions` must be {(state, token): next state}, whole numbers from 0, with at "
                f"least one; got {transitions!r:.80}."
            )
        object.__setattr__(self, "transitions", tuple(pairs))

    @classmethod
    def of_targets(cls, targets: Iterable[Iterable[int]], end: int = 2) -> Automaton:
        """Accepts exactly the given targets: a trie.

        Args:
            targets: sequences of token ids, without the end.
            end: the id of the end token.
        """
        listed = sorted(check_phrases("targets", targets))
        if not listed or any(end in target for target in listed):
            raise ValueError(
                f"`targets` must hold at least one target, and none with the end token {end}."
            )
        transitions: dict[tuple[int, int], int] = {}
        states = 1
        for target in listed:
            state = 0
            for token in target:
                if (state, token) not in transitions:
                    transitions[state, token] = states
                    states += 1
                state = transitions[state, token]
            transitions[state, end] = 0
        return cls(transitions)

    @property
    def key(self):
        """See `Filter`."""
        return type(self), self._widest()

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`."""
        tokens = {token for (_, token), _ in self.transitions} - {special.end}
        check_ids("transitions", tokens, vocabulary_size, special)

    def given(self):
        """See `Filter`: where the transitions of each state begin; their tokens and states."""
        states = 1 + max(max(state, after) for (state, _), after in self.transitions)
        begins = np.zeros(states + 1, "int32")
        for (state, _), _ in self.transitions:
            begins[state + 1] += 1
        # so that no state's window reaches past the end
        room = [NONE] * self._widest()
        return {
            "begins": np.cumsum(begins, dtype="int32"),
            "tokens": np.array([t for (_, t), _ in self.transitions] + room, "int32"),
            "states": np.array([after for _, after in self.transitions] + room, "int32"),
        }

    def start(self, given, request):
        """See `Filter`; {"state": int32 (rows,)}, before the last token."""
        rows = ops.shape(request.limits)[0] * request.num_hypotheses
        return {"state": ops.zeros((rows,), dtype="int32")}

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        tokens, places = self._outgoing(state["state"], given)
        followed = ops.equal(tokens, live.tokens[:, None])
        # a hypothesis without a transition has no probability left, and its state does not matter
        after = ops.max(ops.where(followed, ops.take(given["states"], places), 0), axis=1)
        now = ops.where(live.step > 0, after, state["state"])
        tokens, _ = self._outgoing(now, given)
        allowed = marked(tokens, request.vocabulary_size)
        return Filtered(ops.where(allowed, log_probs, NEVER), {"state": now})

    def _outgoing(self, state, given):
        """The tokens of a state's transitions (rows, K), and the indices of the transitions."""
        begins = given["begins"]
        first, last = ops.take(begins, state), ops.take(begins, state + 1)
        places = first[:, None] + ops.arange(self._widest(), dtype="int32")
        tokens = ops.take(given["tokens"], places)
        return ops.where(places < last[:, None], tokens, NONE), places

    def _widest(self) -> int:
        """K, the most transitions that leave one state, rounded up."""
        _, counts = np.unique([state for (state, _), _ in self.transitions], return_counts=True)
        return roomy(int(counts.max()))
