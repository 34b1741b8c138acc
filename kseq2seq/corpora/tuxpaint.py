"""Spoken names of the stamps of Tux Paint in thirteen languages and more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from kseq2seq.corpora.debian_files import debian_files
from kseq2seq.corpora.transcripts import spoken
from kseq2seq.data import Example
from kseq2seq.data.cache import teller

PACKAGE = (
    "tuxpaint-stamps-default",
    "2022.06.04-1",
    "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
)
STAMPS = Path("usr/share/tuxpaint/stamps")  # in the package
_SPOKEN = re.compile(r"(.+)_desc(?:_(\w+(?:@\w+)?))?")
_TRANSLATED = re.compile(r"([a-z]{2,3}(?:_\w+)?(?:@\w+)?)\.utf8=(.*)")


def tuxpaint(
    language: str = "en",
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Example]:
    """Returns the spoken captions of stamps with their transcripts, fetched once and then kept.

    Transcripts are those of `spoken`. Captions without a transcript, or with a number in it, are
    left out and counted in a line.

    Args:
        language: as Tux Paint names it: "fr", "ru", "ca", "ro", "bg", "es", "pt_BR"...
        cache: folder to keep all in; see `debian_files`.
        progress: called with a line at each step; prints to standard error where None.

    Returns:
        Examples of the path of an ogg file and its transcript, which is the key too.

    Raises:
        ValueError: for a language without recordings; the message lists those there are.
        RuntimeError: if apt is missing or fails.

    Example:
        >>> from kseq2seq.corpora import tuxpaint
        >>> example = next(tuxpaint("fr"))  # doctest: +SKIP

    Source:
        The Debian package `tuxpaint-stamps-default` (GPL-2), fetched and never bundled.
    """
    tell = teller(progress)
    stamps = debian_files(*PACKAGE, cache=cache, progress=progress) / STAMPS
    recordings: dict[str, list[tuple[Path, Path]]] = {}
    for path in sorted(stamps.rglob("*_desc*")):
        if path.suffix in (".ogg", ".wav") and (found := _SPOKEN.fullmatch(path.stem)):
            caption = path.with_name(f"{found[1]}.txt")
            recordings.setdefault(found[2] or "en", []).append((path, caption))
    if language not in recordings:
        raise ValueError(
            f"`language` must be one of {', '.join(sorted(recordings))}, in which stamps are "
            f"named; got {language!r:.80}."
        )
    examples = []
    for path, caption in recordings[language]:
        said = spoken(_captions(caption).get(language, ""), {})
        if said:
            examples.append(Example(str(path), said, said))
    count = len(recordings[language])
    tell(f"tuxpaint:{language}: {len(examples)} of {count} captions have a transcript")
    return iter(examples)


def _captions(path: Path) -> dict[str, str]:
    """The captions of a stamp by their languages; the first line is English."""
    if not path.is_file():
        return {}
    english, *lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    found = {"en": english.strip()}
    for line in lines:
        if translated := _TRANSLATED.fullmatch(line.strip()):
            found[translated[1]] = translated[2].strip()
    return found
