"""Examples written to a file from which they are read back unchanged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from kseq2seq.data.bad_lines import BadLine, as_pair
from kseq2seq.data.jsonl import json_line
from kseq2seq.data.pairs import SURROGATE, Example, Pair
from kseq2seq.data.readers import format_of, read_pairs
from kseq2seq.disk import whole_file
from kseq2seq.disk.lines import SUFFIXES

_FIELDS = ("source", "target", "key")


def write_examples(path: str | os.PathLike[str], examples: Iterable[Pair | Example]) -> int:
    r"""Writes examples to a JSONL or TSV file, which `read_examples` reads back as they were.

    The file appears under its name only when it is complete.

    Args:
        path: the file to write, or to replace. JSONL holds any text, and references; the fields of
            TSV hold neither tabs nor line breaks.
        examples: consumed one at a time. A source is a text or the path of a file.

    Returns:
        How many were written.

    Raises:
        ValueError: the name ends in neither .jsonl, .ndjson nor .tsv; a text is empty, holds a NUL
            character or half of a surrogate pair, or can't be held by a TSV file; there are no
            examples. The message has the number of the example, from 0.
        TypeError: an item is not an example of texts and paths.

    Example:
        >>> import tempfile
        >>> from kseq2seq.data import Pair, read_examples, write_examples
        >>> path = Path(tempfile.mkdtemp(), "corpus.jsonl")
        >>> write_examples(path, [Pair("두\n줄", "two\nlines", "1")])
        1
        >>> list(read_examples(path))
        [Pair(source='두\n줄', target='two\nlines', key='1')]
    """
    path = Path(path)
    format = format_of(path)
    if format not in ("jsonl", "tsv") or path.suffix in SUFFIXES:
        raise ValueError(f"{path}: the name must end in .jsonl or .tsv.")
    count, quotes = 0, False
    with whole_file(path) as partial:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            if format == "tsv":
                file.write("\t".join(_FIELDS) + "\n")
            for count, example in enumerate(_texts(examples), 1):
                line = _line(example, format, path, count - 1)
                quotes |= '"' in line
                file.write(line)
        if not count:
            raise ValueError(f"{path}: no examples to write.")
        if format == "tsv" and quotes:
            _check_quotes(partial, path)
    return count


def read_examples(path: str | os.PathLike[str]) -> Iterator[Pair | Example]:
    """Streams what `write_examples` wrote.

    Args:
        path: a JSONL or TSV file with "source", "target" and "key", and "references" where there
            are some.

    Raises:
        ValueError: a line gives no example; see `read_pairs`.
    """
    path = Path(path)
    references = "references" if format_of(path) == "jsonl" else None
    return read_pairs(path, key="key", references=references, on_error="raise")


def _texts(examples: Iterable[Pair | Example]) -> Iterator[Example]:
    if isinstance(examples, str | bytes) or not isinstance(examples, Iterable):
        raise TypeError(f"`examples` must be examples; got {type(examples).__name__}.")
    for number, example in enumerate(examples):
        if not isinstance(example, Pair | Example):
            raise TypeError(
                f"`examples` must hold examples only; number {number} is "
                f"{type(example).__name__} {example!r:.80}. `pairs_from` makes some of tuples."
            )
        source: Any = example.source
        source = os.fspath(source) if isinstance(source, os.PathLike) else source
        fields = [source, example.target, example.key, *example.references]
        if not all(isinstance(text, str) for text in fields):
            raise TypeError(
                f"A file holds texts and paths only; example {number} is {example!r:.200}. "
                "`Corpus.write(examples, source=source)` keeps sources of other kinds."
            )
        pair = as_pair(fields[:3], "", 0)
        if isinstance(pair, BadLine):
            raise ValueError(f"example {number}: {pair.message}, in {example!r:.200}")
        if SURROGATE.search("".join(fields)):
            raise ValueError(
                f"example {number}: half of a surrogate pair, which no text can hold, in "
                f"{example!r:.200}"
            )
        yield Example(source, example.target, example.key, tuple(example.references))


def _line(example: Example, format: str, path: Path, number: int) -> str:
    fields = dict(zip(_FIELDS, example, strict=False))
    if format == "jsonl":
        references = {"references": list(example.references)} if example.references else {}
        return json_line({**fields, **references})
    if example.references or any(mark in text for text in fields.values() for mark in "\t\n\r"):
        wrong = "has references" if example.references else "holds a tab or a line break"
        raise ValueError(
            f"{path}: example {number} {wrong}, which TSV can't hold: {example!r:.200}. Name a "
            ".jsonl file."
        )
    return "\t".join(fields.values()) + "\n"


def _check_quotes(partial: Path, path: Path) -> None:
    """Refuses texts whose quotes would be read as those that a table puts around fields."""
    with partial.open(encoding="utf-8", newline="\n") as lines:
        next(lines)
        again = read_pairs(partial, format="tsv", key="key", on_error=lambda bad: None)
        for line, pair in zip_longest(lines, again):
            if line is None or pair is None or line != "\t".join(pair[:3]) + "\n":
                raise ValueError(
                    f"{path}: quotes of these texts would be read as those around the fields of a "
                    f"table, for example in {line!r:.200}. Name a .jsonl file."
                )
