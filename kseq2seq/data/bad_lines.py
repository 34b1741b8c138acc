"""Lines that give no pair: the reason for each, and how they are counted and reported."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from kseq2seq.data.pairs import SHOWN, Example, Pair
from kseq2seq.data.places import LineKey

Check = Callable[[Pair | Example], str | None]
_MOST_NAMES = 10
_LONGEST_NAME = 40  # characters


class BadLine(NamedTuple):
    """A line that gives no pair, and why.

    Args:
        path: the file.
        line: number of the line, from 1; of its first line where an entry spans several.
        message: the reason.
        lines: how many lines are left out with it, itself included.

    Example:
        >>> str(BadLine("corpus.tsv", 3, "1 field, expected 2"))
        'corpus.tsv:3: 1 field, expected 2'
    """

    path: str
    line: int
    message: str
    lines: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


OnError = Literal["report", "raise"] | Callable[[BadLine], object]


def as_pair(values: Sequence[str], path: str, line: int, lines: int = 1) -> Pair | BadLine:
    """Returns the pair of the texts of a line, or a `BadLine` that says why they are none.

    The key of the pair knows the line; see `place_of`.

    Args:
        values: a source, a target and, optionally, a key.
        path: the file they come from.
        line: number of their line.
        lines: how many lines they span.

    Example:
        >>> as_pair(["hello", "안녕"], "corpus.tsv", 2)
        Pair(source='hello', target='안녕', key='hello')
        >>> print(as_pair(["hello", " "], "corpus.tsv", 3))
        corpus.tsv:3: empty target
    """
    for role, value in zip(("source", "target", "key"), values, strict=False):
        if not value or value.isspace():
            return BadLine(path, line, f"empty {role}", lines)
        if "\0" in value:
            return BadLine(path, line, f"the {role} holds a NUL character", lines)
    key = LineKey(values[2] if len(values) > 2 else values[0], path, line, lines)
    return Pair(values[0], values[1], key)


def usable(
    rows: Iterator[Pair | Example | BadLine],
    name: str,
    on_error: OnError,
    check: Check | None = None,
) -> Iterator[Pair | Example]:
    """Yields the pairs among rows; bad lines are counted and reported as `read_pairs` describes.

    Args:
        rows: pairs, whose keys know their lines, and bad lines.
        name: the file or files, for messages.
        on_error: "report", "raise" or a function.
        check: pair -> what is wrong with it, or None.

    Raises:
        ValueError: at a bad line if `on_error` is "raise", and if there is no pair.
    """
    kept = skipped = lines = 0
    first: list[BadLine] = []
    try:
        for row in rows:
            if check is not None and not isinstance(row, BadLine) and (wrong := check(row)):
                assert isinstance(row.key, LineKey)
                row = BadLine(row.key.path, row.key.line, wrong, row.key.lines)
            if isinstance(row, Pair | Example):
                kept += 1
                yield row
                continue
            if on_error == "raise":
                raise ValueError(str(row))
            skipped += 1
            lines += row.lines
            first += [row] if skipped <= SHOWN else []
            if callable(on_error):
                on_error(row)
    finally:
        if skipped and not callable(on_error):
            shown = "".join(f"\n  {bad}" for bad in first)
            more = f"\n  and {skipped - SHOWN} more" if skipped > SHOWN else ""
            of_lines = f", {lines:,} lines" if lines != skipped else ""
            warnings.warn(
                f"{name}: {skipped} of {kept + skipped} entries left out{of_lines}{shown}{more}\n"
                "Correct these lines, or remove them.",
                stacklevel=1,
            )
    if not kept:
        why = (
            f"all {skipped} entries were left out; the first: {first[0]}"
            if first
            else "it is empty"
        )
        raise ValueError(f"{name}: no usable pair; {why}")


def shown_names(names: Sequence[str]) -> str:
    """Returns a list of names for a message, with at most ten of them, each cut to 40 characters.

    Args:
        names: the fields of a header, or the keys of an object.

    Example:
        >>> from kseq2seq.data.bad_lines import shown_names
        >>> shown_names(["source", "target"])
        "['source', 'target']"
        >>> shown_names(["n"] * 1000)[-23:]
        "'n', 'n', ... 990 more]"
    """
    parts = [
        repr(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 3] + "...")
        for name in names[:_MOST_NAMES]
    ]
    more = [f"... {len(names) - _MOST_NAMES:,} more"] if len(names) > _MOST_NAMES else []
    return f"[{', '.join(parts + more)}]"
