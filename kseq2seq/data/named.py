"""Corpora by the names that recipes take on their command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kseq2seq.contracts import Source
from kseq2seq.data.debian import debian
from kseq2seq.data.examples import packed_examples
from kseq2seq.data.opening import SUFFIXES
from kseq2seq.data.pairs import Example, Pair
from kseq2seq.data.readers import FORMATS, format_of, read_pairs
from kseq2seq.data.records import Corpus
from kseq2seq.data.sample import sample
from kseq2seq.data.split import SPLITS, select, split_of, unique


def named_pairs(
    name: str, columns: Sequence[str] = ("source", "target")
) -> Iterator[Pair | Example]:
    """Streams the pairs that a name stands for.

    Args:
        name: "sample" or "sample:LANGUAGE" (bundled), "debian:LANGUAGE" (fetched), a TSV, CSV or
            JSONL file, or two parallel text files with a comma between.
        columns: the file's columns of sources, targets and, if there is a third, keys. Numbers,
            from 0, stand for the columns of a file without a header.

    Returns:
        An iterator of pairs.

    Raises:
        ValueError: for a language there is not, or a file that gives no pairs.
        FileNotFoundError: if there is no such file.

    Example:
        >>> from kseq2seq.data import named_pairs
        >>> next(named_pairs("sample:de")).source != ""
        True
    """
    if not isinstance(name, str) or not name:
        raise ValueError(f"The name of a corpus must be a string, not empty; got {name!r:.80}.")
    if isinstance(columns, str) or not all(isinstance(column, str) for column in columns):
        raise ValueError(
            "`columns` must be a list of the names of source, target and perhaps key, for "
            f"example ['en', 'fr']; got {columns!r:.80}."
        )
    kind, colon, language = name.partition(":")
    if kind in ("sample", "debian") and colon and not language:
        raise ValueError(f"{name!r} must name a language after the colon, for example '{kind}:fr'.")
    if kind == "sample":
        return sample(language or "fr")
    if kind == "debian":
        return debian(language or "fr")
    paths = [name] if os.path.exists(name) else name.split(",")
    if len(paths) == 2:
        if list(columns) != ["source", "target"]:
            raise ValueError(f"{name}: two text files have no columns; got columns {columns!r}.")
        return read_pairs((paths[0], paths[1]))
    if Path(name).is_file() and format_of(Path(name)) is None:
        raise ValueError(
            f"{name}: the name of a file must end in {', '.join(sorted(FORMATS))}, and in "
            f"{', '.join(SUFFIXES)} after that if it is packed; two parallel text files are named "
            "with a comma between."
        )
    if len(columns) not in (2, 3):
        raise ValueError(
            "`columns` must name the source, the target and, optionally, the key column; got "
            f"{columns!r}."
        )
    source, target, *key = (int(name) if name.isdigit() else name for name in columns)
    return read_pairs(name, source=source, target=target, key=key[0] if key else None)


def split_corpora(
    pairs: Iterable[Pair | Example], source: Source | None = None, errors: str = "raise"
) -> dict[str, Corpus]:
    """Writes the training, validation and test pairs of one stream, repeats left out.

    Args:
        pairs: read once, one at a time.
        source: reads and packs sources that are no texts, once; see `Corpus.write`.
        errors: "raise" or "skip"; see `Corpus.write`.

    Returns:
        {"train", "validation", "test"}: 94, 3 and 3 hundredths of the keys; see `split_of`.

    Raises:
        ValueError: if a split would be empty.

    Example:
        >>> from kseq2seq.data import Pair, split_corpora
        >>> corpora = split_corpora(Pair(str(n), str(n * n), str(n)) for n in range(1000))
        >>> {name: len(corpus) for name, corpus in corpora.items()}
        {'train': 944, 'validation': 24, 'test': 32}
    """
    packed = unique(packed_examples(pairs, source, errors))
    with Corpus.write(packed, source=source) as whole:
        counts = dict.fromkeys(SPLITS, 0)
        for pair in whole.packed():
            counts[split_of(pair.key)] += 1
        empty = [split for split, count in counts.items() if not count]
        if empty:
            raise ValueError(
                f"{len(whole)} pairs leave nothing for {' and '.join(empty)}: a split takes 3 in "
                "100 keys by their hash. Give some hundreds of pairs with different keys."
            )
        return {
            split: Corpus.write(select(whole.packed(), split), source=source) for split in SPLITS
        }
