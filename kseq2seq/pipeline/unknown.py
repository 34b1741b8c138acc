"""Words of the source in the place of words that the target's vocabulary lacks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from kseq2seq.pipeline.prediction import Prediction
from kseq2seq.special_tokens import REPLACEMENT

_FINAL = ".!?…。！？．؟।॥።"
_STOPS = _FINAL + ",;:、，；：،؛¿¡"
_QUOTES = "\"'“”„‟‘’‚‛«»‹›「」『』"
_BRACKETS = "()[]{}（）［］｛｝【】《》〈〉"
_EDGE = f"[{re.escape(_STOPS + _QUOTES + _BRACKETS)}]"
_EDGES = re.compile(f"({_EDGE}*)(.*?)({_EDGE}*)", re.DOTALL)
_MARKS_BEFORE = re.compile(rf"(?:{_EDGE}|\s)*$")
_MARKS_AFTER = re.compile(rf"(?:{_EDGE}|\s)*")


def replace_unknown(
    text: str, tokens: np.ndarray, alignment: np.ndarray, of_source: list[str], unknown: int
) -> str:
    """Replaces each unknown token of a target by the source word that it attended to most.

    Args:
        text: the target, with U+FFFD at each unknown token.
        tokens: int (T,), the target's ids.
        alignment: (T, S), the attention of each; the last position is the source's end.
        of_source: the text that each source token stands for, S - 1 strings.
        unknown: the id of unknown tokens.

    Returns:
        The text with these words; unchanged if the source has none.

    Source:
        Luong et al. 2015, "Addressing the Rare Word Problem"; Jean et al. 2015, section 3.3.
    """
    if not of_source:
        return text
    attended = alignment[:, : len(of_source)].argmax(axis=1)
    words = iter([of_source[position] for position in attended[tokens == unknown]])

    def word(mark: re.Match[str]) -> str:
        return fitted(next(words, REPLACEMENT), text[: mark.start()], text[mark.end() :])

    return re.sub(REPLACEMENT, word, text)


def fitted(word: str, before: str, after: str) -> str:
    """Returns a word of a source without the punctuation around it that doesn't suit a target.

    Marks are of three kinds: stops, quotes and brackets. A kind that the target itself has beside
    the word is removed from the word. Otherwise a full stop stays at the end of the target or
    within an abbreviation, a comma before another word, and quotes and brackets in pairs.

    Args:
        word: with the marks around it in the source.
        before: the target before the word.
        after: the target after the word.

    Example:
        >>> from kseq2seq.pipeline.unknown import fitted
        >>> fitted("Zürich.", "in ", "."), fitted("(Zürich),", "in ", ", Bern")
        ('Zürich', '(Zürich)')
    """
    opening, core, closing = _EDGES.fullmatch(word).groups()  # type: ignore[union-attr]
    if not core:
        return "" if after.lstrip().startswith(word) else word
    there = _MARKS_BEFORE.search(before)[0], _MARKS_AFTER.match(after)[0]  # type: ignore[index]
    opened, closed = (set(map(_kind, "".join(marks.split()))) for marks in there)
    opening = [mark for mark in opening if _kind(mark) not in opened]
    closing = [mark for mark in closing if _kind(mark) not in closed]
    paired = {_kind(mark) for mark in opening} & {_kind(mark) for mark in closing}
    last, abbreviation = not after.strip(), "." in core

    def stays(mark: str) -> bool:
        if _kind(mark) != "stop":
            return _kind(mark) in paired
        return last or (mark == "." and abbreviation) if mark in _FINAL else not last

    return "".join([*filter(stays, opening), core, *filter(stays, closing)])


def _kind(mark: str) -> str:
    return "quote" if mark in _QUOTES else "bracket" if mark in _BRACKETS else "stop"


def with_source_words(
    pipeline: Any, raw: str, prediction: Prediction, ids: np.ndarray
) -> Prediction:
    """Returns a prediction with words of its source in the place of unknown tokens.

    Args:
        pipeline: has the source and the target.
        raw: the source.
        prediction: with its alignment.
        ids: int (L,), of the best target, padding included.

    Raises:
        ValueError: if the prediction has no alignment.
    """
    if prediction.alignment is None:
        raise ValueError(
            "`replace_unknown` needs a model with attention to each source token, and this one has "
            "none. Leave it out, or train a model with attention, for example a 'transformer'."
        )
    words = pipeline.source.words(raw) or []
    ids = ids[: len(prediction.alignment)]
    text = replace_unknown(
        prediction.text, ids, prediction.alignment, words, pipeline.target.special.unknown
    )
    return replace(prediction, text=text)
