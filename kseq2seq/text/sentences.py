"""Splits text at sentence ends, for input that is too long for a model."""

from __future__ import annotations

import re

_CLOSERS = r"[\"'”’»›)\]}」』】》）］]*"
# A mark that ends a sentence only before white space, or one that always does; or a blank line.
_END = re.compile(rf"[.!?…‽؟۔։։।॥።។]+{_CLOSERS}(?=\s)|[。！？｡．]+{_CLOSERS}|(?=\n[^\S\n]*\n)")
_FOLLOWING = re.compile(r"(\s*)(\S?)")
_LONGEST = 20  # characters looked back for an abbreviation or a list number
_ABBREVIATION = re.compile(
    r"mr|mrs|ms|dr|prof|st|mt|jr|sr|vs|fig|no|vol|pp|ed|al|e\.g|i\.e|cf|approx|dept|est|inc|ltd|co"
    r"|corp|gen|gov|sen|rep|rev|capt|lt|col|sgt|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec"
    r"|bzw|z\.b|d\.h|u\.a|ca|nr|hr|fr|dott|sig|mme|mlle",
    re.IGNORECASE,
)


def split_sentences(text: str) -> list[str]:
    """Returns the sentences of a text, in Latin, Chinese, Japanese, Korean and kindred scripts.

    By rule: a sentence ends at ".", "!", "?" and the like before white space, unless a lower-case
    letter follows or the word is a known abbreviation, an initial or a list number; at "。", "！",
    "？" always; and at a blank line. Quotes and brackets that close stay with their sentence. The
    sentences joined by spaces are the text, up to white space.

    Args:
        text: any text.

    Returns:
        The sentences, without white space at their ends; none for a blank text.

    Example:
        >>> from kseq2seq.text import split_sentences
        >>> split_sentences("Dr. Kim came. 안녕하세요! 잘 지내요? 你好。再见。")
        ['Dr. Kim came.', '안녕하세요!', '잘 지내요?', '你好。', '再见。']
    """
    sentences, start = [], 0
    for match in _END.finditer(text):
        if _ends(text, start, match.end()):
            sentences.append(text[start : match.end()].strip())
            start = match.end()
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if sentence]


def _ends(text: str, start: int, end: int) -> bool:
    """Whether the sentence that began at `start` really ends at `end`."""
    space, following = _FOLLOWING.match(text, end).groups()  # type: ignore[union-attr]
    if not text.endswith((".", "…"), start, end):
        return not (space and following.islower())
    words = text[max(start, end - _LONGEST) : end - 1].split()
    word = words[-1].lstrip("\"'“‘«([{") if words else ""
    initial = len(word) == 1 and word.isupper()
    number = end - start < _LONGEST and len(words) == 1 and word.isdigit()
    known = _ABBREVIATION.fullmatch(word) is not None
    return not (following.islower() or initial or number or known)
