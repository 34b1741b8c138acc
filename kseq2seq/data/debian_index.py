"""Parse Debian package indexes and align descriptions with their translations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from kseq2seq.data.pairs import Pair

_BULLET = re.compile(r"\s*(?:[-–—−*•·+]|o(?=\s)|\d{1,2}[.)](?=\s))\s+|\s*[-–—−*•](?=\w)")
_SENTENCE_END = re.compile(r"(?<=[^\W\d_])(?:[.!?…]+[\"'”»)]*\s+|[。！？])|(?<=\d)[.!?]\s+")
_ABBREVIATIONS = {"e.g.", "i.e.", "etc.", "vs.", "cf.", "p.", "ex.", "resp.", "z.b.", "d.h."}
_SPACE_MARK = re.compile(r"⋅|(?<![^\W\d_])·|·(?![^\W\d_])")  # stands for a no-break space in places
_WIDE = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def stanzas(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    r"""Yields the fields of each stanza of an index.

    Args:
        lines: `Field: value` lines; an indented line goes on with the field above it, an empty
            one ends the stanza.

    Returns:
        A lazy iterator of field name to value; the lines of a long value are joined by line
        breaks, without the first space of each.

    Raises:
        ValueError: for a line that is neither.

    Example:
        >>> from kseq2seq.data.debian_index import stanzas
        >>> list(stanzas(["Package: bash", "Description-en: a shell", " It runs commands.", ""]))
        [{'Package': 'bash', 'Description-en': 'a shell\nIt runs commands.'}]
    """
    fields: dict[str, str] = {}
    name = None
    for line in lines:
        line = line.rstrip("\n")
        if not line:
            if fields:
                yield fields
            fields, name = {}, None
        elif line[0] in " \t" and name is not None:
            fields[name] += "\n" + line[1:]
        elif ":" in line and line[0] not in " \t":
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        else:
            raise ValueError(f"{line!r}: expected 'Field: value' or an indented continuation")
    if fields:
        yield fields


def segments(source: str, target: str) -> Iterator[tuple[str, str]]:
    r"""Yields the parts of a description beside the parts of its translation.

    Synopsis goes with synopsis, and paragraph with paragraph where there are as many; within
    a paragraph items, and within an item sentences, where there are as many; else the larger
    part stays whole.

    Args:
        source: an English description: the synopsis, then the paragraphs parted by lines ".".
        target: its translation.

    Returns:
        A lazy iterator over aligned texts with single spaces, without bullets and without the
        semicolon, comma or lone full stop that closes a list item in one language only.

    Example:
        >>> from kseq2seq.data.debian_index import segments
        >>> english = "a shell\nIt is small. It is quick.\n.\n * no colors"
        >>> french = "interpréteur\nIl est petit. Il est rapide.\n.\n - sans couleurs"
        >>> for pair in segments(english, french):
        ...     print(pair)
        ('a shell', 'interpréteur')
        ('It is small.', 'Il est petit.')
        ('It is quick.', 'Il est rapide.')
        ('no colors', 'sans couleurs')
    """
    synopsis, _, body = _SPACE_MARK.sub(" ", source).partition("\n")
    translated, _, translated_body = _SPACE_MARK.sub(" ", target).partition("\n")
    yield _alike(synopsis, translated)
    yield from _aligned(body, translated_body, [_paragraphs, _items, _sentences])


def _aligned(
    source: str, target: str, levels: list[Callable[[str], list[str]]]
) -> Iterator[tuple[str, str]]:
    """Splits both sides at each level where that gives as many parts."""
    if not levels:
        yield _alike(source, target)
        return
    parts, translated = levels[0](source), levels[0](target)
    if len(parts) == len(translated):
        for part, translation in zip(parts, translated, strict=True):
            yield from _aligned(part, translation, levels[1:])
    elif levels[0] is not _paragraphs:
        yield _alike(source, target)


def _alike(source: str, target: str) -> tuple[str, str]:
    """Puts both texts on one line, with an ending that the two share."""
    source, target = (" ".join(text.split()).rstrip(" ;,") for text in (source, target))
    if target.endswith(".") and re.search(r"[\w)]$", source):
        target = target.removesuffix(".")
    elif source.endswith(".") and re.search(r"[\w)]$", target):
        source = source.removesuffix(".")
    return source, target


def _paragraphs(text: str) -> list[str]:
    found = re.split(r"\n\s*\.\s*(?:\n|$)", "\n" + text)
    return [paragraph.strip("\n") for paragraph in found if paragraph.strip()]


def _items(paragraph: str) -> list[str]:
    items: list[list[str]] = []
    for line in paragraph.split("\n"):
        bullet = _BULLET.match(line)
        if bullet or not items:
            items.append([line[bullet.end() :] if bullet else line])
        else:
            items[-1].append(line)
    return [" ".join(" ".join(item).split()) for item in items]


def _sentences(text: str) -> list[str]:
    found, begin = [], 0
    for end in _SENTENCE_END.finditer(text):
        following = text[end.end() : end.end() + 1]
        last = text[begin : end.end()].split()[-1].casefold().lstrip("(")
        if following and not following.islower() and last not in _ABBREVIATIONS:
            found.append(text[begin : end.end()].strip())
            begin = end.end()
    return [*found, text[begin:].strip()]


def plain_text(text: str) -> str:
    r"""Returns the paragraphs and items of a description on one line, without bullets.

    Example:
        >>> from kseq2seq.data.debian_index import plain_text
        >>> plain_text("It is\nsmall.\n.\n * no colors\n * fast")
        'It is small. no colors fast'
    """
    text = _SPACE_MARK.sub(" ", text)
    return " ".join(item for part in _paragraphs(text) for item in _items(part))


def words(text: str) -> int:
    """Counts words: runs without a space, and two Chinese or Japanese characters for one word.

    Args:
        text: any text.

    Returns:
        The number of words.

    Example:
        >>> from kseq2seq.data.debian_index import words
        >>> words("a small shell"), words("小型外壳")
        (3, 2)
    """
    unspaced, rest = len(_UNSPACED.findall(text)), _UNSPACED.sub(" ", text)
    return len(rest.split()) + (unspaced + 1) // 2


def usable(source: str, target: str) -> bool:
    """Tells whether two aligned texts are worth learning from.

    Both have 2 to 25 words and letters but no address, they differ, and neither is more than
    2.5 times as wide as the other (a Chinese, Japanese or Korean character is two wide).

    Args:
        source: the English text.
        target: its translation.

    Returns:
        Whether to keep the pair.

    Example:
        >>> from kseq2seq.data.debian_index import usable
        >>> usable("a small shell", "un petit interpréteur"), usable("a small shell", "oui, oui")
        (True, True)
        >>> usable("GNU Emacs", "GNU Emacs")
        False
    """
    if source.casefold() == target.casefold() or "://" in source or "://" in target:
        return False
    if not all(2 <= words(t) <= 25 and re.search(r"[^\W\d_]{2}", t) for t in (source, target)):
        return False
    width, translated = (len(t) + len(_WIDE.findall(t)) for t in (source, target))
    return width <= 2.5 * translated and translated <= 2.5 * width


def join(
    packages: Iterable[dict[str, str]],
    english: Iterable[dict[str, str]],
    foreign: Iterable[dict[str, str]],
    language: str,
) -> Iterator[Pair]:
    """Yields the pairs of descriptions that tell of one package in one version.

    English and translation belong together where Package and Description-md5 agree. The key of a
    pair is the source package: what several binary packages of one source share never straddles
    a split.

    Args:
        packages: stanzas of the Packages indexes, for the source package of each package.
        english: stanzas of the Translation-en indexes; read lazily.
        foreign: stanzas of the translations; kept in memory, the smallest of the three.
        language: the code in the field name `Description-<language>`, such as "fr".

    Returns:
        A lazy iterator of usable pairs; repeats are still there.
    """
    field = f"Description-{language}"
    translations = {
        (stanza["Package"], stanza["Description-md5"]): stanza[field]
        for stanza in foreign
        if field in stanza
    }
    translated = {package for package, _ in translations}
    sources = {
        stanza["Package"]: stanza.get("Source", stanza["Package"]).split()[0]
        for stanza in packages
        if stanza["Package"] in translated
    }
    for stanza in english:
        package = stanza["Package"]
        translation = translations.pop((package, stanza["Description-md5"]), None)
        if translation is not None and "Description-en" in stanza:
            for source, target in segments(stanza["Description-en"], translation):
                if usable(source, target):
                    yield Pair(source, target, sources.get(package, package))
