"""What a piece of Python text does to brackets, strings and lines, whatever came before it."""

from __future__ import annotations

from typing import NamedTuple

# Modes: where a text may stop. The rest of its state is numbers: its open brackets, the
# level of its line, and how far a line that has begun is indented.
START = 0  # nothing but white space yet
LINE, BLOCK = 1, 2  # in the indentation of a line; of the first line of a block
CODE, COLON = 3, 4  # after code; after a colon outside brackets
BACKSLASH = 5  # after one in code
# In comments, which lead back to the mode before them at the end of the line.
COMMENT, COLON_COMMENT, LINE_COMMENT, BLOCK_COMMENT, START_COMMENT = range(6, 11)
# In strings, by their quote: after one quote, after two; in a string of one quote, or three; after
# a backslash there; after one or two quotes inside three.
ONE, TWO, SINGLE, SINGLE_ESCAPE, TRIPLE, TRIPLE_ESCAPE, TRIPLE_ONE, TRIPLE_TWO = range(8)
_STRINGS = 11
MODES = _STRINGS + 2 * 8
OPEN, CLOSE = "([{", ")]}"
_COMMENTS = {
    CODE: COMMENT,
    COLON: COLON_COMMENT,
    LINE: LINE_COMMENT,
    BLOCK: BLOCK_COMMENT,
    START: START_COMMENT,
}
_AFTER_COMMENT = {comment: mode for mode, comment in _COMMENTS.items()}


class Effect(NamedTuple):
    """What a piece does.

    Attributes:
        mode: the mode after it.
        closes: kinds of brackets, 1 to 3, that it closes of those before it, the last opened first.
        opens: kinds of brackets that it opens and leaves open.
        checked: which line's indentation it completes: 0 none, 1 the line begun before it, 2 one
            that it begins itself.
        indent: how many characters of indentation it adds to that line.
        block: whether that line must be the first one of a block.
        begun: 1 where it ends in the indentation of the line begun before it, 2 in that of a line
            it begins itself, else 0.
        added: how many characters of indentation it adds to that line.
    """

    mode: int
    closes: tuple[int, ...] = ()
    opens: tuple[int, ...] = ()
    checked: int = 0
    indent: int = 0
    block: bool = False
    begun: int = 0
    added: int = 0


def string(quote: str, part: int) -> int:
    """Returns the mode of a part of a string that begins with a quote."""
    return _STRINGS + 8 * (quote == '"') + part


def classes(text: str, unit: str = " ") -> str:
    r"""Returns a text with one letter for all that makes no difference, so that few texts differ.

    Args:
        text: of a piece.
        unit: the character that indents.

    Example:
        >>> classes("return x[0] + 'it'")
        "a a[a] a 'a'"
    """
    found: list[str] = []
    for char in text:
        if char in "([{)]}'\"\\#:\n":
            kind = char
        elif char == unit:
            kind = " "
        elif char in " \t":
            kind = "_"  # white space that does not indent
        elif char in "$?`":
            kind = "$"  # in strings and comments alone
        elif char < " " or char == "\x7f":
            kind = "!"  # nowhere
        else:
            kind = "a"
        if not (kind == "a" and found and found[-1] == "a"):
            found.append(kind)
    return "".join(found)


def effect(piece: str, mode: int, depth: int) -> Effect | None:
    r"""Returns what a piece does; None if no Python text can have it there.

    Args:
        piece: as `classes` returns it.
        mode: where the text before it stops.
        depth: how many brackets are open there.

    Example:
        >>> effect("a):\n    a", CODE, 1)
        Effect(mode=3, closes=(1,), opens=(), checked=2, indent=4, block=True, begun=0, added=0)
        >>> effect("a)", CODE, 0) is None
        True
    """
    run = _Run(mode, depth)
    for char in piece:
        if char == "!" or not run.step(char):
            return None
    return run.effect()


class _Run:
    """A piece that is being read, character by character."""

    def __init__(self, mode: int, depth: int):
        self.mode, self.depth = mode, depth
        self.closes: list[int] = []
        self.opens: list[int] = []
        self.checked, self.indent, self.block = 0, 0, False
        self.begun, self.added = (1 if mode in (START, LINE, BLOCK) else 0), 0

    def effect(self) -> Effect:
        inside = self.mode in (START, LINE, BLOCK)
        return Effect(
            self.mode,
            tuple(self.closes),
            tuple(self.opens),
            self.checked,
            self.indent,
            self.block,
            self.begun if inside else 0,
            self.added if inside else 0,
        )

    def step(self, char: str) -> bool:
        """Reads a character; returns whether it may be there."""
        if self.mode >= _STRINGS:
            return self._in_string(char)
        if self.mode in _AFTER_COMMENT:
            if char == "\n":
                self.mode = _AFTER_COMMENT[self.mode]
                return self._in_code(char)
            return True
        if self.mode == BACKSLASH:
            self.mode = CODE
            return char == "\n"
        return self._in_code(char)

    def _in_string(self, char: str) -> bool:
        which, part = divmod(self.mode - _STRINGS, 8)
        quote = "'\""[which]
        same = char == quote
        if part == TWO and not same:  # the string was empty
            self.mode = CODE
            return self._in_code(char)
        if part == ONE and not same:
            part = SINGLE
        if part == SINGLE and same:
            self.mode = CODE
            return True
        if part == TRIPLE_TWO and same:
            self.mode = CODE
            return True
        if part == SINGLE and char == "\n":
            return False
        if part in (SINGLE_ESCAPE, TRIPLE_ESCAPE):
            part -= 1
        elif char == "\\":
            part = SINGLE_ESCAPE if part == SINGLE else TRIPLE_ESCAPE
        elif part in (TRIPLE, TRIPLE_ONE, TRIPLE_TWO):
            part = {TRIPLE: TRIPLE_ONE, TRIPLE_ONE: TRIPLE_TWO}[part] if same else TRIPLE
        elif same:
            part = {ONE: TWO, TWO: TRIPLE}[part]
        self.mode = string(quote, part)
        return True

    def _in_code(self, char: str) -> bool:
        if self.mode in (START, LINE, BLOCK):
            if char == "\n":
                self.begun, self.added = 2, 0
                return True
            if char == " ":
                self.added += 1
                return True
            if char == "_":
                return False
            if char == "#":
                self.mode = _COMMENTS[self.mode]
                return True
            if self.checked:  # a second line in one piece
                return False
            self.checked, self.indent, self.block = self.begun, self.added, self.mode == BLOCK
            self.mode = CODE
        if char in " _":
            return True
        if char == "\n":
            if not self.depth:
                self.mode = BLOCK if self.mode == COLON else LINE
                self.begun, self.added = 2, 0
            return True
        if char == "#":
            self.mode = _COMMENTS[self.mode]
            return True
        if char == "$":
            return False
        after = CODE
        if char in OPEN:
            self.opens.append(1 + OPEN.index(char))
            self.depth += 1
        elif char in CLOSE:
            if not self.depth:
                return False
            self.depth -= 1
            kind = 1 + CLOSE.index(char)
            if not self.opens:
                self.closes.append(kind)
            elif self.opens.pop() != kind:
                return False
        elif char in "'\"":
            after = string(char, ONE)
        elif char == "\\":
            after = BACKSLASH
        elif char == ":" and not self.depth:
            after = COLON
        self.mode = after
        return True
