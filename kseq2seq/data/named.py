"""Corpora by the names that recipes take, and their training, validation and test pairs."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from kseq2seq.contracts import Source
from kseq2seq.data.bad_lines import Check, OnError
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.debian import debian
from kseq2seq.data.pairs import Example, Packed, Pair, packed_examples
from kseq2seq.data.readers import FORMATS, format_of, read_pairs
from kseq2seq.data.sample import sample
from kseq2seq.data.shared import shared_pairs
from kseq2seq.data.split import SPLITS, Divide, split_of, unique
from kseq2seq.disk.lines import SUFFIXES

Known = Mapping[str, Callable[..., Iterable[Pair | Example]]]
_REFERENCES = "references"  # a key of JSONL


def _fields(language: str = "fr") -> Iterator[Pair]:
    return chain(sample(language), sample(language, fields=True))


TRANSLATIONS: Known = {"sample": sample, "debian": debian, "fields": _fields}


def named_pairs(
    name: str,
    columns: Sequence[str] = ("source", "target"),
    known: Known = TRANSLATIONS,
    *,
    check: Check | None = None,
    on_error: OnError = "report",
) -> Iterator[Pair | Example]:
    """Streams the pairs of a corpus, by its name.

    Args:
        name: a name of `known`, by default "sample" or "sample:LANGUAGE" (bundled),
            "fields:LANGUAGE" (the same, and texts with format fields) or "debian:LANGUAGE"
            (fetched); a TSV, CSV or JSONL file; or two parallel text files with
            a comma between.
        columns: the file's columns of sources, targets and, optionally, keys: names, or numbers
            from 0 for a file without a header. Further targets that count as right are read from
            the key "references" of a JSONL file, where a line has it.
        known: names and functions that return the pairs of these corpora; each is called with what
            follows the name and a colon, if anything does. A function of keywords alone, or of
            nothing, has no parts, and a name with one is refused.
        check: called with each pair of a file; see `read_pairs`.
        on_error: what happens to bad lines of files; see `read_pairs`.

    Returns:
        An iterator of pairs.

    Raises:
        ValueError: for an unknown language, or a file without pairs.
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
            "`columns` must be a list that names the source, the target and, optionally, the key "
            f"column, for example ['en', 'fr']; got {columns!r:.80}."
        )
    kind, colon, part = name.partition(":")
    if kind in known:
        if colon and not part:
            what = f"a language after the colon, for example '{kind}:fr'"
            what = what if known is TRANSLATIONS else "a part after the colon, or have no colon"
            raise ValueError(f"{name!r} must name {what}.")
        return iter(_read(known[kind], kind, part))
    paths = [name] if os.path.exists(name) else name.split(",")
    if len(paths) == 2:
        if list(columns) != ["source", "target"]:
            raise ValueError(f"{name}: two text files have no columns; got columns {columns!r}.")
        return read_pairs((paths[0], paths[1]), check=check, on_error=on_error)
    if Path(name).is_file() and format_of(Path(name)) is None:
        raise ValueError(
            f"{name}: the name of a file must end in {', '.join(sorted(FORMATS))}, and in "
            f"{', '.join(SUFFIXES)} after that if it is compressed; two parallel text files are "
            "named with a comma between."
        )
    more: dict[str, Any] = sides(columns)
    if format_of(Path(name)) == "jsonl" and _REFERENCES not in columns:
        more["references"] = _REFERENCES
    return read_pairs(name, check=check, on_error=on_error, **more)


def sides(columns: Sequence[str | int]) -> dict[str, Any]:
    """Returns columns as `read_pairs` takes them; a name of digits is the number of a column.

    Raises:
        ValueError: there are neither two nor three.

    Example:
        >>> sides(["path", "sentence"]), sides(["0", "2", "1"])
        ({'source': 'path', 'target': 'sentence'}, {'source': 0, 'target': 2, 'key': 1})
    """
    if len(columns) not in (2, 3):
        raise ValueError(
            "`columns` must name the source, the target and, optionally, the key column; got "
            f"{columns!r}."
        )
    numbered = (int(name) if str(name).isdigit() else name for name in columns)
    return dict(zip(("source", "target", "key"), numbered, strict=False))


