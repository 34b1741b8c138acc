"""Descriptions of Debian packages and their synopses: a text, and what it says in a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kseq2seq.data.cache import folder_of, teller
from kseq2seq.data.debian import (
    all_stanzas,
    intact,
    keep,
    kept_pairs,
    release_dates,
    update_indexes,
)
from kseq2seq.data.debian_index import plain_text, words
from kseq2seq.data.pairs import Pair

_PART = re.compile(r"-(dev|doc|docs|dbg|data|common|tests?|examples?|headers)$")
_EMPTY = re.compile(r"\b(transition(al)?|dummy|empty) (dummy )?package\b", re.IGNORECASE)
_LEAST = 5  # words of a description


def synopses(
    *, cache: Path | None = None, progress: Callable[[str], None] | None = None
) -> Iterator[Pair]:
    """Returns descriptions of Debian packages with their synopses, fetched once and then kept.

    There is one pair for each source package: that of the binary package of the same name or, if
    there is none, of the first one that holds more than documentation, data or headers. Packages
    that exist for an upgrade alone and descriptions of fewer than 5 words are left out, and so is
    each description that an earlier source package has word for word.

    Args:
        cache: folder to keep everything in; `kseq2seq.data.cache.cache_folder()` where None.
        progress: called with one line at each step; prints to standard error where None.

    Returns:
        A lazy iterator of pairs, description (one line, without bullets) and synopsis, whose key is
        the source package.

    Raises:
        RuntimeError: where apt is missing or fails.

    Example:
        >>> from kseq2seq.corpora import synopses
        >>> next(synopses()).target  # doctest: +SKIP
        'Zero Install launcher'

    Source: the package descriptions of the machine's Debian release.
    """
    folder = folder_of(cache)
    tell = teller(progress)
    corpus = folder / "debian-synopses.tsv.gz"
    if not intact(corpus, tell):
        lists = folder / "apt" / "lists"
        update_indexes(lists, "en", tell)
        tell("choosing a description for each source package")
        stanzas = all_stanzas(lists, "Packages"), all_stanzas(lists, "Translation-en")
        keep(corpus, described(*stanzas), {"indexes": release_dates(lists)}, tell)
    return kept_pairs(corpus)


def described(
    packages: Iterable[dict[str, str]], english: Iterable[dict[str, str]]
) -> Iterator[Pair]:
    r"""Yields a description and its synopsis for each source package, in their order.

    Args:
        packages: stanzas of the Packages indexes, for the source package of each package.
        english: stanzas of the Translation-en indexes.

    Example:
        >>> from kseq2seq.corpora.synopses import described
        >>> english = {"Package": "zsh", "Description-en": "a shell\nIt has six\n * fine features."}
        >>> list(described([{"Package": "zsh"}], [english]))
        [Pair(source='It has six fine features.', target='a shell', key='zsh')]
    """
    sources = {
        stanza["Package"]: stanza.get("Source", stanza["Package"]).split()[0] for stanza in packages
    }
    chosen: dict[str, tuple[tuple, str]] = {}
    for stanza in english:
        package = stanza["Package"]
        source, text = sources.get(package), stanza.get("Description-en", "")
        if source is None or "\n" not in text:
            continue
        rank = (package != source, bool(_PART.search(package)), package)
        if source not in chosen or rank < chosen[source][0]:
            chosen[source] = rank, text
    seen = set()
    for source, (_, text) in sorted(chosen.items()):
        synopsis, _, body = text.partition("\n")
        pair = Pair(plain_text(body), " ".join(synopsis.split()), source)
        if _usable(pair) and pair.source not in seen:
            seen.add(pair.source)
            yield pair


def _usable(pair: Pair) -> bool:
    long_enough = words(pair.source) >= _LEAST and 2 <= words(pair.target) <= 25
    return long_enough and not any(map(_EMPTY.search, pair[:2]))
