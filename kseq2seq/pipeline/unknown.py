"""Words of the source in the place of words that the target's vocabulary lacks."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from kseq2seq.pipeline.prediction import Prediction
from kseq2seq.text import CharacterTokenizer, TextSource, TextTarget, Tokenizer
from kseq2seq.text.tokenizer import REPLACEMENT

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
        return list(text)
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
    return re.sub(REPLACEMENT, lambda _: next(words, REPLACEMENT), text)


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
