"""Pairs of several target languages, each source with a symbol that asks for its language."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence

from kseq2seq.data.corpus import Corpus
from kseq2seq.data.mixture import interleaved
from kseq2seq.data.named import TRANSLATIONS, Known, named_pairs
from kseq2seq.data.pairs import Example, Pair
from kseq2seq.data.places import keyed
from kseq2seq.text.languages import language_of, language_symbol

_COLUMN = "language"
_LANGUAGE_AND_NAME = re.compile(r"[A-Za-z][\w-]*=")


def translations(
    name: str,
    columns: Sequence[str] = ("source", "target"),
    known: Known = TRANSLATIONS,
) -> Iterator[Pair | Example]:
    """Streams the pairs of a corpus, by its name, of one target language or of several.

    Of several, each source begins with the symbol of its language, and the languages are evenly
    interleaved, for which each corpus is read twice. A key is that of the pair in its own corpus:
    it knows the line in a file, and where it is the source text, as in the bundled samples, a text
    is in the same split in all languages.

    Args:
        name: as for `named_pairs`; of several languages the name with "+" between them,
            "sample:fr+de+ko", or a language and a name for each, "fr=my-fr.tsv+de=debian:de".
        columns: as for `named_pairs`. If the third is called "language", it holds the language of
            each target, and the key is the source text.
        known: as for `named_pairs`.

    Returns:
        An iterator of pairs.

    Raises:
        ValueError: for an unknown language, one that is named twice, or a file without pairs.
        FileNotFoundError: if there is no such file.

    Example:
        >>> from kseq2seq.data import translations
        >>> pairs = translations("sample:fr+ko")
        >>> sorted({pair.source[:5] for pair in pairs})
        ['<2fr>', '<2ko>']
    """
    names = languages_named(name)
    if not names:
        if list(columns[2:]) == [_COLUMN]:
            yield from map(_asking, named_pairs(name, columns, known, check=_no_language))
        else:
            yield from named_pairs(name, columns, known)
        return

    def read(language: str) -> Iterator[Pair | Example]:
        return asking(language, named_pairs(names[language], columns, known))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # all are shown at the second reading
        sizes = {language: sum(1 for _ in read(language)) for language in names}
    if empty := [names[language] for language, size in sizes.items() if not size]:
        raise ValueError(f"{empty[0]} has no pair. Leave it out.")
    for _, pair in interleaved({language: (read(language), sizes[language]) for language in names}):
        yield pair


def languages_named(name: str) -> dict[str, str]:
    """Returns the languages in the name of a corpus and the name of each one's corpus.

    Args:
        name: as for `translations`; if it is that of one language, there are none.

    Raises:
        ValueError: if a language is named twice, or is no name of a language.

    Example:
        >>> from kseq2seq.data.languages import languages_named
        >>> languages_named("sample:fr+de")
        {'fr': 'sample:fr', 'de': 'sample:de'}
        >>> languages_named("fr=a.tsv+de=b.en,b.de")
        {'fr': 'a.tsv', 'de': 'b.en,b.de'}
        >>> languages_named("sample:fr")
        {}
    """
    if not isinstance(name, str) or os.path.exists(name):
        return {}
    kind, _, rest = name.partition(":")
    if _LANGUAGE_AND_NAME.match(name):
        parts = [part.partition("=")[::2] for part in name.split("+")]
    elif "+" in rest:
        parts = [(part, f"{kind}:{part}") for part in rest.split("+")]
    else:
        return {}
    for language, of in parts:
        language_symbol(language)
        if not of:
            raise ValueError(f"{name}: {language!r} must be followed by =NAME, as the others are.")
    languages = [language for language, _ in parts]
    if len(set(languages)) < len(languages):
        raise ValueError(f"{name}: each language may be named once; got {', '.join(languages)}.")
    return dict(parts)


def asking(language: str, pairs: Iterable[Pair | Example]) -> Iterator[Pair | Example]:
    """Yields pairs of texts whose sources ask for a language.

    Args:
        language: its name, for example "fr" or "pt-BR".
        pairs: read lazily.

    Raises:
        ValueError: it is no name of a language.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.data.languages import asking
        >>> next(asking("fr", [Pair("Yes", "Oui", "yes")])).source
        '<2fr>Yes'
    """
    symbol = language_symbol(language)
    for pair in pairs:
        yield pair._replace(source=symbol + pair.source)


def _asking(pair: Pair | Example) -> Pair | Example:
    """Returns a pair whose key is its language as one whose source asks for it."""
    asking = pair._replace(source=language_symbol(str(pair.key)) + pair.source)
    return keyed(asking, pair.source)


def _no_language(pair: Pair | Example) -> str | None:
    try:
        language_symbol(pair.key)
    except ValueError as error:
        return str(error)
    return None


def by_language(
    pairs: Corpus | Collection[Pair | Example],
) -> dict[str, Iterator[Pair | Example]]:
    """Returns the pairs of each target language, by the symbols before their sources.

    Args:
        pairs: read once now and once for each language whose pairs are asked for, so that a corpus
            of any size can be parted.

    Returns:
        Names, in the order in which they occur first, and lazy iterators; "" is the name of pairs
        without a symbol.

    Example:
        >>> from kseq2seq.data import Pair, by_language
        >>> pairs = [Pair("<2fr>Yes", "Oui", "1"), Pair("<2ko>No", "아니요", "2")]
        >>> {language: len(list(own)) for language, own in by_language(pairs).items()}
        {'fr': 1, 'ko': 1}
    """

    def of(language: str) -> Iterator[Pair | Example]:
        return (pair for pair in pairs if language_of(pair.source) == language)

    names = dict.fromkeys(language_of(pair.source) for pair in pairs)
    return {language: of(language) for language in names}
