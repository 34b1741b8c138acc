"""Which lines are lost with a row whose quotes are at fault: those of its text, no other row."""

from __future__ import annotations

from kseq2seq.data.quoted import (
    Ahead,
    Later,
    Lines,
    Malformed,
    Record,
    bare,
    closing,
    opens_field,
    scan,
)

_FARTHEST = 1000  # lines that are searched for the end of a broken row
_ROWS = 20  # a text of more lines than these, most of which would be rows, is rows
_NO_LINES = Lines([])


def taken_in(made: Malformed, lines: Lines, delimiter: str, width: int) -> int:
    r"""Returns how many lines that a faulty quote took in are lost with its row.

    Where at least half of them would be rows, the quote is stray and none is. Else they are text of
    the row, up to a last run of lines that would all be rows.

    Args:
        made: the row, as far as it was read.
        lines: those after its first.
        delimiter: what separates fields.
        width: how many fields a row has.

    Example:
        >>> rows, text = Lines([(2, "a,b\n"), (3, "c,d\n")]), Lines([(2, "and\n"), (3, "so\n")])
        >>> fault = Malformed("unexpected end of data", 3)
        >>> taken_in(fault, rows, ",", 2), taken_in(fault, text, ",", 2)
        (0, 2)
    """
    inside = [lines.peek(index) for index in range(made.lines - 1 - made.at_start)]
    texts = [bare(line[1]) if line else "" for line in inside]
    like = [_is_row(text, delimiter, width) for text in texts]
    if 2 * sum(like) >= max(1, sum(map(bool, texts))):
        return 0
    lost = len(like)
    if made.at_start or lines.peek(made.lines - 1) is None:
        while lost and like[lost - 1]:
            lost -= 1
    return lost


def left_over(lines: Ahead, delimiter: str, width: int) -> int:
    r"""Returns how many lines are the rest of a row of several whose first line is at fault.

    They are, where the next quote closes a field, and opens none.

    Args:
        lines: those after its first.
        delimiter: what separates fields.
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
        made = scan(f'"{line}', Later(lines, index + 1), delimiter)
        return index + (made.lines if isinstance(made, Record) else 1)
    return 0


def _is_row(line: str, delimiter: str, width: int) -> bool:
    if '"' not in line:
        return bool(line) and line.count(delimiter) == width - 1
    made = scan(line, _NO_LINES, delimiter)
    if isinstance(made, Malformed) or len(made.fields) != width:
        return False
    return not made.bare or line.count('"') % 2 == 0
