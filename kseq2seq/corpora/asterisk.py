"""Prompts of telephone exchanges in five languages, read by professional speakers, at 8 kHz."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kseq2seq.checks import one_of
from kseq2seq.corpora.debian_files import debian_files
from kseq2seq.corpora.transcripts import spoken
from kseq2seq.data import Example
from kseq2seq.data.cache import teller

_VERSION = "1.6.1-1"
_NOTES = re.compile(r"[\[(<]")  # what is said about the recording, and not in it
_LOST = re.compile(r"\?\s*(\w)")  # a letter that the file has lost, if a small one follows
_FASTEST = 24.0  # characters a second: of a transcript that is of another recording
_NUMERALS = re.compile(r"digits/(\d+)")


class _Prompts(NamedTuple):
    """The recordings of a language, and the transcripts."""

    folder: str
    recordings: str
    texts: str


class _Speaker(NamedTuple):
    """A second speaker, who reads prompts of the same names."""

    package: str
    version: str
    digest: str
    folder: str
    suffix: str
    whole: bool  # whether longer prompts have the wording of the first speaker


_PROMPTS = {
    "en": _Prompts(
        "en_US_f_Allison",
        "2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d",
        "973e797d28e37fa6ca3c0a9d6fa717e77cf1268ae916bf09fd3503113cdffa50",
    ),
    "es": _Prompts(
        "es_MX_f_Allison",
        "9283a09a6d56fccdcc2bcfe86c48f0f844289cfbd46a3184d8785a6f7f569903",
        "9afdab7f559f036649fb406e625899306ca1004df8ebe39c30bfbd5912d66f74",
    ),
    "fr": _Prompts(
        "fr_CA_f_June",
        "8d4e1bc32ed5ba7fbda40841ca1825ed20cc6232724a473c90f8bb0e53e6073e",
        "04c82c78c570c43a7136cbc5e2488d0c470b775468dff9fbce4a131b18cf1056",
    ),
    "it": _Prompts(
        "it_IT_m_Carlo",
        "5a26638089e134b8ac39363fe249c5c93c50cd8bfdc9b2499ae61ec4a35e2fcb",
        "3884d9457e12f21caa018c18f0d587df5d53ebea14b673d8453a134c5941ab3b",
    ),
    "ru": _Prompts(
        "ru_RU_f_IvrvoiceRU",
        "ccbfaebfa450b7a9ddf644ae0f3d1e9017d5df7c0aebe816e946345589d38201",
        "28a61616bb0cd3345a7ea532dec4df9f071e5d0fa9f8c1a563ea9669002f39ab",
    ),
}
_SPEAKERS = {
    "it-menardi": _Speaker(
        "asterisk-prompt-it-menardi-wav",
        "1:1.4.22+mm20110907-3.1",
        "3094530d98f8758ac275572d59624c41f60969fef883f34f4886d144f3dfeb21",
        "it_IT_f_Menardi",
        ".wav",
        whole=True,
    ),
    "fr-armelle": _Speaker(
        "asterisk-prompt-fr-armelle",
        "20070613-2.2",
        "162570b1a9b3512a98f06b89f60c7c17cf1b9b52297315adca9a4e5be728bea3",
        "fr",
        ".gsm",
        whole=False,
    ),
    "es-co": _Speaker(
        "asterisk-prompt-es-co",
        "0.20070403-2.1",
        "6702696e045514699e87dc8fb70f370717e5df91f821f7bec8dd0df1be008e83",
        "es",
        ".gsm",
        whole=False,
    ),
}
PARTS = (*_PROMPTS, *_SPEAKERS)


def asterisk(
    part: str = "en",
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Example]:
    """Returns the prompts of a speaker with their transcripts, fetched once and then kept.

    Transcripts are those of `spoken`, with numbers as the prompts themselves say them. Left out,
    and counted in a line: prompts without a recording or a transcript, those whose transcript
    describes a sound, has lost letters, or holds a number that no prompt says, and those with more
    than 24 characters a second, which are transcripts of something else.

    Second speakers have no transcripts of their own. Those of the first one are used: for
    "it-menardi" where the duration is within 30 % of the usual ratio between the two, for
    "fr-armelle" and "es-co", whose longer prompts are worded differently, where it is one word.

    Args:
        part: "en", "es", "fr", "it" or "ru", each of one speaker; or a second speaker,
            "it-menardi", "fr-armelle" or "es-co".
        cache: folder to keep all in; see `debian_files`.
        progress: called with a line at each step; prints to standard error where None.

    Returns:
        Examples of the path of a recording and its transcript, which is the key too, so that no
        wording is in two splits.

    Raises:
        ValueError: for another part.
        RuntimeError: if apt is missing or fails.

    Example:
        >>> from kseq2seq.corpora import asterisk
        >>> example = next(asterisk("en"))  # doctest: +SKIP

    Source:
        The Debian packages `asterisk-core-sounds-*`: CC-BY-SA-3.0, Italian and Russian CC-BY-3.0.
        `asterisk-prompt-it-menardi`: CC-BY-SA-3.0; `-fr-armelle`: BSD; `-es-co`: GPL-2.
    """
    one_of(PARTS, part=part)
    tell = teller(progress)
    language = part.partition("-")[0]
    prompts = _PROMPTS[language]
    name = f"asterisk-core-sounds-{language}"
    kept: dict[str, Any] = {"cache": cache, "progress": progress}
    first = debian_files(f"{name}-wav", _VERSION, prompts.recordings, **kept)
    texts = debian_files(name, _VERSION, prompts.texts, **kept)
    path = texts / "usr/share/doc" / name / f"core-sounds-{language}.txt.gz"
    transcripts = _transcripts(gzip.decompress(path.read_bytes()).decode("utf-8-sig"))
    sounds = first / "usr/share/asterisk/sounds" / prompts.folder
    if part in _SPEAKERS:
        speaker = _SPEAKERS[part]
        second = debian_files(speaker.package, speaker.version, speaker.digest, **kept)
        others = second / "usr/share/asterisk/sounds" / speaker.folder
        examples = _second(transcripts, sounds, others, speaker, part, tell)
    else:
        examples = _first(transcripts, sounds, part, tell)
    return iter(examples)


def _transcripts(text: str) -> dict[str, str]:
    """The transcripts by the names of their recordings; of two with a name, the first."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, said = line.partition(":")
        if colon and not line.lstrip().startswith(";"):
            said = said.strip().removeprefix(f"{name.strip()}:")  # some have it twice
            found.setdefault(name.strip(), said.strip())
    return found


