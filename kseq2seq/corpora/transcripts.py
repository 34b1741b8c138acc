"""Transcripts as a recognizer of speech learns them: what is said, in lower case, and no more."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})
_NUMBER = re.compile(r"\d+")


def spoken(text: str, numbers: Mapping[str, str] | None = None) -> str | None:
    """Returns a transcript in its normal form, or None if it holds a number without words.

    Letters are composed (NFC) and in lower case. Letters, their marks, and apostrophes inside or
    beside words stay; everything else, hyphens too, is a space. Numbers become words.

    Args:
        text: as it is written.
        numbers: digits -> words; without it, digits stay as they are.

    Example:
        >>> spoken("Press 1... then the “star” key, s'il vous plaît!", {"1": "one"})
        "press one then the star key s'il vous plaît"
        >>> spoken("Dial 1234.", {"1": "one"}) is None
        True
    """
    text = unicodedata.normalize("NFC", text).lower().translate(_APOSTROPHES)
    if numbers is not None:
        if any(number not in numbers for number in _NUMBER.findall(text)):
            return None
        text = _NUMBER.sub(lambda found: f" {numbers[found[0]]} ", text)
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" or c == "'" else " " for c in text)
    words = (word if word.strip("'") else "" for word in kept.split())
    return " ".join(filter(None, words))
