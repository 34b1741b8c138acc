"""Text to ids and back: the same ids and texts as the tokenizers that models are trained with."""

from __future__ import annotations

import hashlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from kseq2seq_runtime.bundle import AGAIN, Bundle
from kseq2seq_runtime.fields import read_field, read_object
from kseq2seq_runtime.jamo import composed, spelled
from kseq2seq_runtime.record import SpecialTokens
from kseq2seq_runtime.symbols import Placeholders, Symbols
from kseq2seq_runtime.texts import checked

REPLACEMENT = "\ufffd"
SPECIAL = SpecialTokens()
LATER = {"symbols": 2}  # fields of `tokenizer.json`, and the formats they came with


class Tokenizer(ABC):
    """Turns a text into ids and back.

    Args:
        symbols: strings that are one token each, wherever they stand in a text; the last ids.

    Raises:
        ValueError: a symbol is no string, empty or given twice.
    """

    def __init__(self, symbols: Sequence[str] = ()):
        self._symbols = Symbols(symbols)

    @property
    @abstractmethod
    def vocabulary_size(self) -> int:
        """How many ids there are, the special ones included."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The strings that are one token each, wherever they stand in a text."""
        return self._symbols.names

    @property
    def symbol_ids(self) -> dict[str, int]:
        """The id of each symbol."""
        return {name: self._first + index for index, name in enumerate(self.symbols)}

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text, with neither `start` nor `end`.

        Raises:
            TypeError: `text` is no string.
            ValueError: it holds a lone surrogate.
        """
        return self._symbols.encode(checked(text, "The text"), self._first, self._encode)

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
        return self._symbols.decode(kept, self._first, self._decode)

    @property
    def _first(self) -> int:
        """The id of the first symbol."""
        return self.vocabulary_size - len(self._symbols.names)

    @abstractmethod
    def _encode(self, text: str) -> list[int]:
        """The ids of a text that UTF-8 can hold, without symbols."""

    @abstractmethod
    def _decode(self, ids: list[int]) -> str:
        """The text of ids that are all `unknown` or text, and no symbols."""


class ByteTokenizer(Tokenizer):
    """Gives each UTF-8 byte the id `byte + 4`.

    Args:
        symbols: as for `Tokenizer`.

    Example:
        >>> from kseq2seq_runtime.tokenizers import ByteTokenizer
        >>> ByteTokenizer().encode("né")
        [114, 199, 173]
        >>> ByteTokenizer().decode([114, 199, 173, 2, 114])
        'né'
    """

    @property
    def vocabulary_size(self) -> int:
        """260, the special tokens and the 256 bytes, and the symbols."""
        return len(SPECIAL) + 256 + len(self._symbols.names)

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
        symbols: as for `Tokenizer`.

    Raises:
        ValueError: there are none, or a lone surrogate; or a symbol makes no sense.

    Example:
        >>> from kseq2seq_runtime.tokenizers import CharacterTokenizer
        >>> CharacterTokenizer("abc").encode("cad")
        [6, 4, 3]
    """

    def __init__(self, characters: str, symbols: Sequence[str] = ()):
        super().__init__(symbols)
        self._characters = sorted(set(characters))
        if not characters or any("\ud800" <= character <= "\udfff" for character in characters):
            raise ValueError("The character set must be non-empty and contain no lone surrogates.")
        self._ids = {character: i + len(SPECIAL) for i, character in enumerate(self._characters)}

    @property
    def vocabulary_size(self) -> int:
        """The special tokens, the known characters and the symbols."""
        return len(SPECIAL) + len(self._characters) + len(self._symbols.names)

    def _encode(self, text: str) -> list[int]:
        return [self._ids.get(character, SPECIAL.unknown) for character in text]

    def _decode(self, ids: list[int]) -> str:
        known = [REPLACEMENT] * len(SPECIAL) + self._characters
        return "".join(known[i] for i in ids)


class JamoTokenizer(CharacterTokenizer):
    """A `CharacterTokenizer` that spells Hangul syllables by their conjoining letters.

    Example:
        >>> from kseq2seq_runtime.jamo import spelled
        >>> from kseq2seq_runtime.tokenizers import JamoTokenizer
        >>> tokenizer = JamoTokenizer(spelled("각나"))
        >>> tokenizer.decode(tokenizer.encode("낙"))
        '낙'
    """

    def _encode(self, text: str) -> list[int]:
        return super()._encode(spelled(text))

    def _decode(self, ids: list[int]) -> str:
        return composed(super()._decode(ids))