def _read(reader: Callable[..., Iterable[Pair | Example]], name: str, part: str) -> Iterable[Any]:
    """Calls the reader of a corpus with the part that is asked for."""
    taken = inspect.signature(reader).parameters.values()
    parts = [
        each for each in taken if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    if part and not parts:
        raise ValueError(f"{name!r} has no parts; got {part!r}. Name it without a colon.")
    if part or (parts and parts[0].default is parts[0].empty):
        return reader(part)
    return reader()


def split_corpora(
    pairs: Iterable[Pair | Example | Packed],
    source: Source | None = None,
    errors: str = "raise",
    *,
    validation: int = 3,
    test: int = 3,
    divide: Divide | None = None,
) -> dict[str, Corpus]:
    """Splits one stream of pairs into training, validation and test corpora, repeats left out.

    Args:
        pairs: read once, one at a time.
        source: reads and packs sources other than texts, once; see `Corpus.write`.
        errors: "raise" or "skip"; see `Corpus.write`.
        validation: share of the keys held out for validation, in percent; 0 for no such corpus.
        test: the same for testing.
        divide: a key -> the name of its split, for example by `fold_of`, in place of the shares.

    Returns:
        {"train", "validation", "test"}: by default 94, 3 and 3 hundredths of the keys; see
        `split_of`.

    Raises:
        ValueError: if a split would be empty.

    Example:
        >>> from kseq2seq.data import Pair, split_corpora
        >>> corpora = split_corpora(Pair(str(n), str(n * n), str(n)) for n in range(1000))
        >>> {name: len(corpus) for name, corpus in corpora.items()}
        {'train': 944, 'validation': 24, 'test': 32}
    """
    shares = {"validation": validation, "test": test}
    wanted = ["train", *(split for split, share in shares.items() if share)]
    chosen: Divide = divide or partial(split_of, validation=validation, test=test)
    packed = unique(packed_examples(pairs, source, errors))
    with Corpus.write(packed, source=source) as whole:
        counts = dict.fromkeys(wanted, 0)
        for pair in whole.packed():
            counts[chosen(pair.key)] += 1
        empty = [split for split, count in counts.items() if not count]
        if empty:
            raise ValueError(
                f"{len(whole)} pairs leave nothing for {' and '.join(empty)}: a split takes "
                f"{' and '.join(dict.fromkeys(str(shares[split]) for split in wanted[1:]))} in 100 "
                "keys by their hash. Give some hundreds of pairs with different keys, or a file "
                "for each split."
            )
        return {
            split: Corpus.write(
                (pair for pair in whole.packed() if chosen(pair.key) == split), source=source
            )
            for split in wanted
        }


Pairs = str | os.PathLike[str] | Iterable[Pair | Example]


class OwnSplits(NamedTuple):
    """Three corpora, and how many pairs they have in common.

    Args:
        train: the training pairs, as they were given.
        validation: those to choose by.
        test: those to report on.
        leaks: (split, other) -> how many pairs of `split` are in `other` as well: the same source
            with the same target.
    """

    train: Corpus
    validation: Corpus
    test: Corpus
    leaks: dict[tuple[str, str], int]

    @property
    def corpora(self) -> dict[str, Corpus]:
        """The corpora by their names, as `split_corpora` gives them."""
        return {name: getattr(self, name) for name in SPLITS}

    def __str__(self) -> str:
        sizes = [f"{name:<11}{len(corpus):>12,}" for name, corpus in self.corpora.items()]
        leaks = [
            f"{count:,} of {len(getattr(self, split)):,} {split} pairs are in {other}, too"
            for (split, other), count in self.leaks.items()
            if count
        ]
        return "\n".join([*sizes, *leaks])


def own_splits(
    train: Pairs,
    validation: Pairs,
    test: Pairs,
    *,
    columns: Sequence[str] = ("source", "target"),
    source: Source | None = None,
    errors: str = "raise",
) -> OwnSplits:
    """Writes three sets of pairs as they are, and counts the pairs that two of them share.

    Args:
        train: a name, as `named_pairs` takes it, or pairs.
        validation: the same of other pairs.
        test: the same of others again.
        columns: of files, as `named_pairs` takes them.
        source: reads and packs sources other than texts; see `Corpus.write`.
        errors: "raise" or "skip"; see `Corpus.write`.

    Returns:
        The three corpora; print it for a report. A warning reports leaks: scores on pairs that a
        model was trained on are too good.

    Raises:
        ValueError: a set holds no pair.
        FileNotFoundError: a file is missing.

    Example:
        >>> from kseq2seq.data import own_splits, pairs_from
        >>> sets = [[("a", "A"), ("b", "B")], [("c", "C")], [("d", "D")]]
        >>> print(own_splits(*map(pairs_from, sets)))
        train                 2
        validation            1
        test                  1
    """
    corpora = {}
    for name, pairs in zip(SPLITS, (train, validation, test), strict=True):
        if isinstance(pairs, str | os.PathLike):
            pairs = named_pairs(os.fspath(pairs), columns)
        corpora[name] = Corpus.write(pairs, source=source, errors=errors)
    found = shared_pairs(corpora)
    leaks = {
        (split, other): found.get((other, split), 0)
        for split, other in (("test", "train"), ("validation", "train"), ("test", "validation"))
    }
    splits = OwnSplits(**corpora, leaks=leaks)
    if any(leaks.values()):
        report = str(splits).splitlines()[len(SPLITS) :]
        warnings.warn(
            f"{'; '.join(report)}: scores on them are too good. Remove them from the larger of the "
            "two.",
            stacklevel=2,
        )
    return splits
