"""What every tokenizer is: text to ids and back, in graph operations, saved in open formats."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Self

import tensorflow as tf

from kseq2seq.checks import checked_text, shown
from kseq2seq.disk import whole_files
from kseq2seq.disk.files import write_json
from kseq2seq.registry import Registry
from kseq2seq.special_tokens import REPLACEMENT as REPLACEMENT
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text.symbols import SPECIAL_NAMES, Symbols

TOKENIZERS: Registry = Registry("tokenizer", "kseq2seq.text.register_tokenizer")
CLASS = "python_class"  # where a type was defined, which is shown where it is not known
FORMAT, LATER = "format_version", {"symbols": 2}  # fields, and the formats they came with
_RESERVED = {"type", CLASS, FORMAT}
_OLDER_NAMES = {"_tokenize": "to_ids", "_detokenize": "to_texts", "_piece": "piece"}


def register_tokenizer(name: str) -> Callable[[type], type]:
    """Returns a decorator that makes a `Tokenizer` of your own known to `load_tokenizer`.

    Args:
        name: what its files call it; choose it to stay.

    Raises:
        ValueError: the name is taken by another class, or no word.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, register_tokenizer
        >>> @register_tokenizer("my_bytes")
        ... class MyBytes(ByteTokenizer):
        ...     pass
        >>> MyBytes.kind
        'my_bytes'
    """
    return TOKENIZERS.register(name)


class Tokenizer(tf.Module, ABC):
    """Turns UTF-8 text into token ids and back, inside a graph.

    A tokenizer is a `tf.Module`: as an attribute of an exported module its resources go with it.
    Whatever the vocabulary lacks becomes the id `special.unknown`, and that id becomes U+FFFD
    when read back, so a loss is always visible.

    A tokenizer of your own defines `vocabulary_size`, `to_ids`, `to_texts`, `piece` and `config`,
    and is registered, so that what was saved with it is loaded wherever the module that defines it
    was imported. If its constructor takes `symbols` and hands them on, they are its last ids, which
    `vocabulary_size` counts; its methods never see them. One that has files beside its settings
    overrides `write_files` and `from_files`, too.

    Args:
        symbols: strings that are one token each, wherever they stand in a text.

    Raises:
        TypeError: a symbol is no string.
        ValueError: a symbol is empty, given twice, or names a special token.

    Example:
        >>> import tempfile
        >>> from kseq2seq.text import Tokenizer, load_tokenizer, register_tokenizer
        >>> @register_tokenizer("code_points")
        ... class CodePoints(Tokenizer):
        ...     '''Gives each character its code point, behind the special ids.'''
        ...
        ...     vocabulary_size = 4 + 0x110000
        ...
        ...     def to_ids(self, texts, sample=False):
        ...         return tf.strings.unicode_decode(texts, "UTF-8") + 4
        ...
        ...     def to_texts(self, ids):
        ...         return tf.strings.unicode_encode(ids - 4, "UTF-8")
        ...
        ...     def piece(self, token):
        ...         return chr(token - 4)
        ...
        ...     def config(self):
        ...         return {}
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     CodePoints().save(directory)
        ...     tokenizer = load_tokenizer(directory)
        >>> tokenizer.tokenize(["hé"]).to_list()
        [[108, 237]]
    """

    kind: ClassVar[str]
    special: SpecialTokens = SpecialTokens()
    _symbols: Symbols | None = None

    def __init__(self, symbols: Iterable[str] = ()) -> None:
        super().__init__()
        made = Symbols(symbols)
        self._symbols = made if made.names else None

    def __init_subclass__(cls, **options: Any) -> None:
        """Lets a subclass define `_tokenize`, `_detokenize` and `_piece`, the names of before."""
        super().__init_subclass__(**options)
        for older, name in _OLDER_NAMES.items():
            for given, other in ((older, name), (name, older)):
                if given in vars(cls) and other not in vars(cls):
                    setattr(cls, other, vars(cls)[given])

    @property
    @abstractmethod
    def vocabulary_size(self) -> int:
        """How many ids there are, the special ones and the symbols included."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The strings that are one token each, wherever they stand in a text."""
        return self._symbols.names if self._symbols else ()

    @property
    def symbol_ids(self) -> dict[str, int]:
        """The id of each symbol."""
        first = self.vocabulary_size - len(self.symbols)
        return {name: first + index for index, name in enumerate(self.symbols)}

    def apart(self, text: str) -> list[str]:
        """Returns the parts of a text that are tokenized on their own; not in graph.

        Those in odd places are symbols.

        Example:
            >>> from kseq2seq.text import ByteTokenizer
            >>> ByteTokenizer(["<ko>"]).apart("a<ko>b")
            ['a', '<ko>', 'b']
        """
        return self._symbols.split(text) if self._symbols else [text]

    def tokenize(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """Returns the ids of texts, with neither `start` nor `end`.

        Args:
            texts: (N,) UTF-8 strings.
            sample: draw one of the segmentations of each text, as training data is varied, where
                the tokenizer has more than one; the others take no notice.

        Returns:
            (N, None) int32 ids; a row is empty where the text is.

        Raises:
            TypeError: an item is no string.
            ValueError: `texts` is not a vector, or one holds a lone surrogate.
        """
        if not tf.is_tensor(texts):
            texts = _strings(texts)
        texts = tf.convert_to_tensor(texts, tf.string)
        if texts.shape.rank != 1:
            raise ValueError(
                f"texts must be a vector (N,) of strings, got shape {texts.shape}; "
                "put a single text in a list."
            )

        def to_ids(texts: tf.Tensor) -> tf.RaggedTensor:
            ids = self.to_ids(texts, sample)
            return tf.cast(ids, tf.int32).with_row_splits_dtype(tf.int64)

        if self._symbols is None:
            return to_ids(texts)
        first = self.vocabulary_size - len(self._symbols.names)
        return self._symbols.tokenize(texts, first, to_ids)

    def detokenize(self, ids: Any) -> tf.Tensor:
        """Returns the texts of ids, each up to its first `end`.

        `padding` and `start` are left out; `unknown`, and ids outside the vocabulary, become
        U+FFFD.

        Args:
            ids: (N, T) or ragged (N, None) integers.

        Returns:
            (N,) valid UTF-8 strings.

        Raises:
            ValueError: `ids` is not a matrix.
        """
        if not isinstance(ids, tf.RaggedTensor):
            ids = tf.convert_to_tensor(ids)
        if ids.shape.rank != 2:
            raise ValueError(f"ids must be (N, T) or ragged (N, None), got shape {ids.shape}.")
        if isinstance(ids, tf.RaggedTensor):
            ids = ids.to_tensor(default_value=self.special.padding)
        ids = tf.cast(ids, tf.int64)
        inside = (ids >= 0) & (ids < self.vocabulary_size)
        ids = tf.where(inside, tf.cast(ids, tf.int32), self.special.unknown)
        ended = tf.cumsum(tf.cast(ids == self.special.end, tf.int32), axis=1) > 0
        silent = ended | (ids == self.special.padding) | (ids == self.special.start)
        said = tf.ragged.boolean_mask(ids, ~silent)
        if self._symbols is None:
            return self.to_texts(said)
        first = self.vocabulary_size - len(self._symbols.names)
        return self._symbols.detokenize(said, first, self.to_texts)

    def pieces(self, ids: Iterable[Iterable[int]]) -> list[list[str]]:
        """Returns a readable string for each id, as the labels of an attention plot; not in graph.

        Args:
            ids: (N, T) or ragged (N, None) integers: a tensor, an array or lists.

        Returns:
            As many strings as ids; special ones as `<end>`, those outside as `<unknown>`, symbols
            as they are.
        """
        rows = ids.to_list() if isinstance(ids, tf.RaggedTensor) else ids
        return [[self._named(int(token)) for token in row] for row in rows]

    def words(self) -> list[str]:
        """Returns the text of each id, to look up in a list of words; not in graph.

        Returns:
            As many strings as ids. The mark that SentencePiece puts at the start of a word is
            left out, so a piece from inside a word reads like the word; the "##" that WordPiece
            puts there stays. Special ones are as in `pieces`.
        """
        return self.pieces([range(self.vocabulary_size)])[0]

    def _named(self, token: int) -> str:
        if not 0 <= token < self.vocabulary_size:
            token = self.special.unknown
        if token in self.special:
            return SPECIAL_NAMES[self.special.index(token)]
        symbols = self._symbols.names if self._symbols else ()
        symbol = token - self.vocabulary_size + len(symbols)
        return symbols[symbol] if symbol >= 0 else self.piece(token)

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Writes `tokenizer.json`, and the files it needs, into a directory made where needed.

        They appear there all together or not at all; what else the directory holds stays.

        Args:
            directory: where to write; see `load_tokenizer`.

        Raises:
            ValueError: the class is not registered, so it could not be loaded; or its `config` has
                a name that `tokenizer.json` needs.
        """
        kind = TOKENIZERS.name_of(type(self))
        place = f"{type(self).__module__}.{type(self).__qualname__}"
        own = {} if place.startswith("kseq2seq.") else {CLASS: place}
        config = self.config()
        taken = _RESERVED.intersection(config)
        symbols = {"symbols": list(self.symbols)} if self.symbols else {}
        if config.get("symbols", self.symbols) not in (self.symbols, list(self.symbols)):
            taken.add("symbols")
        if taken:
            raise ValueError(
                f"The `config` of {type(self).__name__} must not have {sorted(taken)}, which "
                "tokenizer.json needs for itself. Rename the argument of the constructor."
            )
        version = {FORMAT: LATER["symbols"]} if symbols else {}
        with whole_files(Path(directory)) as scratch:
            self.write_files(scratch)
            path = scratch / "tokenizer.json"
            write_json(path, {**version, "type": kind, **own, **config, **symbols})

    @abstractmethod
    def to_ids(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """Returns the ids of texts, with neither `start` nor `end`; in graph.

        Args:
            texts: (N,) UTF-8 strings, without symbols.
            sample: draw a segmentation where there is more than one.

        Returns:
            (N, None) ids of any integer type; `unknown` for whatever the vocabulary lacks.
        """

    @abstractmethod
    def to_texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Returns the texts of ids; in graph.

        Args:
            ids: (N, None) int32, all of them text or `unknown`, which is U+FFFD in a text.

        Returns:
            (N,) valid UTF-8 strings.
        """

    @abstractmethod
    def piece(self, token: int) -> str:
        """Returns the readable string of an id of text; not in graph."""

    def config(self) -> dict[str, Any]:
        """Returns what the constructor takes, in JSON's own types; symbols may be left out.

        With `write_files` and `from_files`, what `from_files` needs instead.
        """
        raise NotImplementedError(f"{type(self).__name__} must have a `config`.")

    def write_files(self, directory: Path) -> None:
        """Writes what lies beside `tokenizer.json`; nothing by default."""

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """Returns the tokenizer of a configuration that was read from `path`.

        By default the constructor is given all of it, "symbols" too where there are some.

        Args:
            directory: has what `write_files` wrote.
            config: what `config` returned, and the symbols.
            path: of `tokenizer.json`, for messages.

        Raises:
            ValueError: the configuration does not describe one.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise ValueError(
                f"{path} does not describe a {cls.__name__} ({error}). Save it again."
            ) from error


def _strings(texts: Any) -> Any:
    """Returns what makes a tensor of strings, naming the item that does not."""
    if isinstance(texts, str | bytes) or getattr(texts, "ndim", 1) != 1:
        return texts  # its shape is refused
    if not isinstance(texts, Iterable):
        raise TypeError(f"texts must be a vector (N,) of strings; got {shown(texts)}.")
    texts = list(texts)
    for index, text in enumerate(texts):
        if not isinstance(text, bytes | list | tuple) and not tf.is_tensor(text):
            checked_text(text, f"Text {index}")
    return texts
