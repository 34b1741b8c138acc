"""One example of a corpus with the key that decides its split, and how examples are kept."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

SURROGATE = re.compile("[\ud800-\udfff]")  # half of a character, which UTF-8 can't hold


class Pair(NamedTuple):
    """A source text, the target text it should become, and what the two come from.

    Pairs with one key always lie in one split, so the key names the origin (a source package, a
    conversation, a normalised source text) and never the example itself.

    Args:
        source: the text a model is given.
        target: the text a model should return.
        key: the origin that decides the split.

    Example:
        >>> from kseq2seq.data.pairs import Pair
        >>> Pair("Good morning.", "Bonjour.", key="greetings")
        Pair(source='Good morning.', target='Bonjour.', key='greetings')
    """

    source: str
    target: str
    key: str


def pack_pairs(pairs: Iterable[Pair], file: BinaryIO) -> None:
    """Write pairs as gzipped lines `source<TAB>target<TAB>key`; the same pairs, the same bytes.

    Args:
        pairs: what to write; read lazily.
        file: an open binary file; left open.

    Raises:
        ValueError: for a text with a tab or a line break in it.

    Example:
        >>> import io
        >>> from kseq2seq.data.pairs import Pair, unpack_pairs, pack_pairs
        >>> file = io.BytesIO()
        >>> pack_pairs([Pair("one", "un", "1")], file)
        >>> _ = file.seek(0)
        >>> list(unpack_pairs(file))
        [Pair(source='one', target='un', key='1')]
    """
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        for pair in pairs:
            line = "\t".join(pair)
            if line.count("\t") != 2 or "\n" in line or "\r" in line:
                raise ValueError(f"{pair}: a pair to be written has no tab and no line break in it")
            packed.write(line.encode() + b"\n")


def unpack_pairs(file: BinaryIO) -> Iterator[Pair]:
    """Yield the pairs that `pack_pairs` wrote.

    Args:
        file: an open binary file; read lazily and left open.

    Returns:
        A lazy iterator over the pairs.

    Raises:
        ValueError: at a line that has not three columns.
        gzip.BadGzipFile: where the file is not gzipped.
        EOFError: where the file is cut short.
    """
    with gzip.open(file, "rt", encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            columns = line.rstrip("\n").split("\t")
            if len(columns) != 3:
                raise ValueError(
                    f"line {number} has {len(columns)} columns: expected source, target and key"
                )
            yield Pair(*columns)
