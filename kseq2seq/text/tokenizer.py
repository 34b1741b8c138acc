"""The base of all tokenizers: text to ids and back, in a graph, saved in open formats."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import Any, ClassVar

import tensorflow as tf

from kseq2seq.checks import checked_text, shown
from kseq2seq.contracts.saved import Saved
from kseq2seq.registry import Registry
from kseq2seq.special_tokens import REPLACEMENT as REPLACEMENT
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text.symbols import SPECIAL_NAMES, Symbols

TOKENIZERS: Registry = Registry("tokenizer", "kseq2seq.text.register_tokenizer")
_FORMAT = "format_version"
_OLDER_NAMES = {"_tokenize": "to_ids", "_detokenize": "to_texts", "_piece": "piece"}
_THEIRS = {  # our attributes, and how other tokenizers call them
    "tokenize": "encode batch_encode encode_batch batch_encode_plus",
    "detokenize": "decode batch_decode decode_batch",
    "vocabulary_size": "vocab_size get_vocab_size get_piece_size",
    "words()": "vocab vocabulary get_vocab get_vocabulary",
    "pieces([[id]])": "id_to_token id_to_piece convert_ids_to_tokens",
    "special.padding": "pad_id pad_token_id",
    "special.start": "bos_id bos_token_id start_token_id",
    "special.end": "eos_id eos_token_id end_token_id",
    "special.unknown": "unk_id unk_token_id",
    "save(directory)": "save_pretrained",
}


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


class Tokenizer(Saved):
    """Turns UTF-8 text into token ids and back, inside a graph.

    A tokenizer is a `tf.Module`: as an attribute of an exported module its resources go with it.
    Whatever the vocabulary lacks becomes the id `special.unknown`, and that id becomes U+FFFD
    when read back, so a loss is always visible.

    A tokenizer of your own defines `vocabulary_size`, `to_ids`, `to_texts`, `piece` and `config`,
    and is registered, so it can be loaded wherever the module that defines it was imported. If its
    constructor takes `symbols` and hands them on, they are its last ids, which `vocabulary_size`
    counts; its methods never see them. One with files beside its settings overrides `write_files`
    and `from_files` as well.

    Args:
        symbols: strings that are one token each, wherever they stand in a text.

    Raises:
        TypeError: a symbol is not a string.
        ValueError: a symbol is empty, given twice, or names a special token.

    Example:
        >>> import tempfile
        >>> from kseq2seq.text import Tokenizer, load_tokenizer, register_tokenizer
        >>> @register_tokenizer("code_points")
        ... class CodePoints(Tokenizer):
        ...     '''Gives each character its code point, after the special ids.'''
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

    side = "tokenizer"
    registry = TOKENIZERS
    class_field = "python_class"
    later: ClassVar[Mapping[str, int]] = {"symbols": 2}
    special: SpecialTokens = SpecialTokens()
    _symbols: Symbols | None = None

    def __init__(self, symbols: Iterable[str] = ()) -> None:
        super().__init__()
        listed = Symbols(symbols)
        self._symbols = listed if listed.names else None

    def __init_subclass__(cls, **options: Any) -> None:
        """Lets a subclass define `_tokenize`, `_detokenize` and `_piece`, the former names."""
        super().__init_subclass__(**options)
        for names in _OLDER_NAMES.items():
            for own, other in (names, reversed(names)):
                if own in vars(cls) and other not in vars(cls):
                    setattr(cls, other, vars(cls)[own])

    def __getattr__(self, name: str) -> Any:
        """Refuses an unknown attribute; for one that other tokenizers have it names ours."""
        ours = next((ours for ours, theirs in _THEIRS.items() if name in theirs.split()), None)
        hint = f". Use `{ours}`." if ours else ""
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")

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
        """Returns the parts of a text that are tokenized apart; see `Symbols.split`."""
        return self._symbols.split(text) if self._symbols else [text]

    def __call__(self, texts: Any, sample: bool = False) -> tf.Tensor | tf.RaggedTensor:
        """Returns the ids of one text or of several, with neither `start` nor `end`.

        Args:
            texts: one string, or (N,) strings.
            sample: see `tokenize`.

        Returns:
            int32 ids: a tensor (T,) of one text; of several what `tokenize` returns, ragged
            (N, None).

        Example:
            >>> from kseq2seq.text import ByteTokenizer
            >>> ByteTokenizer()("hi").numpy().tolist(), ByteTokenizer()(["hi", ""]).to_list()
            ([108, 109], [[108, 109], []])
        """
        single = isinstance(texts, str | bytes) or getattr(texts, "ndim", 1) == 0
        return self.tokenize([texts], sample)[0] if single else self.tokenize(texts, sample)

    def tokenize(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """Returns the ids of texts, with neither `start` nor `end`.

        Args:
            texts: (N,) UTF-8 strings.
            sample: draw one of the segmentations of each text, to vary training data, if the
                tokenizer has more than one.

        Returns:
            (N, None) int32 ids; a row is empty where the text is.

        Raises:
            TypeError: an item is not a string.
            ValueError: `texts` is not a vector, or one holds a lone surrogate.
        """
        if not tf.is_tensor(texts):
            texts = _strings(texts)
        texts = tf.convert_to_tensor(texts, tf.string)
        if texts.shape.rank != 1:
            raise ValueError(
                f"`texts` must be a vector (N,) of strings; got shape {texts.shape}. Put a single "
                "text in a list, or call the tokenizer itself."
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
            raise ValueError(
                f"`ids` must be (N, T) or ragged (N, None); got shape {ids.shape}. Put the ids of "
                "a single text in a list."
            )
        if isinstance(ids, tf.RaggedTensor):
            ids = ids.to_tensor(default_value=self.special.padding)
        ids = tf.cast(ids, tf.int64)
        inside = (ids >= 0) & (ids < self.vocabulary_size)
        ids = tf.where(inside, tf.cast(ids, tf.int32), self.special.unknown)
        ended = tf.cumsum(tf.cast(ids == self.special.end, tf.int32), axis=1) > 0
        silent = ended | (ids == self.special.padding) | (ids == self.special.start)
        ids = tf.ragged.boolean_mask(ids, ~silent)
        if self._symbols is None:
            return self.to_texts(ids)
        first = self.vocabulary_size - len(self._symbols.names)
        return self._symbols.detokenize(ids, first, self.to_texts)

    def pieces(self, ids: Iterable[Iterable[int]]) -> list[list[str]]:
        """Returns a readable string for each id, for example to label a plot; not in graph.

        Args:
            ids: (N, T) or ragged (N, None) integers: a tensor, an array or lists.

        Returns:
            As many strings as ids; special ones as `<end>`, those outside as `<unknown>`, symbols
            as they are.
        """
        rows = ids.to_list() if isinstance(ids, tf.RaggedTensor) else ids
        name_of = self._name_of
        return [[name_of(int(token)) for token in row] for row in rows]

    def words(self) -> list[str]:
        """Returns the text of each id, to look up in a list of words; not in graph.

        Returns:
            As many strings as ids. The mark that SentencePiece puts at the start of a word is
            left out, so a piece from inside a word reads like the word; the "##" that WordPiece
            puts there stays. Special ones are as in `pieces`.
        """
        return [self._named(token) for token in range(self.vocabulary_size)]

    @cached_property
    def _name_of(self) -> Callable[[int], str]:
        """The readable string of an id, made once and then looked up."""
        return cache(self._named)

    def _named(self, token: int) -> str:
        if not 0 <= token < self.vocabulary_size:
            token = self.special.unknown
        if token in self.special:
            return SPECIAL_NAMES[self.special.index(token)]
        symbols = self._symbols.names if self._symbols else ()
        symbol = token - self.vocabulary_size + len(symbols)
        return symbols[symbol] if symbol >= 0 else self.piece(token)

    def record(self) -> dict[str, Any]:
        """See `Saved`; with symbols, in the format that came with them."""
        config, symbols = self.config(), list(self.symbols)
        needed = {"type", self.class_field, _FORMAT}.intersection(config)
        if config.get("symbols", symbols) not in (symbols, self.symbols):
            needed.add("symbols")
        if needed:
            raise ValueError(
                f"The `config` of {type(self).__name__} must not have {sorted(needed)}, which "
                "tokenizer.json needs for itself. Rename the argument of the constructor."
            )
        if not symbols:
            return config
        return {_FORMAT: self.later["symbols"], **config, "symbols": symbols}

    @abstractmethod
    def to_ids(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """Returns the ids of texts, with neither `start` nor `end`; in graph.

        Args:
            texts: (N,) UTF-8 strings, without symbols.
            sample: draw a segmentation where there is more than one.

        Returns:
            (N, None) ids of any integer type; `unknown` for text outside the vocabulary.
        """

    @abstractmethod
    def to_texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Returns the texts of ids; in graph.

        Args:
            ids: (N, None) int32, all of them text or `unknown`, which reads as U+FFFD.

        Returns:
            (N,) valid UTF-8 strings.
        """

    @abstractmethod
    def piece(self, token: int) -> str:
        """Returns the readable string of an id of text; not in graph."""


def load_tokenizer(directory: str | os.PathLike[str]) -> Tokenizer:
    """Returns the tokenizer that `Tokenizer.save` wrote, of whatever class; see `Tokenizer.load`.

    Args:
        directory: what was given to `save`.

    Example:
        >>> import tempfile
        >>> from kseq2seq.text import ByteTokenizer, load_tokenizer
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     ByteTokenizer().save(directory)
        ...     tokenizer = load_tokenizer(directory)
        >>> tokenizer.tokenize(["hi"]).to_list()
        [[108, 109]]
    """
    return Tokenizer.load(directory)


def _strings(texts: Any) -> Any:
    """Returns texts of which a tensor can be made, or raises an error that names the wrong item."""
    if isinstance(texts, str | bytes) or getattr(texts, "ndim", 1) != 1:
        return texts  # its shape is refused
    if not isinstance(texts, Iterable):
        raise TypeError(f"texts must be a vector (N,) of strings; got {shown(texts)}.")
    texts = list(texts)
    for index, text in enumerate(texts):
        if not isinstance(text, bytes | list | tuple) and not tf.is_tensor(text):
            checked_text(text, f"Text {index}")
    return texts
