"""Pairs kept as gzipped lines, and those bundled: English to French, German and Korean."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import BinaryIO

from kseq2seq.data.pairs import Pair

LANGUAGES = ("de", "fr", "ko")


def sample(language: str = "fr", fields: bool = False) -> Iterator[Pair]:
    """Reads the bundled English messages and their translations; nothing is fetched.

    Args:
        language: the target language: "de", "fr" or "ko".
        fields: in their place those that have format fields, which programs fill in, for example
            `%s` and `{name}`; a translation has the same ones.

    Returns:
        A lazy iterator of pairs whose key is the source in lower case without punctuation, spaces
        and format fields, so sources that differ by no more than that share a split.

    Raises:
        ValueError: for a language that is not bundled.

    Example:
        >>> from kseq2seq.data.sample import sample
        >>> pairs = {pair.source: pair.target for pair in sample("fr")}
        >>> pairs["Add a comment"]
        'Ajouter un commentaire'

    Source: message catalogs of BSD and MIT Python packages, listed in `samples/NOTICE.md`.
    """
    if language not in LANGUAGES:
        raise ValueError(
            f"`language` must be one of {', '.join(LANGUAGES)}, into which the bundled samples are "
            f"translated; got {language!r}. For another language pass a file of your own."
        )
    return bundled(f"{'fields' if fields else 'en'}-{language}.tsv.gz")


def bundled(name: str) -> Iterator[Pair]:
    """Yields the pairs of a file of `samples/`, of any task.

    Args:
        name: of the file.

    Example:
        >>> from kseq2seq.data.sample import bundled
        >>> next(bundled("en-ko.tsv.gz")).source != ""
        True
    """
    packed = resources.files("kseq2seq.data") / "samples" / name
    with packed.open("rb") as file:
        yield from unpack_pairs(file)  # type: ignore[arg-type]


def pack_pairs(pairs: Iterable[Pair], file: BinaryIO) -> None:
    """Writes pairs as gzipped lines `source<TAB>target<TAB>key`; the same pairs, the same bytes.

    Args:
        pairs: what to write; read lazily.
        file: an open binary file; left open.

    Raises:
        ValueError: for a text with a tab or a line break in it.

    Example:
        >>> import io
        >>> from kseq2seq.data.pairs import Pair
        >>> from kseq2seq.data.sample import pack_pairs, unpack_pairs
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
                raise ValueError(f"{pair}: a text with a tab or a line break can't be written.")
            packed.write(line.encode() + b"\n")


def unpack_pairs(file: BinaryIO) -> Iterator[Pair]:
    """Yields the pairs that `pack_pairs` wrote.

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
