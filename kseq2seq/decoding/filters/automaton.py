"""Targets from a closed list, or from whatever an automaton accepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from keras import ops

from kseq2seq.decoding.checks import check_phrases
from kseq2seq.decoding.filters.filter import NEVER, Filter, Filtered, check_ids

DEAD = -1
MOST = 100_000_000


@dataclass(frozen=True)
class Automaton(Filter):
    """Allows only what a deterministic automaton accepts, such as a format or a list of answers.

    A target begins in state 0. Each token takes it along a transition; where there is none, the
    token is forbidden. The end token is a transition like any other: a target may end where the
    state has one.

    Args:
        transitions: {(state, token): next state}, states being whole numbers from 0; where the end
            token leads to does not matter.

    Example:
        >>> from kseq2seq.decoding import Automaton
        >>> even = Automaton({(0, 5): 1, (1, 5): 0, (0, 2): 0})  # an even number of fives
        >>> Automaton.of_targets([[5, 6], [5, 7]]) == Automaton.of_targets([[5, 7], [5, 6]])
        True
    """

    transitions: Any
    tokens: Any = field(init=False, repr=False, compare=False)
    table: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        if not isinstance(self.transitions, Mapping | tuple) or not self.transitions:
            raise ValueError(
                "`transitions` must be {(state, token): next state} with at least one; "
                f"got {self.transitions!r:.80}."
            )
        pairs = sorted(
            self.transitions.items() if isinstance(self.transitions, Mapping) else self.transitions
        )
        numbers = [n for (state, token), after in pairs for n in (state, token, after)]
        if not all(isinstance(n, int | np.integer) and n >= 0 for n in numbers):
            raise ValueError("`transitions` must be of whole numbers from 0: {(0, 5): 1}.")
        object.__setattr__(self, "transitions", tuple(pairs))
        tokens = np.unique([token for (_, token), _ in pairs])
        states = 1 + max(max(state, after) for (state, _), after in pairs)
        if states * len(tokens) > MOST:
            raise ValueError(
                f"An automaton of {states:,} states over {len(tokens):,} different tokens takes a "
                f"table of {states * len(tokens):,} places; at most {MOST:,} are held. Split it."
            )
        table = np.full((states, len(tokens) + 1), DEAD, "int32")  # the last column: other tokens
        for (state, token), after in pairs:
            table[state, np.searchsorted(tokens, token)] = after
        object.__setattr__(self, "tokens", tokens)
        object.__setattr__(self, "table", table)

    @classmethod
    def of_targets(cls, targets: Iterable[Iterable[int]], end: int = 2) -> Automaton:
        """Accepts exactly the given targets: a trie.

        Args:
            targets: sequences of token ids, without the end.
            end: the id of the end token.
        """
        transitions: dict[tuple[int, int], int] = {}
        states = 1
        for target in check_phrases("targets", targets):
            state = 0
            for token in target:
                if (state, token) not in transitions:
                    transitions[state, token] = states
                    states += 1
                state = transitions[state, token]
            transitions[state, end] = 0
        return cls(_renumbered(transitions))

    def check(self, vocabulary):
        """See `Filter`."""
        check_ids("transitions", self.tokens.tolist(), vocabulary)

    def prepare(self, given, problem):
        """See `Filter`; {"table": int32 (states, columns), "columns": int32 (V,) of each token}."""
        columns = np.full(problem.vocabulary, len(self.tokens), "int32")
        columns[self.tokens] = np.arange(len(self.tokens))
        return {
            "table": ops.convert_to_tensor(self.table),
            "columns": ops.convert_to_tensor(columns),
        }

    def start(self, given, problem):
        """See `Filter`; {"state": int32 (rows,)}, before the last token."""
        rows = ops.shape(problem.limits)[0] * problem.width
        return {"state": ops.zeros((rows,), dtype="int32")}

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        table, columns = given["table"], given["columns"]
        place = state["state"] * table.shape[1] + ops.take(columns, live.tokens)
        after = ops.take(ops.reshape(table, (-1,)), place)
        # A hypothesis without a transition has no probability left and may stand anywhere.
        now = ops.where(live.step > 0, ops.maximum(after, 0), state["state"])
        allowed = ops.take(ops.take(table, now, axis=0), columns, axis=1)
        return Filtered(ops.where(ops.equal(allowed, DEAD), NEVER, log_probs), {"state": now})


def _renumbered(transitions):
    """Numbers states in the order a walk over sorted tokens meets them, so equal tries compare."""
    numbers, waiting = {0: 0}, [0]
    outgoing: dict[int, list[tuple[int, int]]] = {}
    for (state, token), after in sorted(transitions.items()):
        outgoing.setdefault(state, []).append((token, after))
    for state in waiting:
        for _, after in outgoing.get(state, []):
            if after not in numbers:
                numbers[after] = len(numbers)
                waiting.append(after)
    return {(numbers[s], token): numbers[after] for (s, token), after in transitions.items()}
