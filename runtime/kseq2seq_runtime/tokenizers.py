"""Text to ids and back: the same ids and texts as the tokenizers that models are trained with."""

from __future__ import annotations

import hashlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from kseq2seq_runtime.bundle import AGAIN, Bundle
from kseq2seq_runtime.fields import read_field, read_object
from kseq2seq_runtime.record import SpecialTokens
from kseq2seq_runtime.texts import checked

REPLACEMENT = "\ufffd"
SPECIAL = SpecialTokens()


class Tokenizer(ABC):
    """Turns a text into ids and back."""

    @property
    @abstractmethod
    def vocabulary_size(self) -> int:
        """How many ids there are, the special ones included."""

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text, with neither `start` nor `end`.

        Raises:
            TypeError: `text` is no string.
            ValueError: it holds a lone surrogate.
        """
        return self._encode(checked(text, "The text"))

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of ids, up to the first `end`.

        `padding` and `start` are left out; `unknown`, ids outside the vocabulary, and bytes that
        are not valid UTF-8 together become U+FFFD.
        """
        kept = []
        for token in ids:
            if token == SPECIAL.end:
                break
            if token not in (SPECIAL.padding, SPECIAL.start):
                kept.append(int(token) if 0 <= token < self.vocabulary_size else SPECIAL.unknown)
        return self._decode(kept)

    @abstractmethod
    def _encode(self, text: str) -> list[int]:
        """The ids of a text that UTF-8 can hold."""

    @abstractmethod
    def _decode(self, ids: list[int]) -> str:
        """The text of ids that are all `unknown` or text."""


class ByteTokenizer(Tokenizer):
    """Gives each UTF-8 byte the id `byte + 4`.

    Example:
        >>> from kseq2seq_runtime.tokenizers import ByteTokenizer
        >>> ByteTokenizer().encode("né")
        [114, 199, 173]
        >>> ByteTokenizer().decode([114, 199, 173, 2, 114])
        'né'
    """

    @property
    def vocabulary_size(self) -> int:
        """260: the special tokens and the 256 bytes."""
        return len(SPECIAL) + 256

    def _encode(self, text: str) -> list[int]:
        return [byte + len(SPECIAL) for byte in text.encode()]

    def _decode(self, ids: list[int]) -> str:
        lost = REPLACEMENT.encode()
        pieces = (lost if i == SPECIAL.unknown else bytes([i - len(SPECIAL)]) for i in ids)
        return b"".join(pieces).decode(errors="replace")


class CharacterTokenizer(Tokenizer):
    """Gives each code point of a known set an id, in code point order after the special tokens.

    Args:
        characters: the known characters, in any order.

    Raises:
        ValueError: there are none, or a lone surrogate.

    Example:
        >>> from kseq2seq_runtime.tokenizers import CharacterTokenizer
        >>> CharacterTokenizer("abc").encode("cad")
        [6, 4, 3]
    """

    def __init__(self, characters: str):
        self._characters = sorted(set(characters))
        if not characters or any("\ud800" <= character <= "\udfff" for character in characters):
            raise ValueError("The character set must be non-empty and contain no lone surrogates.")
        self._ids = {character: i + len(SPECIAL) for i, character in enumerate(self._characters)}

    @property
    def vocabulary_size(self) -> int:
        """The special tokens and the known characters."""
        return len(SPECIAL) + len(self._characters)

    def _encode(self, text: str) -> list[int]:
        return [self._ids.get(character, SPECIAL.unknown) for character in text]

    def _decode(self, ids: list[int]) -> str:
        known = [REPLACEMENT] * len(SPECIAL) + self._characters
        return "".join(known[i] for i in ids)


class SentencePieceTokenizer(Tokenizer):
    """Cuts a text into learned pieces, by the sentencepiece library.

    Args:
        model: a serialised SentencePiece model.

    Raises:
        ValueError: it is not one, or its special ids are not 0, 1, 2 and 3.
    """

    def __init__(self, model: bytes):
        import sentencepiece

        try:
            processor = sentencepiece.SentencePieceProcessor()
            processor.LoadFromSerializedProto(model)
        except (RuntimeError, TypeError) as error:
            raise ValueError(f"This is no SentencePiece model ({error}).") from error
        ids = (processor.pad_id(), processor.bos_id(), processor.eos_id(), processor.unk_id())
        if ids != SPECIAL:
            raise ValueError(
                f"A SentencePiece model must have {tuple(SPECIAL)} as its padding, start, end and "
                f"unknown ids; this one has {ids}."
            )
        self._processor = processor
        self._trims = not processor.normalize(" ")

    @property
    def vocabulary_size(self) -> int:
        """How many pieces the model has, the special ones included."""
        return self._processor.vocab_size()

    def _encode(self, text: str) -> list[int]:
        return self._processor.encode(text)

    def _decode(self, ids: list[int]) -> str:
        if self._trims:  # The library leaves out one space before the first word, kseq2seq all.
            ids = list(itertools.dropwhile(lambda token: not self._processor.decode([token]), ids))
        return self._processor.decode(ids)


def load_tokenizer(bundle: Bundle, side: str) -> Tokenizer:
    """Returns the tokenizer of one side of a model.

    Args:
        bundle: the opened file.
        side: "source" or "target".

    Raises:
        ValueError: its files are missing, malformed, or not its own; or it is of a type that needs
            TensorFlow.
    """
    name = f"{side}_tokenizer/tokenizer.json"
    where = f"{bundle.path}: {name}"
    settings = read_object(bundle.file(name), where)
    kind = read_field(settings, "type", str, where)
    if kind == "bytes":
        return ByteTokenizer()
    if kind == "characters":
        return _made(CharacterTokenizer, read_field(settings, "characters", str, where), where)
    if kind == "sentencepiece":
        model = bundle.file(f"{side}_tokenizer/spm.model")
        if hashlib.sha256(model).hexdigest() != read_field(settings, "sha256", str, where):
            raise ValueError(f"{where}: spm.model is not the one that belongs to it. {AGAIN}")
        return _made(SentencePieceTokenizer, model, where)
    raise ValueError(
        f"{where} has type {kind!r}, and this package has 'bytes', 'characters' and "
        "'sentencepiece'; others need TensorFlow. Make the ids yourself and give them to "
        "`Model(path).generate`, or export the pipeline as a SavedModel."
    )


def _made(kind: Callable[[Any], Tokenizer], content: Any, where: str) -> Tokenizer:
    try:
        return kind(content)
    except ValueError as error:
        raise ValueError(f"{where}: {error} {AGAIN}") from error