class WordTokenizer(Tokenizer):
    """Gives each of some words an id; white space of any kind stands between words.

    Args:
        words: the known words, in the order of their ids.
        symbols: as for `Tokenizer`.

    Raises:
        ValueError: there are no words, or one is empty, given twice, or holds white space; or a
            symbol makes no sense.

    Example:
        >>> from kseq2seq_runtime.tokenizers import WordTokenizer
        >>> WordTokenizer(["cat", "the"]).encode("the  dog")
        [5, 3]
    """

    def __init__(self, words: Sequence[str], symbols: Sequence[str] = ()):
        super().__init__(symbols)
        self._words = list(words)
        self._ids = {word: i + len(SPECIAL) for i, word in enumerate(self._words)}
        if not words or any(word.split() != [word] for word in self._words):
            raise ValueError("There must be at least one word, and no word with white space.")
        if len(self._ids) < len(self._words):
            raise ValueError("No word may be there twice.")

    @property
    def vocabulary_size(self) -> int:
        """The special tokens, the words and the symbols."""
        return len(SPECIAL) + len(self._words) + len(self._symbols.names)

    def _encode(self, text: str) -> list[int]:
        return [self._ids.get(word, SPECIAL.unknown) for word in text.split()]

    def _decode(self, ids: list[int]) -> str:
        known = [REPLACEMENT] * len(SPECIAL) + self._words
        return " ".join(known[i] for i in ids)


class SentencePieceTokenizer(Tokenizer):
    """Cuts a text into learned pieces, by the sentencepiece library.

    Args:
        model: a serialized SentencePiece model.
        symbols: user-defined pieces of it that are one token each, wherever they stand in a text.

    Raises:
        ValueError: it is not one, or its special ids are not 0, 1, 2 and 3; or it lacks a symbol.
    """

    def __init__(self, model: bytes, symbols: Sequence[str] = ()):
        super().__init__()
        import sentencepiece

        self._hidden = Placeholders(symbols) if symbols else None

        try:
            processor = sentencepiece.SentencePieceProcessor()
            processor.LoadFromSerializedProto(model)
            if self._hidden:
                processor.LoadFromSerializedProto(self._hidden.inside(model))
        except (RuntimeError, TypeError) as error:
            raise ValueError(f"This is not a SentencePiece model ({error}).") from error
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
        """How many pieces the model has, the special ones and the symbols included."""
        return self._processor.vocab_size()

    @property
    def symbols(self) -> tuple[str, ...]:
        """See `Tokenizer`."""
        return self._hidden.symbols.names if self._hidden else ()

    @property
    def symbol_ids(self) -> dict[str, int]:
        """See `Tokenizer`."""
        pieces = {name: self._hidden.put(name) for name in self.symbols} if self._hidden else {}
        return {name: self._processor.piece_to_id(piece) for name, piece in pieces.items()}

    def _encode(self, text: str) -> list[int]:
        return self._processor.encode(self._hidden.put(text) if self._hidden else text)

    def _decode(self, ids: list[int]) -> str:
        text = self._read(ids)
        return self._hidden.back(text) if self._hidden else text

    def _read(self, ids: list[int]) -> str:
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
    settings = read_object(bundle.file(name), where, LATER)
    kind = read_field(settings, "type", str, where)
    symbols = read_field({"symbols": [], **settings}, "symbols", list, where)

    def beside(file: str) -> bytes:
        content = bundle.file(f"{side}_tokenizer/{file}")
        if hashlib.sha256(content).hexdigest() != read_field(settings, "sha256", str, where):
            raise ValueError(f"{where}: {file} is not the one that belongs to it. {AGAIN}")
        return content

    try:
        if kind == "bytes":
            return ByteTokenizer(symbols)
        if kind in ("characters", "jamo"):
            made = JamoTokenizer if kind == "jamo" else CharacterTokenizer
            return made(read_field(settings, "characters", str, where), symbols)
        if kind == "words":
            lines = beside("words.txt").decode()
            return WordTokenizer(lines.removesuffix("\n").split("\n"), symbols)
        if kind == "sentencepiece":
            return SentencePieceTokenizer(beside("spm.model"), symbols)
    except ValueError as error:
        if where in str(error):
            raise
        raise ValueError(f"{where}: {error} {AGAIN}") from error
    raise ValueError(
        f"{where} has type {kind!r}, and this package has 'bytes', 'characters', 'jamo', "
        "'sentencepiece' and 'words'; others need TensorFlow. Make the ids yourself and give them "
        "to `Model(path).generate`, or export the pipeline as a SavedModel."
    )
