"""Words of the source in the place of words that the target's vocabulary lacks."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from kseq2seq.pipeline.prediction import Prediction
from kseq2seq.text import CharacterTokenizer, TextSource, TextTarget, Tokenizer
from kseq2seq.text.tokenizer import REPLACEMENT

_FINAL = ".!?…。！？．؟।॥።"
_STOPS = _FINAL + ",;:、，；：،؛¿¡"
_QUOTES = "\"'“”„‟‘’‚‛«»‹›「」『』"
_BRACKETS = "()[]{}（）［］｛｝【】《》〈〉"
_EDGE = f"[{re.escape(_STOPS + _QUOTES + _BRACKETS)}]"
_EDGES = re.compile(f"({_EDGE}*)(.*?)({_EDGE}*)", re.DOTALL)
_MARKS_BEFORE = re.compile(rf"(?:{_EDGE}|\s)*$")
_MARKS_AFTER = re.compile(rf"(?:{_EDGE}|\s)*")
MARKS = ("▁", "##")  # of SentencePiece's words and of WordPiece's insides


def surfaces(tokenizer: Tokenizer, text: str) -> list[str] | None:
    """Returns the text that each token of a source stands for, its end excluded.

    A token in the vocabulary stands for the whole word it is in, which is what is copied where a
    model points to it; an unknown one for just what is not known.

    Args:
        tokenizer: the source's.
        text: the source.

    Returns:
        As many strings as tokens; None if the text's words are not tokenized one by one.

    Example:
        >>> from kseq2seq.pipeline.unknown import surfaces
        >>> from kseq2seq.text import CharacterTokenizer
        >>> surfaces(CharacterTokenizer("abc"), "abX")
        ['a', 'b', 'X']
    """
    (whole,) = tokenizer.tokenize([text]).to_list()
    if isinstance(tokenizer, CharacterTokenizer):
        return tokenizer.parts(text)
    words = text.split()
    parts = tokenizer.tokenize(words).to_list() if words else []
    if [token for part in parts for token in part] != whole:
        return None
    return [
        surface
        for word, part in zip(words, parts, strict=True)
        for surface in _of_word(tokenizer, word, part)
    ]


def _of_word(tokenizer: Tokenizer, word: str, tokens: list[int]) -> list[str]:
    """What is unknown of a word, at its unknown tokens; the word at the others."""
    unknown = tokenizer.special.unknown
    if tokens.count(unknown) > 3:  # too many ways to part a word among them
        return [word] * len(tokens)
    pieces = tokenizer.pieces([tokens])[0]
    for mark in MARKS:
        pieces = [piece.removeprefix(mark) for piece in pieces]
    pattern = "".join(
        "(.+?)" if token == unknown else re.escape(piece)
        for token, piece in zip(tokens, pieces, strict=True)
    )
    match = re.fullmatch(pattern, word)
    missing = iter(match.groups() if match else [])
    return [next(missing, word) if token == unknown else word for token in tokens]


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


def known(
    source: TextSource, target: TextTarget, text: str, prediction: Prediction, ids: np.ndarray
) -> Prediction:
    """Returns what was predicted for a text, with source words where it had unknown ones.

    Args:
        source: read the text.
        target: wrote the prediction.
        text: the source.
        prediction: with its alignment.
        ids: int (L,), the best target's, with whatever follows its end.

    Raises:
        ValueError: without alignment.
    """
    if prediction.alignment is None:
        raise ValueError(
            "`replace_unknown` needs a model with attention to each source token, and this one has "
            "none."
        )
    of_source = surfaces(source.tokenizer, text) or []
    unknown = target.tokenizer.special.unknown
    ids = ids[: len(prediction.alignment)]
    written = replace_unknown(prediction.text, ids, prediction.alignment, of_source, unknown)
    return replace(prediction, text=written)
