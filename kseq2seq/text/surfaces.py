"""What each token of a text stands for."""

from __future__ import annotations

import re

from kseq2seq.text.characters import CharacterTokenizer
from kseq2seq.text.tokenizer import Tokenizer

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
        >>> from kseq2seq.text.surfaces import surfaces
        >>> from kseq2seq.text import CharacterTokenizer
        >>> surfaces(CharacterTokenizer("abc"), "abX")
        ['a', 'b', 'X']
    """
    (whole,) = tokenizer.tokenize([text]).to_list()
    in_characters = isinstance(tokenizer, CharacterTokenizer)
    words: list[str] = []
    for place, part in enumerate(tokenizer.apart(text)):
        symbol = place % 2 == 1
        words += [part] if symbol else list(part) if in_characters else part.split()
    if in_characters:
        return words
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
