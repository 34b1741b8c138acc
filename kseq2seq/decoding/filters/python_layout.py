"""Python code whose brackets and strings are closed and whose blocks are indented."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from keras import ops

from kseq2seq.checks import check_whole
from kseq2seq.decoding.filters.filter import Filter, Filtered, key_of
from kseq2seq.decoding.filters.python_lexer import (
    BLOCK,
    BLOCK_COMMENT,
    COLON,
    COLON_COMMENT,
    LINE,
    START,
)
from kseq2seq.decoding.filters.python_tables import DEEPEST, Tables, tables
from kseq2seq.decoding.tensors import NEVER


@dataclass(frozen=True)
class PythonLayout(Filter):
    r"""Allows only text whose brackets, strings and blocks are those of Python code.

    Each closing bracket closes one of its kind. A string is closed by its own quotes, a string in
    single ones on its own line; brackets and quotes in strings and comments do not count. A line
    that ends with a colon begins a block, which is one level deeper; every other line is as deep as
    the one before or less. No text ends inside any of these: near the limit of a target one token
    is kept for each open bracket, and some for an open string or block. That is less than Python's
    grammar, and a few lookups in each step.

    It works on the pieces of any tokenizer whose tokens read as the same text wherever they stand.
    Some code that Python reads is refused: a piece with two line breaks and code after each; one
    that closes more than six brackets opened before it, or opens more than fifteen; a line of white
    space or of a comment alone that is deeper than code could be there; near the limit, code whose
    last pieces close several brackets each. An f-string is a string, as for Python 3.11: its own
    quotes don't nest.

    Args:
        texts: V texts, of each token; "" for tokens that are no text. See `for_tokenizer`.
        indent: one level of indentation, spaces or tabs alone.
        levels: the most levels of indentation.
        depth: the most brackets that are open at once.
        drops_space: whether a space at the start of a target is not written.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq.decoding import PythonLayout
        >>> from kseq2seq.text import ByteTokenizer, line_breaks
        >>> PythonLayout.for_tokenizer(ByteTokenizer(symbols=line_breaks()))
        PythonLayout(indent='    ', levels=8, depth=15, drops_space=False)
    """

    texts: tuple[str, ...] = field(repr=False)
    indent: str = "    "
    levels: int = 8
    depth: int = DEEPEST
    drops_space: bool = False

    def __post_init__(self):
        object.__setattr__(self, "texts", tuple(self.texts))
        check_whole("levels", self.levels, most=50)
        check_whole("depth", self.depth, most=DEEPEST)
        if self.indent not in (" " * len(self.indent), "\t" * len(self.indent)) or not self.indent:
            raise ValueError(f"`indent` must be spaces or tabs alone; got {self.indent!r}.")

    @classmethod
    def for_tokenizer(cls, tokenizer: Any, **settings: Any) -> PythonLayout:
        """Returns the filter for the tokens of a tokenizer.

        Args:
            tokenizer: of the target.
            **settings: `indent`, `levels`, `depth`.
        """
        (before, *_) = tokenizer.tokenize(["a"]).to_list()[0]
        ids = range(tokenizer.vocabulary_size)
        read = [text.decode() for text in tokenizer.detokenize([[before, i] for i in ids]).numpy()]
        alone = [text.decode() for text in tokenizer.detokenize([[i] for i in ids]).numpy()]
        start = len(alone[before])
        texts = ["" if i in tokenizer.special[:3] else read[i][start:] for i in ids]
        drops = any(text[:1] == " " and text != alone[i] for i, text in enumerate(texts))
        return cls(tuple(texts), drops_space=drops, **settings)

    @property
    def key(self):
        """See `Filter`."""
        settings = len(self.indent), self.levels, self.depth, self.drops_space
        return key_of(self, PythonLayout, *settings)

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`."""
        if len(self.texts) != vocabulary_size:
            raise ValueError(
                f"PythonLayout is for {len(self.texts):,} tokens, but the model has "
                f"{vocabulary_size:,}. Make it with the target's tokenizer."
            )
        least = int(self._tables.to_end[START]) + 1
        if least > max_length:
            raise ValueError(
                f"`max_length` must be at least {least} for PythonLayout, whose shortest text has "
                f"so many tokens; got {max_length}. Raise it."
            )

    @cached_property
    def _tables(self) -> Tables:
        return tables(self.texts, self.indent, self.levels)

    def given(self):
        """See `Filter`: what each token does, and what it takes to end."""
        return self._tables._asdict()

    def start(self, given, request):
        """See `Filter`; int32 (rows,) each, the state before the last token.

        `stack` has the kinds of the open brackets as digits to base 4, the last opened the lowest;
        `spaces` is the indentation of a line that has begun.
        """
        nothing = ops.zeros((ops.shape(request.limits)[0] * request.num_hypotheses,), "int32")
        state = dict.fromkeys(("mode", "stack", "depth", "level"), nothing)
        return {**state, "spaces": nothing - int(self.drops_space)}

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        # 1. The last token moves the state (rows,).
        kind = ops.take(given["kinds"], live.tokens)
        moved = self._moved(state, self._effects(state, given, kind), given)
        state = {name: ops.where(live.step > 0, moved[name], old) for name, old in state.items()}

        # 2. Which kinds of pieces (rows, S) may follow: by brackets, by indentation, and by the
        #    tokens that are left for all that must be closed, and the end.
        wide = {name: each[:, None] for name, each in state.items()}
        effects = self._effects(state, given)
        after = self._moved(wide, effects, given)
        left = request.per_hypothesis(request.limits)[:, None] - live.step - 2
        allowed = ops.logical_and(self._fits(wide, effects, after, given), after["to_end"] <= left)

        # 3. Tokens (rows, V) of these kinds, and the end where nothing is open.
        tokens = ops.take(ops.cast(allowed, "int32"), given["kinds"], axis=1)
        ends = ops.logical_and(ops.take(given["ends"], state["mode"]) > 0, state["depth"] == 0)
        is_end = ops.equal(ops.arange(request.vocabulary_size), request.special.end)
        may = ops.where(is_end, ends[:, None], tokens > 0)
        return Filtered(ops.where(may, log_probs, NEVER), state)

    def _effects(self, state, given, kind=None):
        """The number of the effect of each kind (rows, S), or of one kind (rows,)."""
        depths = given["effects"].shape[0] // given["ends"].shape[0]
        place = state["mode"] * depths + ops.minimum(state["depth"], depths - 1)
        if kind is None:
            return ops.take(given["effects"], place, axis=0)
        flat = ops.reshape(given["effects"], (-1,))
        return ops.take(flat, place * given["effects"].shape[1] + kind)

    def _moved(self, state, effects, given):
        """The state after effects, of the shape of these, and the tokens it takes to end then."""
        of = {name: ops.take(given[name], effects) for name in _NUMBERS}
        unit, levels = len(self.indent), self.levels
        # 1. Brackets: those closed are the lowest digits.
        rest = ops.floor_divide(state["stack"], _power(of["closed"]))
        stack = rest * _power(of["opened"]) + of["opening"]
        depth = state["depth"] - of["closed"] + of["opened"]
        # 2. Indentation: of the line that is complete, and of the one that has begun.
        indented = ops.where(of["checked"] == 1, state["spaces"], 0) + of["indent"]
        indented = ops.maximum(indented, 0)
        level = ops.where(of["checked"] > 0, ops.floor_divide(indented, unit), state["level"])
        spaces = ops.where(of["begun"] == 1, state["spaces"], 0) + of["added"]
        # 3. Tokens to the end: what closes strings and brackets, and what a block needs.
        mode = of["mode"]
        to_end = ops.take(given["to_end"], mode) + depth
        inner = ops.minimum(level + 1, levels)
        begins = ops.logical_or(mode == COLON, mode == COLON_COMMENT)
        again = ops.take(given["to_begin"], inner)
        lacking = ops.clip(inner * unit - spaces, 0, levels * unit)
        onward = ops.minimum(again, ops.take(given["to_indent"], lacking))
        inside = ops.logical_or(mode == BLOCK, mode == BLOCK_COMMENT)
        to_end = to_end + ops.where(begins, again, ops.where(inside, onward, 0))
        return {
            "mode": mode,
            "stack": stack,
            "depth": depth,
            "level": level,
            "spaces": spaces,
            "indented": indented,
            "to_end": to_end,
        }

    def _fits(self, state, effects, after, given):
        """Whether effects may be where the state is; bool."""
        of = {name: ops.take(given[name], effects) for name in ("closed", "pattern", "checked")}
        unit, levels = len(self.indent), self.levels
        closes = ops.floor_divide(state["stack"], _power(of["closed"])) * _power(of["closed"])
        closes = state["stack"] - closes == of["pattern"]
        # a line that is complete is in its place, and one that has begun can still be
        level = state["level"]
        block = ops.take(given["block"], effects) > 0
        exact = after["indented"] == (level + 1) * unit
        whole = after["level"] * unit == after["indented"]
        other = ops.logical_and(whole, after["level"] <= level)
        checked = ops.logical_or(of["checked"] == 0, ops.where(block, exact, other))
        deepest = ops.where(after["mode"] == BLOCK, after["level"] + 1, after["level"]) * unit
        begun = ops.logical_or(after["mode"] == LINE, after["mode"] == BLOCK)
        begun = ops.logical_or(ops.logical_not(begun), after["spaces"] <= deepest)
        # a colon needs room for one level more
        begins = ops.logical_or(after["mode"] == COLON, after["mode"] == COLON_COMMENT)
        room = ops.logical_or(ops.logical_not(begins), after["level"] < levels)
        fits = ops.logical_and(effects > 0, after["depth"] <= self.depth)
        for rule in (closes, checked, begun, room):
            fits = ops.logical_and(fits, rule)
        return fits


_NUMBERS = ["mode", "closed", "opened", "opening", "checked", "indent", "begun", "added"]


def _power(exponents):
    """4 to the power of small numbers, in int32."""
    return ops.take(ops.convert_to_tensor([4**n for n in range(DEEPEST + 1)], "int32"), exponents)
