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
    """Puts, for each unknown token of a target, what the model looked at most when it wrote it.

    Args:
        text: the target, with U+FFFD at each unknown token.
        tokens: int (T,), the target's ids.
        alignment: (T, S), where each looked; its last place is the source's end.
        of_source: what each source token stands for, S - 1 strings.
        unknown: the id of unknown tokens.

    Returns:
        The text without U+FFFD, as far as the model looked at words.

    Source:
        Luong et al. 2015, "Addressing the Rare Word Problem"; Jean et al. 2015, section 3.3.
    """
    if not of_source:
        return text
    looked = alignment[:, : len(of_source)].argmax(axis=1)
    words = iter([of_source[place] for place in looked[tokens == unknown]])

    def word(lost: re.Match[str]) -> str:
        return fitted(next(words, REPLACEMENT), text[: lost.start()], text[lost.end() :])

    return re.sub(REPLACEMENT, word, text)


def fitted(word: str, before: str, after: str) -> str:
    """Returns a word of a source without the marks at its ends that don't suit its new place.

    A kind of mark (one that ends a sentence or a part of it, a quote, a bracket) that the target
    has there is left to the target. Of the others, a full stop stays at the end of the target or
    within an abbreviation, a comma before another word, and quotes and brackets in pairs.

    Args:
        word: with the marks that adjoin it in the source.
        before: the target up to its place.
        after: the target from there on.

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
        pipeline: its source and target.
        raw: the source.
        prediction: with its alignment.
        ids: int (L,), the best target's, with whatever follows its end.

    Raises:
        ValueError: without alignment, or if the source has no words.
    """
    if prediction.alignment is None:
        raise ValueError(
            "`replace_unknown` needs a model with attention to each source token, and this one has "
            "none."
        )
    words = pipeline.source.words(raw) or []
    ids = ids[: len(prediction.alignment)]
    text = replace_unknown(
        prediction.text, ids, prediction.alignment, words, pipeline.target.special.unknown
    )
    return replace(prediction, text=text)
