"""Which tokens make a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from kseq2seq.special_tokens import SpecialTokens

BLANK = "␣"
_MARK = "▁"  # U+2581, by which SentencePiece starts words
_GLUE = "##"  # by which WordPiece continues them
_UNKNOWN = "<unknown>"
_APART = {f"<{name}>" for name in SpecialTokens._fields} - {_UNKNOWN}
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_UNSPACED = ("CJK ", "HIRAGANA ", "KATAKANA", "THAI ", "LAO ", "KHMER ", "MYANMAR ")


def find_words(tokens: Sequence[str]) -> tuple[list[str], list[int]]:
    """Finds the words that tokens make, by the marks that tokenizers leave in their pieces.

    A word starts at "▁" (SentencePiece) or at white space (bytes, characters, byte pairs), or where
    a piece has no "##" (WordPiece). Bytes are read as the characters they spell. Special tokens
    stand alone, except `<unknown>`, which may be part of a word. Where a script has no spaces
    (Chinese, Japanese, Thai...) every piece is a word, as it is where no token has a mark.

    Args:
        tokens: the pieces of one text, as `Tokenizer.pieces` names them.

    Returns:
        (labels, starts): for each word what it says, and the index of its first token.

    Example:
        >>> from kseq2seq.plot.words import find_words
        >>> find_words(["▁A", "▁trans", "form", "er", ".", "<end>"])
        (['A', 'transformer.', '<end>'], [0, 1, 5])
        >>> find_words(["qu", "##ick", "fox"])
        (['quick', 'fox'], [0, 2])
    """
    pieces, indices = _characters(tokens)
    spaced = any(_opens(piece) for piece in pieces)
    glued = not spaced and any(_continues(piece) for piece in pieces)
    words: list[list[str]] = []
    starts: list[int] = []
    for piece, index in zip(pieces, indices, strict=True):
        before = words[-1][-1] if words else ""
        if not words or piece in _APART or before in _APART:
            begins = True
        elif spaced:
            begins = bool(_bare(words[-1])) and (_opens(piece) or _unspaced(before, piece))
        else:
            begins = not (glued and _continues(piece))
        if begins:
            words.append([piece])
            starts.append(index)
        else:
            words[-1].append(piece.removeprefix(_GLUE) if glued else piece)
    return [_label(word) for word in words], starts


def _characters(tokens: Sequence[str]) -> tuple[list[str], list[int]]:
    """The tokens, with bytes that spell a character joined; and the index where each begins."""
    pieces, indices = [], []
    index = 0
    while index < len(tokens):
        piece, count = _spelled(tokens[index : index + 4])
        pieces.append(piece)
        indices.append(index)
        index += count
    return pieces, indices


def _spelled(tokens: Sequence[str]) -> tuple[str, int]:
    """The character that the first tokens spell, and their number; else the first token and 1."""
    data = b""
    for count, token in enumerate(tokens, 1):
        byte = _BYTE.fullmatch(token)
        if not byte:
            break
        data += bytes.fromhex(byte[1])
        try:
            return data.decode(), count
        except UnicodeDecodeError:  # not yet whole, or never
            continue
    return tokens[0], 1


def _opens(piece: str) -> bool:
    return piece[:1] == _MARK or piece[:1].isspace()


def _continues(piece: str) -> bool:
    return piece.startswith(_GLUE) and piece != _GLUE


def _unspaced(before: str, piece: str) -> bool:
    """Whether words meet here without a space, by the scripts on both sides."""
    if not before or not piece or unicodedata.category(piece[0]).startswith("M"):
        return False
    return any(unicodedata.name(x, "").startswith(_UNSPACED) for x in (before[-1], piece[0]))


def _bare(pieces: Sequence[str]) -> str:
    return "".join(pieces).replace(_MARK, " ").strip()


def _label(pieces: list[str]) -> str:
    word = _bare(pieces) or BLANK
    return word if word == _UNKNOWN else word.replace(_UNKNOWN, "\ufffd")
