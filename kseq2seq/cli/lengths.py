"""Lengths of examples: which ones a model can read, and what happens to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from kseq2seq.checks import shown
from kseq2seq.cli.report import as_text

PlacesOf = Callable[[str, Sequence[Any]], list[str]]
_TOGETHER = 1000
_NAMED = 3
_LOOKED_AT = 100_000  # training examples among which the first too long ones are named


def source_lengths(source: Any, raws: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the lengths of raw inputs in the source's units, and whether each is empty, (N,).

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TextSource
        >>> lengths, empty = source_lengths(TextSource(ByteTokenizer(), 8), ["hi", ""])
        >>> lengths.tolist(), empty.tolist()
        ([3, 1], [False, True])
    """
    lengths, empty = [np.zeros(0, int)], [np.zeros(0, bool)]
    for part in _parts(raws):
        batch = source.batch(part)
        of_part = source.lengths(batch)
        lengths.append(of_part.numpy())
        empty.append(source.empty(batch, of_part).numpy())
    return np.concatenate(lengths), np.concatenate(empty)


def unreadable(source: Any, raws: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Returns bool (N,), the raw inputs that are too long for a source, and bool (N,), empty ones.

    With `source.too_long` "cut" none is too long; with "split" those with too long parts are.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TextSource
        >>> source = TextSource(ByteTokenizer(), 8)
        >>> source.too_long = "split"
        >>> long, _ = unreadable(source, ["One. Two. Six.", "One. Seventeen."])
        >>> long.tolist()
        [False, True]
    """
    lengths, empty = source_lengths(source, raws)
    too_long = lengths > source.max_length
    if source.too_long == "cut":
        too_long[:] = False
    elif source.too_long == "split":
        for index in np.flatnonzero(too_long).tolist():
            of_parts, _ = source_lengths(source, source.split(raws[index]))
            too_long[index] = not len(of_parts) or (of_parts > source.max_length).any()
    return too_long, empty


def refuse_too_long(
    source: Any,
    target: Any,
    corpora: Mapping[str, Iterable[Any]],
    places: PlacesOf | None = None,
) -> None:
    """Refuses corpora with an example that is too long, as `--too-long error` asks.

    Args:
        source: of a pipeline.
        target: of a pipeline.
        corpora: by the names of splits.
        places: (split, examples) -> where each stands, as `Places.of` returns it.

    Raises:
        ValueError: if some are too long; the message counts them by split and shows the first ones.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> from kseq2seq.data import Pair
        >>> sides = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> refuse_too_long(*sides, {"test": [Pair("short", "x", "1"), Pair("too long", "y", "2")]})
        Traceback (most recent call last):
        ValueError: 1 of 2 test pairs have more than 8 source tokens or 8 target tokens: 'too long'
        -> 'y' (9 and 2). Raise `max_length`, split them, or choose another `too_long`.
    """
    counts = []
    for split, pairs in corpora.items():
        total, count = 0, 0
        first: list[tuple[Any, int, int]] = []
        for part in _parts(pairs):
            long = _too_long(source, target, part)
            total, count = total + len(part), count + len(long)
            first += long[: _NAMED - len(first)]
        if count:
            shown_pairs = [pair for pair, _, _ in first]
            where = places(split, shown_pairs) if places else [""] * len(first)
            named = "; ".join(
                f"{place}{_named(pair.source)} -> {shown(pair.target)} ({reads} and {writes})"
                for place, (pair, reads, writes) in zip(where, first, strict=True)
            )
            more = " and others" * (count > len(first))
            counts.append(
                f"{count:,} of {total:,} {split} pairs have more than {source.max_length} source "
                f"{source.unit} or {target.max_length} target tokens: {named}{more}."
            )
    if counts:
        advice = "Raise `max_length`, split them, or choose another `too_long`."
        raise ValueError(" ".join([*counts, advice]))


def first_too_long(source: Any, target: Any, corpus: Iterable[Any], places: PlacesOf) -> str:
    """Returns where the first training examples stand that are too long, in a file of a user's.

    Args:
        source: of a pipeline.
        target: of a pipeline.
        corpus: of which the first 100,000 are looked at.
        places: (split, examples) -> where each stands, as `Places.of` returns it.

    Returns:
        For example "The first too long ones: my.tsv:7, my.tsv:9."; "" if no place is known.
    """
    first: list[Any] = []
    for part in _parts(islice(corpus, _LOOKED_AT)):
        first += [
            pair
            for pair, _, writes in _too_long(source, target, part)
            if source.too_long != "cut" or writes > target.max_length
        ]
        if len(first) >= _NAMED:
            break
    return _placed(places("train", first[:_NAMED]))


def _placed(places: Sequence[str]) -> str:
    known = [place.removesuffix(": ") for place in places if place]
    return f"The first too long ones: {', '.join(known)}." if known else ""


def _too_long(source: Any, target: Any, pairs: Sequence[Any]) -> list[tuple[Any, int, int]]:
    """Returns pairs that are too long, each with the lengths of its source and of its target."""
    of_sources, _ = source_lengths(source, [pair.source for pair in pairs])
    of_targets = target.lengths([pair.target for pair in pairs]).numpy()
    rows = zip(pairs, of_sources.tolist(), of_targets.tolist(), strict=True)
    return [row for row in rows if row[1] > source.max_length or row[2] > target.max_length]


def spread(items: Sequence[Any], most: int | None) -> list[Any]:
    """Returns at most so many items, evenly spread from the first on; all if None.

    Files often hold examples of one origin after those of another, so that the first of a file are
    of one alone.

    Example:
        >>> spread("abcdefgh", 3)
        ['a', 'c', 'f']
    """
    count = len(items) if most is None else min(most, len(items))
    return [items[index * len(items) // count] for index in range(count)]


def scorable(target: Any, pairs: Sequence[Any], most: int | None = None) -> list[Any]:
    """Returns pairs whose targets are not too long for a model to score, evenly spread.

    Args:
        target: of a pipeline.
        pairs: whose sources a model can read.
        most: how many to return at most; None returns all.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.text import ByteTokenizer, TextTarget
        >>> pairs = [Pair("1", "much too long", "1"), Pair("2", "short", "2")]
        >>> [pair.target for pair in scorable(TextTarget(ByteTokenizer(), 8), pairs)]
        ['short']
    """
    lengths = target.lengths([pair.target for pair in pairs]).numpy().tolist()
    rows = zip(pairs, lengths, strict=True)
    return spread([pair for pair, length in rows if length <= target.max_length], most)


def _named(raw: Any) -> str:
    """Returns a raw input as a message names it, of an array its shape."""
    return as_text(raw) if hasattr(raw, "shape") else shown(raw)


def _parts(items: Iterable[Any]) -> Iterator[list[Any]]:
    waiting = iter(items)
    while part := list(islice(waiting, _TOGETHER)):
        yield part


def held_out(
    source: Any,
    pairs: Iterable[Any],
    what: str,
    limit: int | None = None,
    places: PlacesOf | None = None,
) -> list[Any]:
    """Returns the pairs whose sources a model can read, and prints how many are left out.

    With `source.too_long` "cut", too long ones can be read, and it prints how many are cut; with
    "split", those whose parts are short enough.

    Args:
        source: of a pipeline.
        pairs: held-out ones.
        what: the name of their split, for messages.
        limit: how many to return at most, evenly spread; None returns all.
        places: (split, examples) -> where each stands, as `Places.of` returns it; the first that
            are left out are named by it.

    Raises:
        ValueError: if none can be read.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.text import ByteTokenizer, TextSource
        >>> pairs = [Pair("much too long", "x", "1"), Pair("short", "y", "2")]
        >>> [pair.target for pair in held_out(TextSource(ByteTokenizer(), 8), pairs, "test")]
        Left out 1 of 2 test pairs, whose sources have more than 8 tokens.
        ['y']
    """
    pairs = list(pairs)
    longest, unit = source.max_length, source.unit
    raws = [pair.source for pair in pairs]
    too_long, empty = unreadable(source, raws)
    readable = [pair for pair, no in zip(pairs, empty | too_long, strict=True) if not no]
    if not readable:
        raise ValueError(
            f"none of the {len(pairs)} {what} pairs has a source of 1 to {longest} {unit}, so "
            "nothing could be scored; give more pairs, split long texts at the ends of their "
            "sentences, or raise max_length."
        )
    if too_long.any():
        first = [pairs[index] for index in np.flatnonzero(too_long)[:_NAMED].tolist()]
        named = _placed(places(what, first)) if places else ""
        print(
            f"Left out {too_long.sum()} of {len(pairs)} {what} pairs, whose sources have more than "
            f"{longest} {unit}.{' ' * bool(named)}{named}"
        )
    if source.too_long == "cut":
        cut = int((source_lengths(source, raws)[0] > longest).sum())
        if cut:
            print(f"Cut {cut} of {len(pairs)} {what} sources at {longest} {unit}.")
    return spread(readable, limit)
