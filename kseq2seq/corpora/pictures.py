"""Pictures of a user's own: a table of paths, and what is said of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kseq2seq.data import Example, named_pairs


def pictures(path: str | Path, columns: Sequence[str]) -> Iterator[Example]:
    r"""Streams the pictures that a table lists.

    Args:
        path: of a TSV, CSV or JSONL file; paths in it are relative to its folder, or absolute.
        columns: path, text and, optionally, key; see `named_pairs`.

    Returns:
        An iterator of examples of the path of a picture and its text. The key of a picture is its
        path, so that all texts of one stay in a split.

    Raises:
        ValueError: see `named_pairs`.

    Example:
        >>> import tempfile
        >>> table = Path(tempfile.mkdtemp(), "my.tsv")
        >>> _ = table.write_text("path\tcaption\nphotos/1.png\ta dog\n")
        >>> example = next(pictures(table, ["path", "caption"]))
        >>> Path(example.source).relative_to(table.parent).as_posix(), example.target
        ('photos/1.png', 'a dog')
    """
    folder = Path(path).parent
    for pair in named_pairs(str(path), columns, {}):
        yield Example(str(folder / pair.source), pair.target, pair.key, pair.references)
