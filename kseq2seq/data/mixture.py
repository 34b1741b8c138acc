"""Several corpora as one, in which small ones count more than their share."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from kseq2seq.contracts import Source
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.pairs import Example, Packed, Pair

Part = Corpus | Iterable[Pair | Example | Packed]


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
        times: in place of a temperature, for each name how often an epoch holds its pairs.
        source: reads and packs sources other than texts; see `Corpus.write`.

    Returns:
        A corpus, to train on as on any other. Its weights are lost where its file is opened again
        by `Corpus(path, count)`.

    Raises:
        ValueError: if there is no part, one is empty, or a weight is not a number above 0.

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
    corpora = {name: _written(part, source) for name, part in parts.items()}
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
    if isinstance(temperature, bool) or not isinstance(temperature, int | float):
        raise ValueError(f"`temperature` must be a number; got {temperature!r:.80}.")
    if not temperature >= 1:
        raise ValueError(
            f"`temperature` must be at least 1, which leaves corpora as they are; got "
            f"{temperature}. Raise it, or give `times`."
        )
    shares = {name: size ** (1 / temperature) for name, size in sizes.items()}
    pairs, whole = sum(sizes.values()), sum(shares.values())
    return {name: shares[name] / whole * pairs / size for name, size in sizes.items()}


def _checked(times: Mapping[str, float], sizes: Mapping[str, int]) -> dict[str, float]:
    if set(times) != set(sizes):
        raise ValueError(
            f"`times` must have a number for each of {', '.join(sizes)}; got {', '.join(times)}."
        )
    bad = [name for name, number in times.items() if not (isfinite(number) and number > 0)]
    if bad:
        raise ValueError(
            f"`times` must be numbers above 0; got {times[bad[0]]!r} for {bad[0]!r}. Leave out "
            "a corpus that is not to be trained on."
        )
    return {name: float(times[name]) for name in sizes}


def _written(part: Part, source: Source | None) -> Corpus:
    return part if isinstance(part, Corpus) else Corpus.write(part, source=source)


def _interleaved(corpora: Mapping[str, Corpus], weights: Mapping[str, float]) -> Iterator[Packed]:
    """Merges corpora of n pairs each, the j-th of which stands at (j + 1/2) / n."""

    def placed(number: int, name: str) -> Iterator[tuple[float, int, Any]]:
        count = len(corpora[name])
        for index, packed in enumerate(corpora[name].packed()):
            yield (index + 0.5) / count, number, packed

    streams = [placed(number, name) for number, name in enumerate(corpora)]
    names = list(corpora)
    for _, number, packed in heapq.merge(*streams, key=lambda item: item[:2]):
        yield packed._replace(times=packed.times * weights[names[number]])
