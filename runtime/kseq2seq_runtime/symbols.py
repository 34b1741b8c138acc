"""Strings that stay whole: each is one token, wherever it stands in a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

_FIRST = 0x108000  # the placeholder of the first symbol inside a SentencePiece model
_SPACE = "▁"
_REPLACEMENT = "\ufffd"


class Symbols:
    """Cuts symbols out of a text before a tokenizer sees the rest.

    Args:
        names: the symbols, in the order of their ids. If several begin at one character, the
            longest wins.

    Raises:
        ValueError: one is empty, not a string, or there twice.

    Example:
        >>> from kseq2seq_runtime.symbols import Symbols
        >>> Symbols(["<ko>", "<k"]).split("a<ko><ka")
        ['a', '<ko>', '', '<k', 'a']
    """

    def __init__(self, names: Sequence[str]):
        if not all(isinstance(name, str) and name for name in names):
            raise ValueError("Symbols must be strings that are not empty.")
        if len(set(names)) < len(names):
            raise ValueError("No symbol may be there twice.")
        self.names = tuple(names)
        self._indices = {name: index for index, name in enumerate(names)}
        longest_first = sorted(names, key=len, reverse=True)
        found = "|".join(map(re.escape, longest_first)) or "(?!)"
        self._found = re.compile(f"({found})")

    def split(self, text: str) -> list[str]:
        """Returns the parts of a text; those with odd indices are symbols."""
        return self._found.split(text)

    def encode(self, text: str, first: int, encode: Callable[[str], list[int]]) -> list[int]:
        """Returns the ids of a text, those of symbols from `first` on."""
        ids: list[int] = []
        for index, part in enumerate(self.split(text)):
            ids += [first + self._indices[part]] if index % 2 else encode(part)
        return ids

    def decode(self, ids: Iterable[int], first: int, decode: Callable[[list[int]], str]) -> str:
        """Returns the text of ids, with nothing between a symbol and others."""
        texts: list[str] = []
        run: list[int] = []
        for token in ids:
            if token < first:
                run.append(token)
            else:
                texts += [decode(run), self.names[token - first]]
                run = []
        return "".join([*texts, decode(run)])


class Placeholders:
    """Puts a character for private use in the place of each symbol, and the symbol back.

    Args:
        names: the symbols.

    Raises:
        ValueError: as for `Symbols`.

    Example:
        >>> from kseq2seq_runtime.symbols import Placeholders
        >>> placeholders = Placeholders(["<ko>"])
        >>> placeholders.put("a<ko>"), placeholders.back(placeholders.put("a<ko>"))
        ('a\U00108000', 'a<ko>')
    """

    def __init__(self, names: Sequence[str]):
        self.symbols = Symbols(names)
        self._characters = {name: chr(_FIRST + index) for index, name in enumerate(names)}
        self._names = {ord(character): name for name, character in self._characters.items()}
        self._lost = dict.fromkeys(self._names, _REPLACEMENT)

    def put(self, text: str) -> str:
        """Returns a text with the placeholders of its symbols."""
        parts = self.symbols.split(text.translate(self._lost))
        parts[1::2] = [self._characters[name] for name in parts[1::2]]
        return "".join(parts)

    def back(self, text: str) -> str:
        """Returns a text with the symbols of its placeholders."""
        return text.translate(self._names)

    def inside(self, model: bytes) -> bytes:
        """Returns a SentencePiece model with the placeholders as its user-defined pieces.

        Raises:
            ValueError: the model lacks a symbol.
        """
        from sentencepiece import sentencepiece_model_pb2 as messages

        proto: Any = vars(messages)["ModelProto"].FromString(model)
        own = {piece.piece: piece for piece in proto.pieces if piece.type == piece.USER_DEFINED}
        for name, character in self._characters.items():
            names = (character, name.replace(" ", _SPACE), name)
            known = next((one for one in names if one in own), None)
            if known is None:
                raise ValueError(f"The SentencePiece model has no piece for the symbol {name!r}.")
            own.pop(known).piece = character
        return proto.SerializeToString()
