"""Rows whose fields may be wrapped in double quotes, read over the lines of a file."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

LONGEST = 2**24  # characters that a quoted field may span, to bound the memory of a stray quote
_ESCAPED = re.compile(r'\\(["\\])')

Line = tuple[int, str]


class Lines:
    """Numbered lines that can be looked at before they are read.

    Args:
        lines: (number, line) pairs.

    Example:
        >>> lines = Lines([(1, "a"), (2, "b")])
        >>> lines.peek(1), list(lines)
        ((2, 'b'), [(1, 'a'), (2, 'b')])
    """

    def __init__(self, lines: Iterable[Line]):
        self._lines = iter(lines)
        self._ahead: deque[Line] = deque()

    def __iter__(self) -> Iterator[Line]:
        while True:
            while self._ahead:
                yield self._ahead.popleft()
            for line in self._lines:
                yield line
                if self._ahead:
                    break
            else:
                if not self._ahead:
                    return

    def peek(self, index: int) -> Line | None:
        """Returns the line that comes after `index` others, or None at the end."""
        while len(self._ahead) <= index:
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[index]

    def skip(self, count: int) -> None:
        """Leaves out the next lines."""
        for _ in range(count):
            self._ahead.popleft()

    def put_back(self, lines: list[Line]) -> None:
        """Makes lines that were read the next ones."""
        self._ahead.extendleft(reversed(lines))


class Ahead(Protocol):
    """Lines that can be looked at and not read: `Lines`, or `Later` ones of them."""

    def peek(self, index: int) -> Line | None:
        """Returns the line that comes after `index` others, or None at the end."""


class Later:
    """A view of lines that skips the first few.

    Args:
        lines: the lines.
        start: how many to skip.

    Example:
        >>> Later(Lines([(1, "a"), (2, "b")]), 1).peek(0)
        (2, 'b')
    """

    def __init__(self, lines: Ahead, start: int):
        self._lines, self._start = lines, start

    def peek(self, index: int) -> Line | None:
        """Returns the line that comes after `index` others, or None at the end."""
        return self._lines.peek(self._start + index)


class WellFormed(NamedTuple):
    """A row whose quotes are in order.

    Attributes:
        fields: the text of each field, without the quotes around it.
        lines: how many lines the row spans.
        wrapped: for each field, whether it stood in quotes.
        at_start: whether the quote that closes a field of several lines stands where a field
            begins, so may be one that opens.
    """

    fields: list[str]
    lines: int
    wrapped: list[bool]
    at_start: bool = False

    @property
    def bare(self) -> bool:
        """Whether a field without quotes around it holds one."""
        return any(
            not wrapped and '"' in field
            for field, wrapped in zip(self.fields, self.wrapped, strict=True)
        )


class Malformed(NamedTuple):
    """A row whose quotes are at fault.

    Attributes:
        reason: the fault, for messages.
        lines: how many lines were looked at, the one with the fault included.
        at_start: whether the quote at fault stands where a field begins, so may be one that opens.
    """

    reason: str
    lines: int
    at_start: bool = False


def bare(line: str) -> str:
    """Returns a line without its line ending."""
    return line.removesuffix("\n").removesuffix("\r")


def scan(first: str, lines: Ahead, delimiter: str, escape: str = '"') -> WellFormed | Malformed:
    r"""Reads the row that begins with a line, looking at as many more lines as its quotes span.

    A field that begins with a quote ends at the next one, which a delimiter or the end of the line
    must follow; in between, `escape` before a quote makes it text. In other fields a quote is text,
    but not in a row of several lines: there it shows that another quote is stray.

    Args:
        first: the line.
        lines: those after it; none is read.
        delimiter: the character between fields.
        escape: a double quote or a backslash.

    Example:
        >>> scan('a,"b\n', Lines([(2, 'c ""d"" e"\n')]), ",")
        WellFormed(fields=['a', 'b\nc "d" e'], lines=2, wrapped=[False, True], at_start=False)
        >>> print(scan('a,"b" c\n', Lines([]), ",").reason)
        ',' expected after '"'
    """
    fields: list[str] = []
    wrapped: list[bool] = []
    # The state: the field to be read begins at `start` of `line`, whose text ends at `end`, and
    # `used` lines after the first are taken in.
    line, end, start, used, at_start = first, len(bare(first)), 0, 0, False
    while True:
        if line.startswith('"', start):
            # 1. A wrapped field: take in whole lines until one has the quote that closes it.
            parts, begin, size = [], start + 1, 0
            while (close := closing(line, begin, escape)) < 0:
                parts.append(line[begin:])
                size += len(line) - begin
                following = lines.peek(used)
                if following is None:
                    return Malformed("unexpected end of data", used + 1)
                if size > LONGEST:  # the lines that follow may not belong to it
                    return Malformed(f"a quoted field of more than {LONGEST:,} characters", 1)
                line, begin, used = following[1], 0, used + 1
                end = len(bare(line))
            at_start |= bool(parts) and opens_field(line, close, delimiter)
            text = "".join([*parts, line[begin:close]])
            text = text.replace('""', '"') if escape == '"' else _ESCAPED.sub(r"\1", text)
            stop = close + 1
            if stop != end and line[stop] != delimiter:
                opens = opens_field(line, close, delimiter)
                return Malformed(f"{delimiter!r} expected after '\"'", used + 1, opens)
            wrapped.append(True)
        else:
            # 2. A plain field: up to the next delimiter of this line.
            stop = line.find(delimiter, start, end)
            stop = end if stop < 0 else stop
            text = line[start:stop]
            if used and '"' in text:
                return Malformed("a quote that opens no field", used + 1, at_start)
            wrapped.append(False)
        fields.append(text)
        if stop == end:
            return WellFormed(fields, used + 1, wrapped, at_start)
        start = stop + 1


def opens_field(line: str, position: int, delimiter: str) -> bool:
    """Whether a quote, or the run of quotes it ends, stands where a field begins."""
    before = line[:position].rstrip('"')
    return not before or before[-1] == delimiter


def closing(line: str, begin: int = 0, escape: str = '"') -> int:
    r"""Returns the position of the quote that closes a field, from `begin` on; -1 without one.

    Example:
        >>> closing('a ""b"" c",d\n'), closing('a ""b""\n')
        (9, -1)
    """
    position = line.find('"', begin)
    while position >= 0:
        if escape == '"':
            if line[position + 1 : position + 2] != '"':
                return position
            position = line.find('"', position + 2)
        else:
            slashes = position - len(line[begin:position].rstrip("\\")) - begin
            if slashes % 2 == 0:
                return position
            position = line.find('"', position + 1)
    return -1
