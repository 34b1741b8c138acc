"""Hangul syllables as the letters they are made of, and put together again."""

from __future__ import annotations

import re

SYLLABLES, LEADS, VOWELS, TAILS = 0xAC00, 0x1100, 0x1161, 0x11A7  # tails count from 1
VOWEL_COUNT, TAIL_COUNT = 21, 28
_SYLLABLE = re.compile("[\uac00-\ud7a3]")
_LETTERS = re.compile("([\u1100-\u1112])([\u1161-\u1175])([\u11a8-\u11c2]?)")


def spelled(text: str) -> str:
    """Returns a text whose Hangul syllables are two or three conjoining letters each.

    Example:
        >>> from kseq2seq_runtime.jamo import composed, spelled
        >>> len(spelled("값")), composed(spelled("값a"))
        (3, '값a')
    """

    def letters(found: re.Match) -> str:
        index, tail = divmod(ord(found[0]) - SYLLABLES, TAIL_COUNT)
        lead, vowel = divmod(index, VOWEL_COUNT)
        return chr(LEADS + lead) + chr(VOWELS + vowel) + (chr(TAILS + tail) if tail else "")

    return _SYLLABLE.sub(letters, text)


def composed(text: str) -> str:
    """Returns a text whose conjoining letters are syllables, where they make some."""

    def syllable(found: re.Match) -> str:
        lead, vowel = ord(found[1]) - LEADS, ord(found[2]) - VOWELS
        tail = ord(found[3]) - TAILS if found[3] else 0
        return chr(SYLLABLES + (lead * VOWEL_COUNT + vowel) * TAIL_COUNT + tail)

    return _LETTERS.sub(syllable, text)
