"""Pairs from tables: TSV and CSV, with a header or without, with quotes that wrap or are text."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kseq2seq.data.bad_lines import BadLine, as_pair, shown_names
from kseq2seq.data.pairs import Pair
from kseq2seq.data.quoted import Later, Lines, Malformed, bare, scan
from kseq2seq.data.quoted_rows import Fault, Row, parts, quoted_rows
from kseq2seq.disk.lines import numbered_lines

_SAMPLE = 200  # lines with a quote
_SIZE = 2**20  # characters
_FULL = 3  # rows that are wrapped as a whole
_COMMAS = 3  # fields that are wrapped for a comma's sake
_NUMBER = re.compile(r"[-+.0-9eE]*")
_DOUBLED = re.compile(r'"(?:[^"]|"")*""(?:[^"]|"")*"')
_NAMED = {"\t": "a tab", ",": "','", ";": "';'", "|": "'|'"}


class Layout(NamedTuple):
    """How the rows of a table are read.

    Attributes:
        delimiter: the character between fields.
        quoted: whether they may be wrapped in quotes; None where the rows must show it.
        width: how many fields a row has.
        positions: those of the source, the target and, optionally, the key.
    """

    delimiter: str
    quoted: bool | None
    width: int
    positions: list[int]


def table_pairs(
    path: Path, columns: list[Any], *, delimiter: str | None, quoted: bool | None, tabs: bool
) -> Iterator[Pair | BadLine]:
    r"""Yields the pair of each row, and a `BadLine` for each that gives none.

    Args:
        path: the file.
        columns: names, found in a header line, or numbers, which say that there is none.
        delimiter: the character between fields; None to find out.
        quoted: whether fields may be wrapped in quotes; None to find out.
        tabs: whether it is a TSV file, not CSV.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "corpus.csv")
        >>> _ = path.write_text("en;fr\none;un\n")
        >>> list(table_pairs(path, ["en", "fr"], delimiter=None, quoted=None, tabs=False))
        [Pair(source='one', target='un', key='one')]
    """
    lines = Lines(numbered_lines(path))
    layout = _layout(path, lines, columns, delimiter, quoted, tabs)
    if layout is None:
        return
    name, positions, doubtful = str(path), layout.positions, []
    for row in _rows(name, lines, layout):
        if isinstance(row, Fault):
            yield BadLine(name, row.line, row.reason, row.lines)
            continue
        line, fields, count, doubt = row
        if doubt:
            doubtful.append(line)
        yield as_pair([fields[position] for position in positions], name, line, count)
    if doubtful:
        warnings.warn(
            f"{path}: {len(doubtful)} quoted fields hold lines that would each be a row, the first "
            f"on line {doubtful[0]}. They were read as text; look whether a quote is stray there.",
            stacklevel=1,
        )


def _rows(name: str, lines: Lines, layout: Layout) -> Iterator[Row | Fault]:
    delimiter, quoted, width, _ = layout
    if quoted:
        yield from quoted_rows(lines, delimiter, width)
        return
    undecided, top, commas, seeming, first = quoted is None, True, False, 0, 0
    for number, line in lines:
        if quoted is None and '"' in line:
            if undecided:
                lines.put_back([(number, line)])
                if quotes_wrap(lines, delimiter, width, top=top, commas=commas):
                    yield from quoted_rows(lines, delimiter, width)
                    return
                lines.skip(1)
                undecided = False
            if seems_wrapped(line, delimiter, width):
                seeming += 1
                first = first or number
        text = bare(line)
        fields = text.split(delimiter)
        if len(fields) == width and text:
            if undecided:
                commas = commas or "," in text
                top = False
            yield Row(number, fields)
        elif text:
            several = parts(line, delimiter, width)
            yield from [Row(number, fields) for fields in several]
            if not several:
                wrong = f"{len(fields)} field{'s' * (len(fields) != 1)}, expected {width}"
                yield Fault(number, wrong)
    if seeming:
        warnings.warn(
            f"{name}: {seeming} lines look as if quotes wrapped their fields, the first is line "
            f"{first}; all were read as plain TSV, in which a quote is text. If a spreadsheet or a "
            "writer of CSV made the file, pass `quoted=True`; if it is plain, `quoted=False`.",
            stacklevel=1,
        )


def _layout(
    path: Path,
    lines: Lines,
    columns: list[Any],
    delimiter: str | None,
    quoted: bool | None,
    tabs: bool,
) -> Layout | None:
    """Finds the columns in the first line that isn't blank; None where there is no such line."""
    for number, first in lines:  # noqa: B007
        if not tabs and (said := re.fullmatch(r"sep=(.)\r?\n?", first)):
            delimiter = delimiter or said[1]  # a spreadsheet's own way to say it
        elif bare(first):
            break
    else:
        return None
    if not tabs and quoted is None:
        quoted = True
    delimiters = [delimiter] if delimiter else ["\t"] if tabs else [",", ";", "\t"]
    if isinstance(columns[0], int):
        lines.put_back([(number, first)])
        return _numbered(path, lines, columns, delimiters[0], quoted)
    for separator in delimiters:
        for wrapped in [False, True] if quoted is None else [quoted]:
            names, used = _fields(first, lines, separator, wrapped)
            if all(names.count(column) == 1 for column in columns):
                lines.skip(used - 1)
                positions = [names.index(column) for column in columns]
                return Layout(separator, True if wrapped else quoted, len(names), positions)
    raise _no_header(path, number, first, lines, columns, delimiters[0], bool(quoted))