def _first(
    transcripts: dict[str, str], sounds: Path, part: str, tell: Callable[[str], None]
) -> list[Example]:
    """The examples of a first speaker, and a line about those that are left out."""
    numbers = {
        found[1]: text
        for name, text in transcripts.items()
        if (found := _NUMERALS.fullmatch(name)) and not re.search(r"\d", text)
    }
    numbers = {number: spoken(text) or "" for number, text in numbers.items()}
    examples = []
    out: Counter[str] = Counter()
    for name, text in sorted(transcripts.items()):
        path = sounds / f"{name}.wav"
        said = spoken(text, numbers)
        if not path.is_file():
            why = "no recording"
        elif _NOTES.search(text):
            why = "a note"
        elif any(found[1].islower() for found in _LOST.finditer(text)):
            why = "lost letters"
        elif said is None:
            why = "a number without words"
        elif not said:
            why = "no transcript"
        elif len(said) > _FASTEST * seconds(path):
            why = "another transcript"
        else:
            examples.append(Example(str(path), said, said))
            continue
        out[why] += 1
    untold = sum(1 for _ in sounds.rglob("*.wav")) - sum(
        (sounds / f"{name}.wav").is_file() for name in transcripts
    )
    out["no transcript"] += untold
    listed = ", ".join(f"{count} with {why}" for why, count in out.most_common() if count)
    tell(f"asterisk:{part}: {len(examples)} prompts; left out {out.total()}: {listed}")
    return examples


def _second(
    transcripts: dict[str, str],
    sounds: Path,
    others: Path,
    speaker: _Speaker,
    part: str,
    tell: Callable[[str], None],
) -> list[Example]:
    """The examples of a second speaker, in which the wording of the first one is likely."""
    pairs = []
    for example in _first(transcripts, sounds, part.partition("-")[0], tell):
        name = Path(example.source).relative_to(sounds).with_suffix(speaker.suffix)
        if (path := others / name).is_file():
            pairs.append((seconds(path) / seconds(Path(example.source)), path, example))
    usual = sorted(ratio for ratio, _, _ in pairs)[len(pairs) // 2]
    examples = [
        example._replace(source=str(path))
        for ratio, path, example in pairs
        if (1 / 1.3 < ratio / usual < 1.3 if speaker.whole else " " not in example.target)
    ]
    tell(f"asterisk:{part}: {len(examples)} of {len(pairs)} prompts whose wording is known")
    return examples


def seconds(path: Path) -> float:
    """Returns the length of a recording at 8 kHz, by the size of its file: 16-bit wav or gsm."""
    size = path.stat().st_size
    return size / 1650 if path.suffix == ".gsm" else max(size - 44, 0) / 16_000
