"""All the rows of a file with quoted fields, without losing the rest of it to a stray quote.

A well-formed row is read as it is, with one exception: a field of ten different lines or more, each
of which would be a row, the first and the last too. Otherwise, after a quote that isn't closed as
it should be, the lines that it took in decide: where at least half of them would be rows, the quote
is stray, and reading resumes on the line after it; where they would not, they are text of the row
that is left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from kseq2seq.data.quoted import (
    Ahead,
    Later,
    Line,
    Lines,
    Malformed,
    WellFormed,
    bare,
    closing,
    opens_field,
    scan,
)

_FARTHEST = 1000  # lines that are searched for the end of a broken row
_ROWS = 20  # a text of more lines than these, most of which would be rows, is rows
ROWS = 10  # a field of so many lines that each would be a row is a stray quote's
DOUBTFUL = 3  # so many such lines are worth a warning
_MOST_LINES = 2**14


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        line: number of its first line.
        fields: their texts, as many as the table has columns.
        lines: how many lines it spans.
        doubtful: whether several of its lines would be rows of their own.
    """

    line: int
    fields: list[str]
    lines: int = 1
    doubtful: bool = False


class Fault(NamedTuple):
    """A row that can't be read.

    Attributes:
        line: number of its first line.
        reason: the fault, for messages.
        lines: how many lines are left out with it.
        quotes: whether its quotes are at fault.
    """

    line: int
    reason: str
    lines: int = 1
    quotes: bool = True


def quoted_rows(lines: Lines, delimiter: str, width: int) -> Iterator[Row | Fault]:
    r"""Yields rows whose fields may be wrapped in double quotes, and faults; see the module.

    Inside quotes, a quote is doubled; a row that can't be read so, but can with a backslash before
    each quote, is read in that way.

    Args:
        lines: those of the file, without its header; blank ones are skipped.
        delimiter: the character between fields.
        width: how many fields a row has.

    Example:
        >>> text = ['"a\n', 'b",c\n', '"stray,d\n', "e,f\n"]
        >>> for row in quoted_rows(Lines(enumerate(text, 1)), ",", 2):
        ...     print(row[:3])
        (1, ['a\nb', 'c'], 2)
        (3, 'bad CSV: unexpected end of data; ...: reading resumes on line 4', 1)
        (4, ['e', 'f'], 1)
    """
    held: list[Line] = []  # those that `csv` took for the row it is at
    broken = False  # whether quotes of the row just before this one were at fault

    def feed() -> Iterator[str]:
        for line in lines:
            held.append(line)
            if len(held) > _MOST_LINES:  # `csv` has a limit of characters, which may be raised
                raise csv.Error
            yield line[1]

    while True:
        # 1. Rows of one line: the standard library reads them alike, and faster.
        held.clear()
        try:
            for fields in csv.reader(feed(), delimiter=delimiter, strict=True):
                if len(held) > 1 or len(fields) != width or broken:
                    break
                yield Row(held[0][0], fields)
                held.clear()
            else:
                return
        except csv.Error:
            pass
        # 2. It stopped: give back all lines of that row but the first, and read it ourselves.
        lines.put_back(held[1:])
        number, first = held[0]
        if not bare(first):
            continue
        for row in _row(number, first, lines, delimiter, width, broken):
            yield row
            broken = (row.quotes or broken) if isinstance(row, Fault) else False


def _row(
    number: int, first: str, lines: Lines, delimiter: str, width: int, broken: bool
) -> list[Row | Fault]:
    """Reads one row, the first line of which is read already; `broken` as in `quoted_rows`."""
    # 1. Read it with doubled quotes, or else with escaped ones.
    row = scan(first, lines, delimiter)
    if isinstance(row, Malformed) and '\\"' in first:
        escaped = scan(first, lines, delimiter, "\\")
        if isinstance(escaped, WellFormed) and len(escaped.fields) == width:
            row = escaped

    # 2. A well-formed row counts, unless it looks like the rest of a broken one, or like rows.
    if isinstance(row, WellFormed):
        count = len(row.fields)
        wrong = f"{count} field{'s' * (count != 1)}, expected {width}"
        if count == width:
            if broken and row.lines == 1 and row.bare and first.count('"') % 2:
                return [Fault(number, "the end of a quoted field whose beginning is left out")]
            like_rows = _like_rows(first, row, lines, delimiter)
            if like_rows < ROWS:
                lines.skip(row.lines - 1)
                return [Row(number, row.fields, row.lines, like_rows > 0)]
            reason = f"bad CSV: a quoted field of {row.lines} lines that would each be a row"
            return [Fault(number, reason + _resumed(number))]
        if row.lines == 1:
            several = parts(first, delimiter, width)
            if several:
                return [Row(number, fields) for fields in several]
            if not any(row.wrapped):
                return [Fault(number, wrong, 1, row.bare)]
        row = Malformed(wrong, row.lines, row.at_start)
    else:
        row = row._replace(reason=f"bad CSV: {row.reason}")

    # 3. Of a faulty row, leave out the lines that are its text; resume at those that are rows.
    lost = taken_in(row, lines, delimiter, width) if row.lines > 1 else 0
    if lost == row.lines - 1:  # the quote at fault ended the row: before its text did?
        lost += left_over(Later(lines, lost), delimiter, width)
    lines.skip(lost)
    stray = row.lines > 1 and not lost
    return [Fault(number, row.reason + (_resumed(number) if stray else ""), 1 + lost)]


