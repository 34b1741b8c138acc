"""Several corpora as one, in which small ones count more than their share."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import TypeVar

from kseq2seq.checks import check_number
from kseq2seq.contracts import Source
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.pairs import Example, Packed, Pair

Part = Corpus | Iterable[Pair | Example | Packed]
Item = TypeVar("Item")


def mixed(
    parts: Mapping[str, Part],
    *,
    temperature: float = 1.0,
    times: Mapping[str, float] | None = None,
    source: Source | None = None,
) -> Corpus:
    r"""Writes several corpora into one, evenly interleaved, and weighs their pairs for training.

    An epoch of training holds a pair of the corpus i, on average, as often as

    .. math:: t_i = \frac{p_i N}{n_i}, \quad p_i \propto n_i^{1/T}, \quad N = \sum_i n_i

    so an epoch stays as long as the corpora together. Which pairs of a corpus with a fraction come
    once more, or not at all, is drawn anew each epoch from the seed of the batches; saved positions
    hold. Weights are of training alone: a `survey`, `eval_batches` and iteration have each pair
    once. Every stretch of the file has the corpora in proportion, so that neither blocks of
    shuffling nor the first pairs of a held-out corpus are of one alone.

    Args:
        parts: names and corpora, or pairs.
        temperature: T, at least 1. 1 leaves all as they are; the larger, the more small corpora
            count; at infinity all count the same.
        times: in place of a temperature, for each name how often an epoch holds its pairs. Leave
            out a corpus that is not to be trained on.
        source: reads and packs sources other than texts; see `Corpus.write`.

    Returns:
        A corpus, to train on as on any other.

    Raises:
        TypeError: if a part holds anything but pairs; it is named, as in the next.
        ValueError: if there is no part, one is empty or can't be read, their sources are of
            different kinds, a weight is not a number above 0, or there are `times` and a
            temperature.

    Example:
        >>> from kseq2seq.data import Pair, mixed
        >>> large = [Pair(f"a {n}", "A", str(n)) for n in range(6)]
        >>> small = [Pair(f"b {n}", "B", str(n)) for n in range(2)]
        >>> corpus = mixed({"large": large, "small": small}, temperature=float("inf"))
        >>> len(corpus), "".join(pair.target for pair in corpus)
        (8, 'AABAAABA')
        >>> {packed.target: round(packed.times, 2) for packed in corpus.packed()}
        {'A': 0.67, 'B': 2.0}

    Source:
        Arivazhagan et al. 2019, "Massively Multilingual Neural Machine Translation in the Wild",
        section 4.2, where T = 5 is best.
    """
    if not parts:
        raise ValueError("`parts` must hold at least one corpus; got none.")
    if times is not None and temperature != 1:
        raise ValueError(
            f"`times` stand in place of a `temperature`; got both, {temperature!r:.80} the latter. "
            "Leave one out."
        )
    corpora = {name: _written(name, part, source) for name, part in parts.items()}
    _check_kinds(corpora)
    sizes = {name: len(corpus) for name, corpus in corpora.items()}
    weights = times_of(sizes, temperature) if times is None else _checked(times, sizes)
    mixture = Corpus.write(_interleaved(corpora, weights))
    mixture.source = next((c.source for c in corpora.values() if c.source is not None), None)
    return mixture


def times_of(sizes: Mapping[str, int], temperature: float) -> dict[str, float]:
    """Returns how often an epoch holds the pairs of each corpus; see `mixed`.

    Args:
        sizes: names and numbers of pairs.
        temperature: at least 1; may be infinite.

    Raises:
        ValueError: for a lower temperature.

    Example:
        >>> from kseq2seq.data.mixture import times_of
        >>> {name: round(t, 2) for name, t in times_of({"fr": 8000, "ko": 1000}, 3).items()}
        {'fr': 0.75, 'ko': 3.0}
    """
    if temperature != inf:
        temperature = check_number("temperature", temperature, 1)
    shares = {name: size ** (1 / temperature) for name, size in sizes.items()}
    pairs, whole = sum(sizes.values()), sum(shares.values())
    return {name: shares[name] / whole * pairs / size for name, size in sizes.items()}


def _checked(times: Mapping[str, float], sizes: Mapping[str, int]) -> dict[str, float]:
    if set(times) != set(sizes):
        raise ValueError(
            f"`times` must have a number for each of {', '.join(sizes)}; got {', '.join(times)}."
        )
    return {name: check_number(f"times[{name!r}]", times[name], above=True) for name in sizes}


def _written(name: str, part: Part, source: Source | None) -> Corpus:
    """A part as a corpus; errors name it."""
    try:
        corpus = part if isinstance(part, Corpus) else Corpus.write(part, source=source)
    except (ValueError, TypeError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(f"Corpus {name!r}: {error}") from error
    if not len(corpus):
        raise ValueError(f"Corpus {name!r} is empty. Leave it out.")
    return corpus


def _check_kinds(corpora: Mapping[str, Corpus]) -> None:
    """Refuses texts beside sources of another kind, which no source could read together."""
    kinds = {name: corpus.kind for name, corpus in corpora.items()}
    (first, kind), *others = kinds.items()
    for name, other in others:
        if other != kind:
            said = [f"packed by {one!r}" if one else "texts" for one in (kind, other)]
            raise ValueError(
                f"The sources of {first!r} are {said[0]}, those of {name!r} {said[1]}. Mix corpora "
                "of one kind of source."
            )


def _interleaved(corpora: Mapping[str, Corpus], weights: Mapping[str, float]) -> Iterator[Packed]:
    streams = {name: (corpus.packed(), len(corpus)) for name, corpus in corpora.items()}
    for name, packed in interleaved(streams):
        yield packed._replace(times=packed.times * weights[name])


def interleaved(
    streams: Mapping[str, tuple[Iterable[Item], int]],
) -> Iterator[tuple[str, Item]]:
    """Merges streams, so that every stretch has them in proportion, and keeps the order of each.

    Of a stream of n items the j-th, from 0, stands at (j + 1/2) / n.

    Args:
        streams: names, each with its items and their number.

    Returns:
        An iterator of names and items.

    Example:
        >>> from kseq2seq.data.mixture import interleaved
        >>> "".join(item for _, item in interleaved({"a": ("uvwxyz", 6), "b": ("12", 2)}))
        'uv1wxy2z'
    """

    def placed(number: int, items: Iterable[Item], count: int) -> Iterator[tuple[float, int, Item]]:
        for index, item in enumerate(items):
            yield (index + 0.5) / count, number, item

    names = list(streams)
    parts = [placed(number, *streams[name]) for number, name in enumerate(names)]
    for _, number, item in heapq.merge(*parts, key=lambda part: part[:2]):
        yield names[number], item
