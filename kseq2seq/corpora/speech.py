"""Corpora of speech by their names, as recipes take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from kseq2seq.corpora.asterisk import PARTS, asterisk
from kseq2seq.corpora.manifests import COLUMNS, manifest
from kseq2seq.corpora.speech_sample import speech_sample
from kseq2seq.corpora.tuxpaint import tuxpaint
from kseq2seq.data import Example

SPEECH = "sample, asterisk[:LANG], tuxpaint[:LANG], several joined by +, or FILE"
_FETCHED = {"asterisk": asterisk, "tuxpaint": tuxpaint}


def speech(name: str, columns: Sequence[str] = COLUMNS) -> Iterable[Example]:
    """Returns recordings with their transcripts, by the name of a corpus or a file.

    Args:
        name: "sample" (bundled); "asterisk:en" (also es, fr, it, ru; the second speakers
            it-menardi, fr-armelle, es-co); "tuxpaint:fr" (and other languages); several of these,
            "asterisk:en+fr" or "asterisk:it+tuxpaint:it"; or a file that `manifest` reads.
        columns: of a table; see `manifest`.

    Raises:
        ValueError: it is neither.

    Example:
        >>> from kseq2seq.corpora import speech
        >>> next(iter(speech("sample"))).target
        'a'
    """
    parts = speech_parts(name)
    if parts:
        return chain.from_iterable(_read(*part) for part in parts)
    if Path(name).exists():
        return manifest(name, tuple(columns) or COLUMNS)
    raise ValueError(
        f"{name!r} is neither a file nor a corpus of speech ({SPEECH}; asterisk has "
        f"{', '.join(PARTS)})."
    )


def speech_parts(name: str) -> list[tuple[str, str]]:
    """Returns the corpora and languages that a name stands for; [] for that of a file.

    Example:
        >>> from kseq2seq.corpora.speech import speech_parts
        >>> speech_parts("asterisk:en+it+tuxpaint:it")
        [('asterisk', 'en'), ('asterisk', 'it'), ('tuxpaint', 'it')]
        >>> speech_parts("sample"), speech_parts("my.tsv")
        ([('sample', '')], [])
    """
    parts: list[tuple[str, str]] = []
    kind = ""
    for part in name.split("+"):
        before, colon, language = part.rpartition(":")
        if not colon and (not kind or part in (*_FETCHED, "sample")):
            before, language = part, ""
        kind = before or kind
        if kind not in _FETCHED and (kind != "sample" or language):
            return []
        parts.append((kind, "" if kind == "sample" else language or "en"))
    return parts


def languages_of(name: str) -> dict[str, str]:
    """Returns the language of each transcript of corpora in several; {} if they are in one.

    What is said in two languages is given to the first.

    Args:
        name: as for `speech`, for example "asterisk:en+it".

    Example:
        >>> from kseq2seq.corpora.speech import languages_of
        >>> languages_of("sample")
        {}
    """
    parts = speech_parts(name)
    found: dict[str, str] = {}
    if len({_language(part) for _, part in parts}) > 1:
        for kind, part in parts:
            for example in _read(kind, part):
                found.setdefault(example.target, _language(part))
    return found


def _language(part: str) -> str:
    return part.partition("-")[0]  # without a second speaker


def _read(kind: str, language: str) -> Iterable[Example]:
    return _FETCHED[kind](language) if kind in _FETCHED else speech_sample()