def _numbered(
    path: Path, lines: Lines, columns: list[int], delimiter: str, quoted: bool | None
) -> Layout:
    ahead = lines.peek(0)
    assert ahead is not None
    number, first = ahead
    lines.skip(1)
    plain = bare(first).split(delimiter)
    fields, _ = _fields(first, lines, delimiter, True) if '"' in first else (plain, 1)
    lines.put_back([ahead])
    width = len(fields if quoted else plain)
    if quoted is None and '"' in first and fields:
        wrap = quotes_wrap(lines, delimiter, len(fields), top=True, commas=False)
        quoted, width = (True, len(fields)) if wrap else (None, len(plain))
    width = width or len(plain)
    if max(columns) >= width:
        others = [
            f" (but {bare(first).count(other) + 1} with {name} between them: pass `delimiter`)"
            for other, name in _NAMED.items()
            if other != delimiter and max(columns) <= bare(first).count(other)
        ]
        raise ValueError(
            f"{path}:{number}: no column {max(columns)}; the line has {width} "
            f"field{'s' * (width != 1)}{''.join(others[:1])}, numbered from 0"
        )
    return Layout(delimiter, quoted, width, columns)


def _fields(first: str, lines: Lines, delimiter: str, quoted: bool) -> tuple[list[str], int]:
    """The fields of the first row, none if it is malformed, and how many lines it spans."""
    if not quoted:
        return bare(first).split(delimiter), 1
    row = scan(first, lines, delimiter)
    return ([], 1) if isinstance(row, Malformed) else (row.fields, row.lines)


def _no_header(
    path: Path,
    number: int,
    first: str,
    lines: Lines,
    columns: list[str],
    delimiter: str,
    quoted: bool,
) -> ValueError:
    """An error that says which name the header lacks, or has twice, and why that may be."""
    row = scan(first, lines, delimiter) if quoted else None
    if isinstance(row, Malformed):
        return ValueError(
            f"{path}:{number}: the header can't be read: bad CSV: {row.reason}. Mend its quotes, "
            "or pass `quoted=False` if quotes are text."
        )
    names = row.fields if row else bare(first).split(delimiter)
    for other, shown in _NAMED.items():
        if other != delimiter and set(columns) <= set(bare(first).replace('"', "").split(other)):
            return ValueError(
                f"{path}:{number}: the names of the header have {shown} between them, not "
                f"{_NAMED.get(delimiter, repr(delimiter))}. Pass `delimiter`."
            )
    missing = next(column for column in columns if names.count(column) != 1)
    if names.count(missing) > 1:
        places = [str(place) for place, name in enumerate(names) if name == missing]
        return ValueError(
            f"{path}:{number}: the header has {missing!r} {len(places)} times, as columns "
            f"{' and '.join(places)}, counted from 0. Rename all but one, or name other columns."
        )
    alike = [name for name in names if name.strip().casefold() == missing.strip().casefold()]
    meant = f" (is {alike[0]!r} meant?)" if alike and alike[0] != missing else ""
    return ValueError(
        f"{path}:{number}: expected one column {missing!r} in the header, which has "
        f"{shown_names(names)}{meant}. Name the columns, or give their numbers (source=0, "
        "target=1) if the file has no header line."
    )


def quotes_wrap(lines: Lines, delimiter: str, width: int, *, top: bool, commas: bool) -> bool:
    r"""Returns whether quotes wrap fields, judging by the next lines, up to 200 with a quote.

    Writers of tables wrap a field that needs it (one with a tab, a line break or a quote in it, and
    some spreadsheets one with a comma), or wrap all of them; inside they double each quote. Natural
    text breaks these rules at once: `"Hello," he said`, or `"Hello"`, which needs no wrapping.

    Args:
        lines: those from the first with a quote on; none is read.
        delimiter: the character between fields.
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
    wrapping = triple = comma = against = full = rows = quoted = size = used = 0
    while quoted < _SAMPLE and size < _SIZE and (ahead := lines.peek(used)):
        line = ahead[1]
        size += len(line)
        used += 1
        # 1. Lines without a quote tell only whether fields with commas are left as they are.
        if '"' not in line:
            commas |= "," in line
            rows += 1
            continue

        # 2. Read the row as if quotes wrapped; if that fails, they do not.
        quoted += 1
        row = scan(line, Later(lines, used), delimiter)
        if isinstance(row, Malformed):
            against += 1
            continue
        if len(row.fields) != width:
            against += row.lines > 1
            continue
        if row.lines > 1:
            span = [line, *(lines.peek(used + n)[1] for n in range(row.lines - 1))]  # type: ignore[index]
            used += row.lines - 1
            size += sum(map(len, span[1:]))
            texts = all(text.count(delimiter) == width - 1 for text in span)
            if texts and not any('"' in field for field in row.fields):
                against += 1  # more likely a quotation that goes on in another row
                continue

        # 3. Count the fields that needed wrapping, and those that had no reason to be wrapped.
        rows += 1
        is_full = all(
            wrapped or _NUMBER.fullmatch(field)
            for field, wrapped in zip(row.fields, row.wrapped, strict=True)
        )
        full += is_full
        against += row.bare
        for field, wrapped in zip(row.fields, row.wrapped, strict=True):
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
