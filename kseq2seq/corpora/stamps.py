"""Captioned pictures of Tux Paint: stamps of animals, food, vehicles and other things."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from kseq2seq.checks import one_of
from kseq2seq.corpora.debian_files import debian_files
from kseq2seq.corpora.tuxpaint import PACKAGE, STAMPS
from kseq2seq.data.cache import teller
from kseq2seq.data.pairs import Example

LANGUAGES = ("en", "fr", "ko")


def stamps(
    language: str = "en",
    *,
    folder: Path | None = None,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Example]:
    """Reads the stamps of Tux Paint with their captions, fetched once and then kept.

    Drawings that exist as SVG alone are left out, and so are pictures without a caption in the
    language; a line of progress counts them. The key is the stamp's name without the numbers of
    its variants.

    Args:
        language: "en", "fr" or "ko".
        folder: of stamps; that of the Debian package where None.
        cache: folder to keep the package in; `kseq2seq.data.cache.cache_folder()` where None.
        progress: called with a line at each step; prints to standard error where None.

    Returns:
        A lazy iterator of examples whose sources are paths.

    Raises:
        ValueError: for another language.
        RuntimeError: if the package can't be fetched.

    Example:
        >>> from kseq2seq.corpora.stamps import stamps
        >>> "버섯" in {example.target for example in stamps("ko")}  # doctest: +SKIP
        True

    Source: the package tuxpaint-stamps-default (GPL-2: fetched, never bundled).
    """
    one_of(LANGUAGES, language=language)
    if folder is None:
        folder = debian_files(*PACKAGE, cache=cache, progress=progress) / STAMPS
    tell = teller(progress)
    drawings = silent = 0
    for text in sorted(folder.rglob("*.txt")):
        picture = text.with_suffix(".png")
        if not picture.is_file():
            drawings += 1
            continue
        caption = _caption(text, language)
        if not caption:
            silent += 1
            continue
        stem = re.sub(r"[\d_]+$", "", text.stem)
        yield Example(str(picture), caption, f"{text.parent.relative_to(folder)}/{stem}")
    tell(f"left out {drawings} stamps that are no PNG, and {silent} without a caption")


def _caption(path: Path, language: str) -> str:
    """The first line is English; others begin with their language, for example "fr.utf8="."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if language == "en":
        return lines[0].strip() if lines else ""
    begin = f"{language}.utf8="
    found = (line.removeprefix(begin) for line in lines[1:] if line.startswith(begin))
    return next(found, "").strip()
