"""Pairs from the files people have: TSV, CSV, JSONL, two parallel text files, or an iterable."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kseq2seq.data.lines import numbered_lines
from kseq2seq.data.pairs import Pair

_FORMATS = {".tsv": "tsv", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_SHOWN = 5


class Problem(NamedTuple):
    """A line that gives no pair, and why.

    Args:
        path: the file.
        line: number of the line, from 1; of its first line where an entry spans several.
        message: what is wrong with it.

    Example:
        >>> str(Problem("corpus.tsv", 3, "1 field, expected 2"))
        'corpus.tsv:3: 1 field, expected 2'
    """

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def read_pairs(
    path: str | Path | tuple[str | Path, str | Path],
    *,
    format: Literal["tsv", "csv", "jsonl"] | None = None,
    source: str | int = "source",
    target: str | int = "target",
    key: str | int | None = None,
    on_error: Literal["report", "raise"] | Callable[[Problem], object] = "report",
) -> Iterator[Pair]:
    r"""Stream the pairs of a file, or of two parallel text files, never holding more than a line.

    Files are UTF-8, plain or `.gz`. TSV fields stand as they are, without quoting; CSV fields may
    be quoted and hold newlines; a JSONL line is one object. Wholly blank lines of these three are
    passed over. A line that gives no pair (wrong number of fields, bad JSON, no such column, a
    value that is not text, an empty source or target) is a `Problem`.

    Args:
        path: one file, or (source file, target file) with a sentence per line in each.
        format: what the file is; by default its suffix says so (before any `.gz`).
        source: name of the column of sources. A name needs a header line (TSV, CSV); a number,
            from 0, says that there is none and the first line is data.
        target: name or number of the column of targets.
        key: name or number of the column that says which examples belong together in a split;
            by default the source text itself is the key.
        on_error: `"report"` leaves problems out and at the end warns of their number and the
            first few; `"raise"` stops at the first; a function is called with each.

    Returns:
        An iterator of pairs, in file order.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for an unknown format, a column that the header lacks, bytes that are not
            UTF-8, parallel files of unequal length, and a corpus without a usable pair; all but
            the first while reading.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "corpus.tsv")
        >>> _ = path.write_text("source\ttarget\nhello\t안녕\n", encoding="utf-8")
        >>> list(read_pairs(path))
        [Pair(source='hello', target='안녕', key='hello')]
    """
    if not callable(on_error) and on_error not in ("report", "raise"):
        raise ValueError(f"on_error is 'report', 'raise' or a function; got {on_error!r}")
    columns = [source, target] if key is None else [source, target, key]
    paths = [Path(part) for part in (path if isinstance(path, tuple) else (path,))]
    for part in paths:
        if not part.is_file():
            raise FileNotFoundError(f"no such file: {part}")
    if len(paths) == 2:
        if format is not None or columns != ["source", "target"]:
            raise ValueError(
                "parallel files have neither a format nor columns; give only the paths"
            )
        rows = _parallel(*paths)
    elif len(paths) != 1:
        raise ValueError(f"expected one path, or (source, target) paths; got {len(paths)}")
    else:
        rows = _reader(paths[0], format, columns)
    return _usable(rows, " and ".join(map(str, paths)), on_error)


def pairs_from(examples: Iterable[Sequence[str]] | Any) -> Iterator[Pair]:
    """Turn an iterable of (source, target) or (source, target, key), or such a dataset, into pairs.

    Args:
        examples: tuples of text, or an unbatched `tf.data.Dataset` of two or three string scalars.
            Without a key the source is the key.

    Returns:
        An iterator of pairs, in the order given.

    Raises:
        TypeError: for a value that is not text, with the number of the example.
        ValueError: for an example that has not two or three values.

    Example:
        >>> list(pairs_from([("hello", "안녕"), ("bye", "잘 가", "farewell")]))
        [Pair(source='hello', target='안녕', key='hello'), Pair(source='bye', target='잘 가', key='farewell')]
    """  # noqa: E501
    if hasattr(examples, "as_numpy_iterator"):
        examples = examples.as_numpy_iterator()
    for number, example in enumerate(examples):
        if not isinstance(example, (tuple, list)) or len(example) not in (2, 3):
            raise ValueError(
                f"example {number}: expected (source, target) or (source, target, key); "
                f"got {example!r:.200}"
            )
        texts = [part.decode() if isinstance(part, bytes) else part for part in example]
        for text in texts:
            if not isinstance(text, str):
                raise TypeError(
                    f"example {number}: expected text, got {type(text).__name__} {text!r:.80}; "
                    "unbatch() a batched dataset first"
                )
        yield Pair(texts[0], texts[1], texts[-1] if len(texts) == 3 else texts[0])


def _reader(path: Path, format: str | None, columns: list[Any]) -> Iterator[Pair | Problem]:
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    format = format or _FORMATS.get(suffix)
    if format not in _FORMATS.values():
        raise ValueError(
            f"{path}: cannot tell the format from {suffix!r}; give format='tsv', 'csv' or 'jsonl' "
            f"(got {format!r}), or a (source, target) tuple of parallel text files"
        )
    kinds = {type(column) for column in columns}
    if kinds != {str} and (kinds != {int} or min(columns) < 0 or format == "jsonl"):
        raise ValueError(
            f"columns are all names, or (TSV and CSV without a header) all numbers from 0; "
            f"got {columns} for {format}"
        )
    if format == "jsonl":
        return _jsonl(path, columns)
    return _table(path, _csv_rows(path) if format == "csv" else _tsv_rows(path), columns)


def _usable(
    rows: Iterator[Pair | Problem], name: str, on_error: str | Callable[[Problem], object]
) -> Iterator[Pair]:
    kept = skipped = 0
    first: list[Problem] = []
    try:
        for row in rows:
            if isinstance(row, Pair):
                kept += 1
                yield row
                continue
            if on_error == "raise":
                raise ValueError(str(row))
            skipped += 1
            first += [row] if skipped <= _SHOWN else []
            if callable(on_error):
                on_error(row)
    finally:
        if skipped and not callable(on_error):
            shown = "".join(f"\n  {problem}" for problem in first)
            more = f"\n  and {skipped - _SHOWN} more" if skipped > _SHOWN else ""
            total = kept + skipped
            warnings.warn(
                f"{name}: {skipped} of {total} entries left out{shown}{more}", stacklevel=1
            )
    if not kept:
        why = (
            f"all {skipped} entries were left out; the first: {first[0]}"
            if first
            else "it is empty"
        )
        raise ValueError(f"{name}: no usable pair; {why}")


def _pair(values: Sequence[object], path: Path, line: int) -> Pair | Problem:
    """Check the values of source, target and perhaps key."""
    for role, value in zip(("source", "target", "key"), values, strict=False):
        if not isinstance(value, str) and not (role == "key" and isinstance(value, int)):
            kind = type(value).__name__
            return Problem(str(path), line, f"the {role} is {kind} {value!r:.80}, expected text")
        if isinstance(value, str) and not value.strip():
            return Problem(str(path), line, f"empty {role}")
    source, target, key = (*values, values[0])[:3]
    return Pair(str(source), str(target), str(key))


def _tsv_rows(path: Path) -> Iterator[tuple[int, list[str] | csv.Error]]:
    for number, line in numbered_lines(path):
        if line := _bare(line):
            yield number, line.split("\t")


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str] | csv.Error]]:
    rows = csv.reader((line for _, line in numbered_lines(path)), strict=True)
    while True:
        start = rows.line_num + 1
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield start, error
            continue
        if fields:
            yield start, fields


def _table(
    path: Path, rows: Iterator[tuple[int, list[str] | csv.Error]], columns: list[Any]
) -> Iterator[Pair | Problem]:
    width, positions = 0, []
    for line, fields in rows:
        if isinstance(fields, csv.Error):
            yield Problem(str(path), line, f"bad CSV: {fields}")
            continue
        if not width:
            width, positions = len(fields), _positions(path, line, fields, columns)
            if isinstance(columns[0], str):
                continue
        if len(fields) != width:
            fault = f"{len(fields)} field{'s' * (len(fields) != 1)}, expected {width}"
            yield Problem(str(path), line, fault)
        else:
            yield _pair([fields[position] for position in positions], path, line)


def _positions(path: Path, line: int, fields: list[str], columns: list[Any]) -> list[int]:
    """Find the columns among the fields of the first line."""
    if isinstance(columns[0], int):
        if max(columns) >= len(fields):
            raise ValueError(
                f"{path}:{line}: no column {max(columns)}; the line has {len(fields)} "
                "fields, numbered from 0"
            )
        return columns
    for column in columns:
        if fields.count(column) != 1:
            raise ValueError(
                f"{path}:{line}: expected one column {column!r} in the header, which has {fields}; "
                "name the columns, or give their numbers (source=0, target=1) if the file has no "
                "header line"
            )
    return [fields.index(column) for column in columns]


def _jsonl(path: Path, columns: list[str]) -> Iterator[Pair | Problem]:
    for number, line in numbered_lines(path):
        if not (line := _bare(line)):
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Problem(str(path), number, f"bad JSON: {error}")
            continue
        if not isinstance(entry, dict):
            kind = type(entry).__name__
            yield Problem(str(path), number, f"expected a JSON object, got {kind}")
        elif missing := [column for column in columns if column not in entry]:
            yield Problem(str(path), number, f"no {missing[0]!r} among {list(entry)}")
        else:
            values = [entry[column] for column in columns]
            if any(isinstance(value, str) and _has_surrogate(value) for value in values):
                yield Problem(str(path), number, "half of a surrogate pair, which no text can hold")
            else:
                yield _pair(values, path, number)


def _parallel(source_path: Path, target_path: Path) -> Iterator[Pair | Problem]:
    sources, targets = numbered_lines(source_path), numbered_lines(target_path)
    for source, target in zip_longest(sources, targets):
        if source is None or target is None:
            number = (source or target)[0]
            longer = number + sum(1 for _ in (sources if target is None else targets))
            counts = (longer, number - 1) if target is None else (number - 1, longer)
            raise ValueError(
                f"parallel files of unequal length: {source_path} has {counts[0]} lines, "
                f"{target_path} has {counts[1]}; line n of one must translate line n of the other"
            )
        pair = _pair((_bare(source[1]), _bare(target[1])), source_path, source[0])
        if isinstance(pair, Problem) and pair.message == "empty target":
            pair = pair._replace(path=str(target_path))
        yield pair


def _bare(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
