"""Build the bundled sample of pronunciations: short words that are pronounced by rule.

The dictionary is pinned and fetched with npm, the choice is deterministic and the file is
compressed without a date, so every run writes the same bytes:

    python tools/samples/cmudict.py
"""

from __future__ import annotations

import tarfile
from hashlib import sha1
from pathlib import Path

from kseq2seq.corpora.cmudict import PACKAGE, SHA256, cmudict
from kseq2seq.corpora.fetching import fetched
from kseq2seq.data import Pair
from kseq2seq.data.sample import pack_pairs

SAMPLES = Path(__file__).parents[2] / "kseq2seq" / "data" / "samples"
DICTIONARY = "\n\nThe dictionary inside the package is "  # begins its own terms, written by hand
WORDS, LETTERS = 8000, range(3, 9)
# What groups of letters may stand for; "-" joins phones.
CONSONANTS = {
    "b": "B", "bb": "B", "c": "K S", "cc": "K", "ch": "CH K", "ck": "K", "d": "D", "dd": "D",
    "f": "F", "ff": "F", "g": "G JH", "gg": "G", "h": "HH", "j": "JH", "k": "K", "kn": "N",
    "l": "L", "ll": "L", "m": "M", "mm": "M", "n": "N NG", "ng": "NG", "nn": "N", "p": "P",
    "ph": "F", "pp": "P", "qu": "K-W", "r": "R", "rr": "R", "s": "S Z", "sh": "SH", "ss": "S",
    "t": "T", "tch": "CH", "th": "TH DH", "tt": "T", "v": "V", "w": "W", "wh": "W", "wr": "R",
    "x": "K-S", "y": "Y", "z": "Z", "zz": "Z",
}  # fmt: skip
VOWELS = {
    "a": "AE EY AH AA", "ai": "EY", "ar": "AA-R", "au": "AO", "aw": "AO", "ay": "EY",
    "e": "EH IY AH IH", "ea": "IY", "ee": "IY", "er": "ER", "ew": "UW", "ey": "IY",
    "i": "IH AY AH", "igh": "AY", "ir": "ER", "o": "AA OW AH", "oa": "OW", "oi": "OY",
    "oo": "UW", "or": "AO-R", "ou": "AW", "ow": "OW AW", "oy": "OY", "u": "AH UW", "ur": "ER",
    "y": "IY AY",
}  # fmt: skip
ENDINGS = {"e": "", "es": "Z IH-Z", "ed": "D T IH-D", "le": "AH-L", "tion": "SH-AH-N"}


def regular(word: str, phones: str) -> bool:
    """Tell whether the letters of a word can be read as its phones by the tables."""
    wanted = phones.split()

    def read(letter: int, phone: int) -> bool:
        if letter == len(word):
            return phone == len(wanted)
        for length in (4, 3, 2, 1):
            group = word[letter : letter + length]
            if len(group) < length:
                continue
            last = letter + length == len(word)
            for table in (CONSONANTS, VOWELS, ENDINGS if last and letter else {}):
                for sound in table[group].split(" ") if group in table else ():
                    parts = sound.split("-") if sound else []
                    end = phone + len(parts)
                    if wanted[phone:end] == parts and read(letter + length, end):
                        return True
        return False

    return read(0, 0)


def main() -> None:
    """Fetch, choose and write everything."""
    archive = fetched(*PACKAGE, SHA256)
    kept = [
        Pair(example.source, example.target, example.source)
        for example in cmudict(archive=archive)
        if len(example.source) in LETTERS
        and example.source.isalpha()
        and not example.references
        and regular(example.source, example.target)
    ]
    chosen = sorted(kept, key=lambda pair: sha1(pair.source.encode()).hexdigest())[:WORDS]
    file = SAMPLES / "cmudict.tsv.gz"
    with file.open("wb") as packed:
        pack_pairs(sorted(chosen), packed)
    print(f"{file.name}: {len(chosen)} of {len(kept)} words, {file.stat().st_size} bytes")
    with tarfile.open(archive) as package:
        license_text = package.extractfile("package/license")
        assert license_text is not None
        terms = SAMPLES / "licences" / f"{PACKAGE[1]}.txt"
        of_dictionary = terms.read_text(encoding="utf-8").partition(DICTIONARY)[2]
        assert of_dictionary, (
            "the terms of the dictionary itself, which the package lacks, are lost"
        )
        terms.write_text(
            license_text.read().decode() + DICTIONARY + of_dictionary, encoding="utf-8"
        )


if __name__ == "__main__":
    main()
