"""Keys that know the file and the line that their examples were read from."""

from __future__ import annotations

from typing import Any


class LineKey(str):
    """The key of an example of a file: a text that also says where the example stands.

    Args:
        text: the key.
        path: the file.
        line: number of the line, from 1; of its first line where an example spans several.
        lines: how many lines it spans.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.data.places import LineKey, place_of
        >>> pair = Pair("hello", "안녕", LineKey("greetings", "corpus.tsv", 3))
        >>> pair.key, place_of(pair), place_of(pair._replace(target="여보세요"))
        ('greetings', 'corpus.tsv:3', 'corpus.tsv:3')
    """

    __slots__ = ("line", "lines", "path")
    path: str
    line: int
    lines: int

    def __new__(cls, text: str, path: str, line: int, lines: int = 1) -> LineKey:
        """See the class."""
        self = super().__new__(cls, text)
        self.path, self.line, self.lines = path, line, lines
        return self

    def __getnewargs__(self) -> Any:
        return str(self), self.path, self.line, self.lines


def keyed(example: Any, key: str) -> Any:
    """Returns an example with another key, which knows the same line.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.data.places import LineKey, keyed, place_of
        >>> pair = keyed(Pair("hello", "안녕", LineKey("hello", "corpus.tsv", 3)), "greetings")
        >>> pair.key, place_of(pair)
        ('greetings', 'corpus.tsv:3')
    """
    old = example.key
    if isinstance(old, LineKey):
        key = LineKey(key, old.path, old.line, old.lines)
    return example._replace(key=key)


def place_of(example: Any) -> str:
    """Returns the file and the line of an example, "" where its key does not know them.

    Args:
        example: a `Pair` or an `Example`. One that a corpus gives back has an ordinary key.
    """
    key = example.key
    return f"{key.path}:{key.line}" if isinstance(key, LineKey) else ""