def _resumed(number: int) -> str:
    return f"; the quote that opens here is taken as stray: reading resumes on line {number + 1}"


def parts(line: str, delimiter: str, width: int) -> list[list[str]]:
    r"""Returns the rows of a line with carriage returns between them; none if there are none.

    Example:
        >>> parts("a,b\rc,d\n", ",", 2), parts("a,b\rc\n", ",", 2)
        ([['a', 'b'], ['c', 'd']], [])
    """
    if "\r" not in bare(line) or '"' in line:
        return []
    rows = [part.split(delimiter) for part in bare(line).split("\r")]
    return rows if all(len(row) == width for row in rows) else []


def _like_rows(first: str, row: WellFormed, lines: Lines, delimiter: str) -> int:
    """How many different lines a row has if each, quotes and all, would be one of its own; else 0.

    A text seldom has as many delimiters in each line as rows have, those with its quotes included.
    """
    separators = len(row.fields) - 1
    if row.lines < DOUBTFUL or not separators or row.at_start:
        return 0
    following = (lines.peek(index) for index in range(row.lines - 1))
    texts = [first, *(line[1] for line in following if line is not None)]
    return len(set(texts)) if all(text.count(delimiter) == separators for text in texts) else 0


_NO_LINES = Lines([])


def taken_in(row: Malformed, lines: Lines, delimiter: str, width: int) -> int:
    r"""Returns how many lines that a faulty quote took in are lost with its row.

    Where at least half of them would be rows, the quote is stray and none is lost. Otherwise they
    are text of the row, up to a last run of lines that would all be rows.

    Args:
        row: the row, as far as it was read.
        lines: those after its first.
        delimiter: the character between fields.
        width: how many fields a row has.

    Example:
        >>> rows, text = Lines([(2, "a,b\n"), (3, "c,d\n")]), Lines([(2, "and\n"), (3, "so\n")])
        >>> fault = Malformed("unexpected end of data", 3)
        >>> taken_in(fault, rows, ",", 2), taken_in(fault, text, ",", 2)
        (0, 2)
    """
    inside = [lines.peek(index) for index in range(row.lines - 1 - row.at_start)]
    texts = [bare(line[1]) if line else "" for line in inside]
    like = [_is_row(text, delimiter, width) for text in texts]
    if 2 * sum(like) >= max(1, sum(map(bool, texts))):
        return 0
    lost = len(like)
    if row.at_start or lines.peek(row.lines - 1) is None:
        while lost and like[lost - 1]:
            lost -= 1
    return lost


def left_over(lines: Ahead, delimiter: str, width: int) -> int:
    r"""Returns how many lines are the rest of a row of several whose first line is at fault.

    They are its rest if the next quote closes a field and opens none.

    Args:
        lines: those after its first.
        delimiter: the character between fields.
        width: how many fields a row has.

    Example:
        >>> left_over(Lines([(2, "and\n"), (3, 'so",b\n'), (4, "c,d\n")]), ",", 2)
        2
        >>> left_over(Lines([(2, "c,d\n"), (3, '"e",f\n')]), ",", 2)
        0
    """
    rows = 0
    for index in range(_FARTHEST):
        ahead = lines.peek(index)
        if ahead is None:
            return 0
        line = ahead[1]
        first = line.find('"')
        if first >= 0 and opens_field(line, first, delimiter):
            return 0
        close = closing(line)
        if close < 0:
            rows += _is_row(bare(line), delimiter, width)
            continue
        if bare(line)[close + 1 : close + 2] not in ("", delimiter):
            return 0
        if index > _ROWS and 2 * rows >= index:
            return 0
        row = scan(f'"{line}', Later(lines, index + 1), delimiter)
        return index + (row.lines if isinstance(row, WellFormed) else 1)
    return 0


def _is_row(line: str, delimiter: str, width: int) -> bool:
    if '"' not in line:
        return bool(line) and line.count(delimiter) == width - 1
    row = scan(line, _NO_LINES, delimiter)
    if isinstance(row, Malformed) or len(row.fields) != width:
        return False
    return not row.bare or line.count('"') % 2 == 0
