"""Rows whose fields may be wrapped in double quotes, read over the lines of a file."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

LONGEST = 2**24  # characters that a field may span, so that a stray quote costs no more memory
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
    """What lines that follow can be looked at through; see `Lines.peek`."""

    def peek(self, index: int) -> Line | None:
        """Returns the line that comes after `index` others, or None at the end."""


class Later:
    """Lines from some place on.

    Args:
        lines: from here.
        start: how many of them come before.

    Example:
        >>> Later(Lines([(1, "a"), (2, "b")]), 1).peek(0)
        (2, 'b')
    """

    def __init__(self, lines: Ahead, start: int):
        self._lines, self._start = lines, start

    def peek(self, index: int) -> Line | None:
        """Returns the line that comes after `index` others, or None at the end."""
        return self._lines.peek(self._start + index)


class Record(NamedTuple):
    """A row that is well-formed.

    Attributes:
        fields: their texts, unwrapped.
        lines: how many lines it spans.
        wrapped: for each field, whether it stood in quotes.
        at_start: whether a quote that closed a field of several lines stood where another opens.
    """

    fields: list[str]
    lines: int
    wrapped: list[bool]
    at_start: bool = False

    @property
    def bare(self) -> bool:
        """Whether a field that isn't wrapped holds a quote."""
        return any(
            not wrapped and '"' in field
            for field, wrapped in zip(self.fields, self.wrapped, strict=True)
        )


class Malformed(NamedTuple):
    """A row that is not.

    Attributes:
        reason: why.
        lines: how many lines were looked at, that of the fault included.
        at_start: whether the quote at fault stands where a field begins, so may open one.
    """

    reason: str
    lines: int
    at_start: bool = False


def bare(line: str) -> str:
    """Returns a line without its line ending."""
    return line.removesuffix("\n").removesuffix("\r")


def scan(first: str, lines: Ahead, delimiter: str, escape: str = '"') -> Record | Malformed:
    r"""Reads the row that begins with a line, looking at as many more as its quotes take.

    A field that begins with a quote ends at the next one, which a delimiter or the end of the line
    must follow; in between, `escape` before a quote makes it text. In other fields a quote is text,
    but not in a row of several lines: there it is the sign of a quote that stands elsewhere by
    mistake.

    Args:
        first: the line.
        lines: those after it; none is taken.
        delimiter: what separates fields.
        escape: a double quote or a backslash.

    Example:
        >>> scan('a,"b\n', Lines([(2, 'c ""d"" e"\n')]), ",")
        Record(fields=['a', 'b\nc "d" e'], lines=2, wrapped=[False, True], at_start=False)
        >>> print(scan('a,"b" c\n', Lines([]), ",").reason)
        ',' expected after '"'
    """
    fields: list[str] = []
    wrapped: list[bool] = []
    line, end, start, used, at_start = first, len(bare(first)), 0, 0, False
    while True:
        if line.startswith('"', start):
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
            stop = line.find(delimiter, start, end)
            stop = end if stop < 0 else stop
            text = line[start:stop]
            if used and '"' in text:
                return Malformed("a quote that opens no field", used + 1, at_start)
            wrapped.append(False)
        fields.append(text)
        if stop == end:
            return Record(fields, used + 1, wrapped, at_start)
        start = stop + 1


def opens_field(line: str, place: int, delimiter: str) -> bool:
    """Whether a quote, or the run of quotes it ends, stands where a field begins."""
    before = line[:place].rstrip('"')
    return not before or before[-1] == delimiter


def closing(line: str, begin: int = 0, escape: str = '"') -> int:
    r"""Returns where the quote stands that closes a field, from `begin` on; -1 if there is none.

    Example:
        >>> closing('a ""b"" c",d\n'), closing('a ""b""\n')
        (9, -1)
    """
    place = line.find('"', begin)
    while place >= 0:
        if escape == '"':
            if line[place + 1 : place + 2] != '"':
                return place
            place = line.find('"', place + 2)
        else:
            slashes = place - len(line[begin:place].rstrip("\\")) - begin
            if slashes % 2 == 0:
                return place
            place = line.find('"', place + 1)
    return -1
