"""The words of a text in any script, for metrics that compare words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from kseq2seq.metrics.references import UNSPACED

_ASCII = re.compile("[a-z0-9]+")
_KINDS = re.compile("w[wm]*|um*")
_JOINERS = "\u200c\u200d"  # inside of words in Persian and in the scripts of India


@lru_cache(maxsize=2**16)
def words(text: str) -> tuple[str, ...]:
    """Returns the words of a text in lower case, without punctuation.

    A word is a run of letters, marks and digits of any script. Chinese, Japanese, Thai, Lao, Khmer,
    Burmese and others, which put no spaces between words, count letter by letter, each with its
    marks; Korean has spaces. For texts in ASCII these are rouge-score's own tokens.

    Args:
        text: any text; the same characters written otherwise are the same (NFC).

    Example:
        >>> from kseq2seq.metrics.words import words
        >>> words("The cat's No. 7_b"), words("오늘 날씨가, 좋다!"), words("「東京」へ go")
        (('the', 'cat', 's', 'no', '7', 'b'), ('오늘', '날씨가', '좋다'), ('東', '京', 'へ', 'go'))
    """
    text = text.lower()
    if text.isascii():
        return tuple(_ASCII.findall(text))
    text = unicodedata.normalize("NFC", text)
    kinds = "".join(map(_kind, text))
    return tuple(text[found.start() : found.end()] for found in _KINDS.finditer(kinds))


@lru_cache(maxsize=2**16)
def _kind(character: str) -> str:
    """Whether a character is of a word, is one in an unspaced script, marks another, or is none."""
    category = unicodedata.category(character)[0]
    if category in "LN":
        return "u" if UNSPACED.match(character) else "w"
    return "m" if category == "M" or character in _JOINERS else " "
