"""The pieces of a vocabulary as tables: what each does to Python text, and what it takes to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from kseq2seq.decoding.filters.python_lexer import (
    BACKSLASH,
    BLOCK,
    BLOCK_COMMENT,
    CODE,
    COLON,
    COLON_COMMENT,
    COMMENT,
    LINE,
    LINE_COMMENT,
    MODES,
    ONE,
    SINGLE,
    SINGLE_ESCAPE,
    START,
    START_COMMENT,
    TRIPLE,
    TRIPLE_ESCAPE,
    TRIPLE_ONE,
    TRIPLE_TWO,
    TWO,
    Effect,
    classes,
    effect,
    string,
)

FAR = 10_000  # tokens to an end that can't be reached
DEEPEST = 15  # open brackets: two bits each of an int32; a piece that opens more is not allowed
_MOST_CLOSED = 6  # brackets of the text before that a piece closes; others are not allowed
_ENDS = (LINE, CODE, COMMENT, LINE_COMMENT, string("'", TWO), string('"', TWO))
BODY = "pass"  # what a block is taken to need; where it can't be written, any other word


class Tables(NamedTuple):
    """Arrays; S kinds of pieces, each of which do the same everywhere, E effects, D depths.

    Attributes:
        kinds: int32 (V,), the kind of each token; that of tokens that are no text is S - 1, which
            may be nowhere.
        effects: int32 (modes * D, S), the effect of a kind after a mode with a depth, at most
            D - 1; 0 where it may not be.
        mode, closed, opened, pattern, opening, checked, indent, block, begun, added: int32 (E,),
            the fields of each effect; `closed` and `opened` are how many brackets, `pattern` and
            `opening` the digits to base 4 of their kinds.
        ends: int32 (modes,), 1 where a text may end if no bracket is open.
        to_end: int32 (modes,), the fewest tokens to leave a mode, of those that need no more.
        to_begin: int32 (levels + 1,), tokens that write a line break, indentation and a body.
        to_indent: int32 (levels * unit + 1,), tokens that write so much indentation and a body.
    """

    kinds: Any
    effects: Any
    mode: Any
    closed: Any
    opened: Any
    pattern: Any
    opening: Any
    checked: Any
    indent: Any
    block: Any
    begun: Any
    added: Any
    ends: Any
    to_end: Any
    to_begin: Any
    to_indent: Any


def tables(texts: Sequence[str], indent: str, levels: int) -> Tables:
    """Returns the tables of a vocabulary.

    Args:
        texts: of each token, "" for those that are no text.
        indent: one level of indentation.
        levels: the most levels.
    """
    # 1. The effects of each different piece, (modes * D,), and the different rows of these.
    pieces = [classes(text, indent[0]) for text in texts]
    brackets = max((sum(char in ")]}" for char in piece) for piece in set(pieces)), default=0)
    depths = min(brackets, _MOST_CLOSED) + 2  # in the last, no piece closes all that are open
    places = [(mode, depth) for mode in range(MODES) for depth in range(depths)]
    numbers: dict[Effect | None, int] = {None: 0}
    columns: dict[str, tuple[int, ...]] = {"": (0,) * len(places)}
    for piece in set(pieces) - {""}:
        found = [_allowed(effect(piece, mode, depth)) for mode, depth in places]
        columns[piece] = tuple(numbers.setdefault(one, len(numbers)) for one in found)
    listed = sorted(set(columns.values()), reverse=True)  # that of no text is the last
    kind_of = {column: kind for kind, column in enumerate(listed)}

    # 2. The fields of the effects.
    fields: dict[str, list[int]] = {name: [0] for name in _FIELDS}
    for one in list(numbers)[1:]:
        assert one is not None
        values = {
            **one._asdict(),
            "closed": len(one.closes),
            "opened": len(one.opens),
            "pattern": _digits(one.closes),
            "opening": _digits(reversed(one.opens)),
        }
        for name in _FIELDS:
            fields[name].append(int(values[name]))

    # 3. What it takes to end.
    def cost(text: str) -> int:
        return fewest(text, texts)

    body = BODY if cost(BODY) < FAR else next((t for t in texts if classes(t) == "a"), BODY)
    unit, ends = len(indent), _to_end(cost, body)
    return Tables(
        kinds=_array([kind_of[columns[piece]] for piece in pieces]),
        effects=_array(listed).T.copy(),
        **{name: _array(values) for name, values in fields.items()},
        ends=_array([int(mode in _ENDS) for mode in range(MODES)]),
        to_end=_array([ends[mode] for mode in range(MODES)]),
        to_begin=_array([cost("\n" + indent * level + body) for level in range(levels + 1)]),
        to_indent=_array(
            [cost(indent[0] * count) + cost(body) for count in range(levels * unit + 1)]
        ),
    )


_FIELDS = [
    "mode",
    "closed",
    "opened",
    "pattern",
    "opening",
    "checked",
    "indent",
    "block",
    "begun",
    "added",
]


def fewest(text: str, pieces: Sequence[str]) -> int:
    """Returns the fewest pieces that a text can be written with; `FAR` if it can't be.

    Example:
        >>> fewest("abc", ["a", "b", "bc", "c"]), fewest("ad", ["a"])
        (2, 10000)
    """
    known = {piece for piece in pieces if piece and piece in text}
    best = [0] + [FAR] * len(text)
    for end in range(1, len(text) + 1):
        for start in range(end):
            if text[start:end] in known:
                best[end] = min(best[end], best[start] + 1)
    return best[-1]


def _allowed(one: Effect | None) -> Effect | None:
    if one is None or len(one.closes) > _MOST_CLOSED or len(one.opens) > DEEPEST:
        return None
    return one


def _to_end(cost: Callable[[str], int], body: str) -> dict[int, int]:
    """The tokens that lead from each mode to one in which a text may end, brackets aside."""
    found = dict.fromkeys((LINE, CODE, COMMENT, LINE_COMMENT), 0)
    found |= {START: cost(body), BACKSLASH: cost("\n"), COLON: 0, COLON_COMMENT: 0, BLOCK: 0}
    found |= {BLOCK_COMMENT: 0, START_COMMENT: cost("\n") + cost(body)}
    for quote in "'\"":
        one, three = cost(quote), cost(quote * 3)
        parts = {
            ONE: one,
            TWO: 0,
            SINGLE: one,
            SINGLE_ESCAPE: one + cost("a"),
            TRIPLE: three,
            TRIPLE_ESCAPE: three + cost("a"),
            TRIPLE_ONE: cost(quote * 2),
            TRIPLE_TWO: one,
        }
        found |= {string(quote, part): tokens for part, tokens in parts.items()}
    return found


def _digits(kinds: Any) -> int:
    """The kinds as digits to base 4, the first one the lowest."""
    return sum(kind * 4**place for place, kind in enumerate(kinds))


def _array(values: Any) -> np.ndarray:
    return np.array(values, "int32")
