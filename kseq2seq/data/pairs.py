"""One example of a corpus with the key that decides its split, and how examples are kept."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, BinaryIO, NamedTuple

import numpy as np

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

    @property
    def references(self) -> tuple[str, ...]:
        """None beside the target; see `Example`."""
        return ()


class Example(NamedTuple):
    """A source of any kind, the target it should become, and what the two come from.

    It goes wherever a `Pair` goes, which is the example whose source is a text.

    Args:
        source: what `Source.read` takes: a text, the path of a file, an array.
        target: the text a model should return; labels have spaces between them.
        key: the origin that decides the split.
        references: targets that count as right too when a model is scored; see `answers`.

    Example:
        >>> from kseq2seq.data import Example
        >>> from kseq2seq.data.pairs import answers
        >>> example = Example("clips/1.wav", "turn left", "speaker 1", ("turn left", "go left"))
        >>> answers(example)
        ('turn left', 'go left')
    """

    source: Any
    target: str
    key: str
    references: tuple[str, ...] = ()


def answers(example: Pair | Example) -> tuple[str, ...]:
    """Returns all targets that count as right, each once, the one to train on first.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.data.pairs import answers
        >>> answers(Pair("Good morning.", "Bonjour.", key="greetings"))
        ('Bonjour.',)
    """
    return tuple(dict.fromkeys((example.target, *example.references)))


def digest(source: Any, target: str) -> bytes:
    """Returns 16 bytes that tell a source with its target from all others.

    Args:
        source: a text, bytes, a path or an array; anything else is told by its `repr`.
        target: a text.

    Example:
        >>> from kseq2seq.data.pairs import digest
        >>> digest("ab", "c") == digest("a", "bc"), digest("a", "b") == digest("a", "b")
        (False, True)
    """
    kind = ""
    if isinstance(source, np.ndarray):
        kind, content = f"{source.dtype.str} {source.shape}", source.tobytes()
    elif isinstance(source, bytes):
        kind, content = "bytes", source
    elif isinstance(source, str | os.PathLike):
        content = os.fsencode(source)
    else:
        kind, content = type(source).__name__, repr(source).encode()
    head = f"{kind} {len(content)} ".encode()
    return blake2b(head + content + target.encode(), digest_size=16).digest()


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
