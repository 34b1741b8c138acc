"""The words of a text in any script, for metrics that compare words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from kseq2seq.metrics.references import UNSPACED

_ASCII = re.compile("[a-z0-9]+")
_JOINERS = "\u200c\u200d"  # inside of words in Persian and in the scripts of India


@lru_cache(maxsize=2**16)
def words(text: str) -> tuple[str, ...]:
    """Returns the words of a text in lower case, without punctuation.

    A word is a run of letters, marks and digits of any script. Chinese, Japanese, Thai, Lao, Khmer,
    Burmese and others, which put no spaces between words, count character by character; Korean
    has spaces. For texts in ASCII these are rouge-score's own tokens.

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
    kept = "".join(c if _inside(c) else " " for c in text)
    return tuple(UNSPACED.sub(lambda one: f" {one[0]} ", kept).split())


@lru_cache(maxsize=2**16)
def _inside(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character in _JOINERS
