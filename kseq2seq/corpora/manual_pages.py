"""Manual pages of Debian packages: a long text, and what its NAME line says of it."""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kseq2seq.corpora.debian_files import members
from kseq2seq.corpora.roff import sections
from kseq2seq.data.cache import folder_of, teller
from kseq2seq.data.debian import (
    fetch_packages,
    intact,
    keep,
    kept_pairs,
    release_dates,
    update_indexes,
)
from kseq2seq.data.pairs import Pair
from kseq2seq.data.split import unique

# Small packages with many pages.
PACKAGES = [
    *("coreutils", "e2fsprogs", "git-man", "iproute2", "libssl-doc"),
    *("libx11-doc", "lvm2", "manpages", "manpages-dev", "ncurses-doc", "netpbm", "perl-doc"),
    *("systemd", "tcl8.6-doc", "tk8.6-doc", "util-linux"),
]
_PAGE = re.compile(r"usr/share/man/man\d\w*/([^/]+)\.\d\w*\.gz")
_NAME = re.compile(r"(.+?)\s+-+\s+(.+)")
_WORDS, _NAMED = range(100, 2501), range(2, 26)  # in a page, and in its summary
_FAMILY = 4  # letters, at least, of a name that several pages begin with


def manual_pages(
    *, cache: Path | None = None, progress: Callable[[str], None] | None = None
) -> Iterator[Pair]:
    """Returns manual pages and what their NAME lines say of them, fetched once and then kept.

    Pages in English of 100 to 2,500 words. A source has the names that a page is about and then its
    sections, without NAME: the target is nowhere in it, unless another section repeats it.

    Args:
        cache: folder to keep everything in; `kseq2seq.data.cache.cache_folder()` where None.
        progress: called with one line at each step; prints to standard error where None.

    Returns:
        A lazy iterator of pairs, a page in one line and, for example, "list directory contents",
        whose key is the family of its name: "pthread" of pthread_create.

    Raises:
        RuntimeError: where apt is missing or fails.

    Example:
        >>> from kseq2seq.corpora import manual_pages
        >>> next(manual_pages()).target  # doctest: +SKIP
        'change the owner of files'

    Source: packages of the machine's Debian release, each page under its own free license.
    """
    folder = folder_of(cache)
    tell = teller(progress)
    corpus = folder / "debian-manual-pages.tsv.gz"
    if not intact(corpus, tell):
        lists = folder / "apt" / "lists"
        update_indexes(lists, "en", tell)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            files = fetch_packages(lists, PACKAGES, Path(place), tell)
            tell(f"reading the manual pages of {len(files)} packages")
            note = {"packages": [file.stem for file in files], "indexes": release_dates(lists)}
            pages = (page for file in files for page in pages_of(file))
            keep(corpus, unique(described(pages)), note, tell)
    return kept_pairs(corpus)


def described(pages: Iterable[tuple[str, str]]) -> Iterator[Pair]:
    r"""Yields the pair of each page that has a NAME line and a fitting length.

    Args:
        pages: names and texts in roff.

    Example:
        >>> from kseq2seq.corpora.manual_pages import described
        >>> page = ".SH NAME\nls \\- list files\n.SH DESCRIPTION\n" + "It lists files.\n" * 40
        >>> pair = next(described([("ls", page)]))
        >>> pair.source[:40], pair.target, pair.key
        ('ls. DESCRIPTION: It lists files. It list', 'list files', 'ls')
    """
    for name, page in pages:
        parts = sections(page)
        line = next((text for title, text in parts if title.upper() == "NAME"), "")
        named = _NAME.fullmatch(line)
        if not named:
            continue
        texts = [f"{title}: {text}" for title, text in parts if title.upper() != "NAME" and text]
        source = " ".join([f"{named[1]}.", *texts])
        if len(source.split()) in _WORDS and len(named[2].split()) in _NAMED:
            yield Pair(source, named[2], _family(name))


def pages_of(package: Path) -> Iterator[tuple[str, str]]:
    """Yields the names and the texts of the manual pages of a package, none of which is unpacked.

    Args:
        package: a .deb file.

    Raises:
        RuntimeError: see `members`.
    """
    for path, content in members(package):
        if found := _PAGE.fullmatch(str(path)):
            yield found[1], gzip.decompress(content).decode("utf-8", "replace")


def _family(name: str) -> str:
    """The first part of a page's name, or all of it where that is short."""
    first = re.split(r"[_:.-]", name.lower())[0]
    return first if len(first) >= _FAMILY else name.lower()
