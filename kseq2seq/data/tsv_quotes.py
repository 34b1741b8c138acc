"""Whether the quotes of a TSV file wrap its fields, or are text.

Writers of tables wrap a field that needs it (one with a tab, a line break or a quote in it, and
some spreadsheets one with a comma), or wrap all of them; inside they double each quote. Natural
text breaks these rules at once: `"Hello," he said`, or `"Hello"`, which needs no wrapping.
"""

from __future__ import annotations

import re

from kseq2seq.data.quoted import Later, Lines, Malformed, scan

_SAMPLE = 200  # lines with a quote
_SIZE = 2**20  # characters
_FULL = 3  # rows that are wrapped as a whole
_COMMAS = 3  # fields that are wrapped for a comma's sake
_NUMBER = re.compile(r"[-+.0-9eE]*")
_DOUBLED = re.compile(r'"(?:[^"]|"")*""(?:[^"]|"")*"')


def quotes_wrap(lines: Lines, delimiter: str, width: int, *, top: bool, commas: bool) -> bool:
    r"""Returns whether quotes wrap fields, by the lines ahead, up to 200 with a quote among them.

    Args:
        lines: those from the first with a quote on; none is taken.
        delimiter: what separates fields.
        width: how many fields a row has.
        top: whether there were no rows before them.
        commas: whether a field before them has a comma.

    Example:
        >>> def wrapped(*texts):
        ...     lines = Lines(enumerate(texts, 1))
        ...     return quotes_wrap(lines, "\t", 2, top=True, commas=False)
        >>> wrapped('"say ""hi"" to"\tdire\n'), wrapped('"Hello" he said\tdit-il\n')
        (True, False)
        >>> wrapped('"two\n', 'lines"\tdeux\n'), wrapped('"Go.\tVa.\n', 'Now."\tVite.\n')
        (True, False)
    """
    wrapping = triple = comma = against = full = rows = quoted = size = place = 0
    while quoted < _SAMPLE and size < _SIZE and (ahead := lines.peek(place)):
        line = ahead[1]
        size += len(line)
        place += 1
        if '"' not in line:
            commas |= "," in line
            rows += 1
            continue
        quoted += 1
        made = scan(line, Later(lines, place), delimiter)
        if isinstance(made, Malformed):
            against += 1
            continue
        if len(made.fields) != width:
            against += made.lines > 1
            continue
        if made.lines > 1:
            span = [line, *(lines.peek(place + n)[1] for n in range(made.lines - 1))]  # type: ignore[index]
            place += made.lines - 1
            size += sum(map(len, span[1:]))
            texts = all(text.count(delimiter) == width - 1 for text in span)
            if texts and not any('"' in field for field in made.fields):
                against += 1  # more likely a quotation that goes on in another row
                continue
        rows += 1
        is_full = all(
            wrapped or _NUMBER.fullmatch(field)
            for field, wrapped in zip(made.fields, made.wrapped, strict=True)
        )
        full += is_full
        against += made.bare
        for field, wrapped in zip(made.fields, made.wrapped, strict=True):
            if not wrapped:
                commas |= "," in field
            elif field.count('"') == 2 and field[0] == field[-1] == '"' and len(field) > 2:
                triple += 1  # `""" """`: a wrapped quotation, or a docstring as it is
            elif any(mark in field for mark in ('"', delimiter, "\n", "\r")):
                wrapping += 1
            elif "," in field:
                comma += 1
            elif field and not is_full:
                against += 1
    return (
        wrapping > against
        or (wrapping + triple > 0 and not against)
        or (comma >= _COMMAS and not commas and not against)
        or (top and full == rows >= _FULL)
    )


def seems_wrapped(line: str, delimiter: str, width: int) -> bool:
    r"""Returns whether a line that was read as plain might not be.

    Example:
        >>> [seems_wrapped(f"{text}\tdire", "\t", 2) for text in ('"say ""hi"" to"', '"hi"')]
        [True, False]
    """
    fields = line.rstrip("\r\n").split(delimiter)
    if len(fields) != width:
        return line.count('"') % 2 == 1
    return any(_DOUBLED.fullmatch(field) for field in fields)
