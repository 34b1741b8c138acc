"""Pairs from the files people have: TSV, CSV, JSONL, two parallel text files, or an iterable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from kseq2seq.data.bad_lines import BadLine, Check, OnError, as_pair, usable
from kseq2seq.data.jsonl import jsonl_pairs
from kseq2seq.data.pairs import SURROGATE, Example, Pair
from kseq2seq.data.quoted import bare
from kseq2seq.data.tables import table_pairs
from kseq2seq.disk.lines import SUFFIXES, data_path, numbered_lines

FORMATS = {".tsv": "tsv", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_PARALLEL = "Parallel files have neither a format nor columns. Pass only the paths."


def read_pairs(
    path: str | Path | tuple[str | Path, str | Path],
    *,
    format: Literal["tsv", "csv", "jsonl"] | None = None,
    source: str | int = "source",
    target: str | int = "target",
    key: str | int | None = None,
    references: str | None = None,
    delimiter: str | None = None,
    quoted: bool | None = None,
    on_error: OnError = "report",
    check: Check | None = None,
) -> Iterator[Pair | Example]:
    r"""Streams the pairs of a file, or of two parallel text files, in constant memory.

    Files are UTF-8, plain or compressed by gzip, bzip2 or xz. CSV fields may be wrapped in double
    quotes and then hold line breaks; those of TSV stand as they are, unless the file shows that a
    writer of tables wrapped them. A quote that is never closed costs the row it stands in, not
    those after it. A JSONL line is one object. Wholly blank lines of these three are passed over.
    A line that gives no pair (wrong number of fields, bad JSON, no such column, a value that is
    not text, an empty source or target) is a `BadLine`. docs/training.md has all the rules.

    Args:
        path: one file, or (source file, target file) with a sentence per line in each.
        format: the format of the file; by default its suffix decides (the one before any `.gz`).
        source: name of the column of sources. A name needs a header line (TSV, CSV); a number,
            from 0, means that there is none and the first line is data.
        target: name or number of the column of targets.
        key: name or number of the column that says which examples belong together in a split;
            by default the source text itself is the key.
        references: name of the list of further targets that count as right, in JSONL; lines that
            have it give an `Example` in place of a `Pair`.
        delimiter: the character between the fields of a table; by default a tab for TSV, and for
            CSV whichever of comma, semicolon and tab separates the names in the header.
        quoted: whether fields of a table may be wrapped in double quotes; by default those of CSV
            may, and those of TSV where the first lines with quotes show it.
        on_error: `"report"` skips bad lines and at the end warns of their number and the first
            few; `"raise"` stops at the first; a function is called with each `BadLine`.
        check: called with each pair; returns what is wrong with it, which makes its line a
            `BadLine`, or None. `one_label_a_word` is such a function.

    Returns:
        An iterator of pairs, in file order. Their keys know their lines; see `place_of`.

    Raises:
        FileNotFoundError: if there is no such file.
        TypeError: if `path` is neither a path nor two.
        ValueError: for a path that is no file of data, an unknown format, a column that the header
            lacks, bytes that are not UTF-8, parallel files of unequal length, a file that changes
            while it is read, and a corpus without a usable pair; all but the first two while
            reading.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "corpus.tsv")
        >>> _ = path.write_text("source\ttarget\nhello\t안녕\n", encoding="utf-8")
        >>> list(read_pairs(path))
        [Pair(source='hello', target='안녕', key='hello')]
    """
    if not callable(on_error) and on_error not in ("report", "raise"):
        raise ValueError(f"`on_error` must be 'report', 'raise' or a function; got {on_error!r}.")
    columns = [source, target] if key is None else [source, target, key]
    several = isinstance(path, tuple | list)
    paths = [data_path(part) for part in (path if several else (path,))]  # type: ignore[union-attr, arg-type]
    if len(paths) == 2:
        table = delimiter is not None or quoted is not None
        if format is not None or table or references or columns != ["source", "target"]:
            raise ValueError(_PARALLEL)
        rows: Iterator[Pair | Example | BadLine] = _parallel(*paths)
    elif len(paths) != 1:
        raise ValueError(
            f"`path` must be one path or (source, target) paths; got {len(paths)} paths."
        )
    else:
        rows = _reader(paths[0], format, columns, references, delimiter, quoted)
    return usable(rows, " and ".join(map(str, paths)), on_error, check)


def pairs_from(examples: Iterable[Sequence[str]] | Any) -> Iterator[Pair]:
    """Turns tuples (source, target) or (source, target, key), or a dataset of them, into pairs.

    Args:
        examples: tuples of text, or an unbatched `tf.data.Dataset` of two or three string scalars.
            Without a key the source is the key.

    Returns:
        An iterator of pairs, in the order given.

    Raises:
        TypeError: for a value that is not text, with the number of the example, and if `examples`
            can't be iterated over.
        ValueError: for an example that does not have two or three values, or a text that can't be
            written as UTF-8.

    Example:
        >>> list(pairs_from([("hello", "안녕"), ("bye", "잘 가", "farewell")]))
        [Pair(source='hello', target='안녕', key='hello'), Pair(source='bye', target='잘 가', key='farewell')]
    """  # noqa: E501
    if hasattr(examples, "as_numpy_iterator"):
        examples = examples.as_numpy_iterator()
    elif isinstance(examples, str | bytes | Mapping) or not isinstance(examples, Iterable):
        raise TypeError(
            "`examples` must be (source, target) tuples, or a dataset of them; got "
            f"{type(examples).__name__} {examples!r:.80}. `read_pairs` reads files."
        )
    return _examples(examples)


def _examples(examples: Iterable[Any]) -> Iterator[Pair]:
    for number, example in enumerate(examples):
        if not isinstance(example, (tuple, list)) or len(example) not in (2, 3):
            raise ValueError(
                f"example {number}: expected (source, target) or (source, target, key); "
                f"got {example!r:.200}"
            )
        try:
            texts = [part.decode() if isinstance(part, bytes) else part for part in example]
        except UnicodeDecodeError as error:
            raise ValueError(f"example {number}: not UTF-8: {error}") from None
        for text in texts:
            if not isinstance(text, str):
                raise TypeError(
                    f"example {number}: expected text, got {type(text).__name__} {text!r:.80}; "
                    "unbatch() a batched dataset first"
                )
            if SURROGATE.search(text):
                raise ValueError(
                    f"example {number}: half of a surrogate pair, which no text can hold, in "
                    f"{text!r:.80}"
                )
        yield Pair(texts[0], texts[1], texts[-1] if len(texts) == 3 else texts[0])


def format_of(path: Path) -> str | None:
    """Returns the format that a file's name stands for, compressed or not; None if there is none.

    Example:
        >>> format_of(Path("corpus.tsv.xz")), format_of(Path("corpus.txt"))
        ('tsv', None)
    """
    return FORMATS.get(_suffix(path).lower())


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix if path.suffix in SUFFIXES else path.suffix


def _reader(
    path: Path,
    format: str | None,
    columns: list[Any],
    references: str | None,
    delimiter: str | None,
    quoted: bool | None,
) -> Iterator[Pair | Example | BadLine]:
    format = format or format_of(path)
    if format not in FORMATS.values():
        raise ValueError(
            f"{path}: cannot tell the format from {_suffix(path)!r}. Pass `format` 'tsv', 'csv' or "
            f"'jsonl' (got {format!r}), or a (source, target) tuple of parallel text files."
        )
    kinds = {type(column) for column in columns}
    if kinds != {str} and (kinds != {int} or min(columns) < 0 or format == "jsonl"):
        raise ValueError(
            "The columns must be all names, or (TSV and CSV without a header) all numbers from 0; "
            f"got {columns} for {format}."
        )
    if quoted is not None and not isinstance(quoted, bool):
        raise ValueError(f"`quoted` must be True, False or None; got {quoted!r}.")
    if delimiter is not None and (
        not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n'
    ):
        raise ValueError(
            "`delimiter` must be one character, neither a quote nor a line break; got "
            f"{delimiter!r}."
        )
    if format == "jsonl":
        if delimiter is not None or quoted is not None:
            raise ValueError(f"{path}: JSONL has neither a `delimiter` nor `quoted` fields.")
        return jsonl_pairs(path, columns, references)
    if references is not None:
        raise ValueError(
            f"{path}: only JSONL has `references`, a list of texts in each object; got "
            f"{references!r:.80} for {format}."
        )
    return table_pairs(path, columns, delimiter=delimiter, quoted=quoted, tabs=format == "tsv")


def _parallel(source_path: Path, target_path: Path) -> Iterator[Pair | BadLine]:
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
        pair = as_pair((bare(source[1]), bare(target[1])), str(source_path), source[0])
        if isinstance(pair, BadLine) and " target" in pair.message:
            pair = pair._replace(path=str(target_path))
        yield pair
