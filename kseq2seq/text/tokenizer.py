"""What every tokenizer is: text to ids and back, in graph operations, saved in open formats."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import tensorflow as tf

from kseq2seq.disk import whole_files
from kseq2seq.disk.files import write_json
from kseq2seq.raw import checked_text, shown
from kseq2seq.special_tokens import REPLACEMENT as REPLACEMENT
from kseq2seq.special_tokens import SpecialTokens


class Tokenizer(tf.Module, ABC):
    """Turns UTF-8 text into token ids and back, inside a graph.

    A tokenizer is a `tf.Module`: as an attribute of an exported module its resources go with it.
    Whatever the vocabulary lacks becomes the id `special.unknown`, and that id becomes U+FFFD
    when read back, so a loss is always visible.
    """

    kind: ClassVar[str]
    special: SpecialTokens = SpecialTokens()

    @property
    @abstractmethod
    def vocabulary_size(self) -> int:
        """How many ids there are, the special ones included."""

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
        ids = self._tokenize(texts, sample)
        return tf.cast(ids, tf.int32).with_row_splits_dtype(tf.int64)

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
        return self._detokenize(tf.ragged.boolean_mask(ids, ~silent))

    def pieces(self, ids: Iterable[Iterable[int]]) -> list[list[str]]:
        """Returns a readable string for each id, as the labels of an attention plot; not in graph.

        Args:
            ids: (N, T) or ragged (N, None) integers: a tensor, an array or lists.

        Returns:
            As many strings as ids; special ones as `<end>`, those outside as `<unknown>`.
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
            return f"<{self.special._fields[self.special.index(token)]}>"
        return self._piece(token)

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Writes `tokenizer.json`, and the files it needs, into a directory made where needed.

        They appear there all together or not at all; what else the directory holds stays.

        Args:
            directory: where to write; see `load_tokenizer`.
        """
        with whole_files(Path(directory)) as scratch:
            settings = self._save(scratch)
            write_json(scratch / "tokenizer.json", {"type": self.kind, **settings})

    @abstractmethod
    def _tokenize(self, texts: tf.Tensor, sample: bool) -> tf.RaggedTensor:
        """Ids of texts (N,), ragged (N, None) of any integer type."""

    @abstractmethod
    def _detokenize(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Texts of ids (N, None) that are all `unknown` or text."""

    @abstractmethod
    def _piece(self, token: int) -> str:
        """The readable string of an id of text."""

    @abstractmethod
    def _save(self, directory: Path) -> dict[str, Any]:
        """Writes the tokenizer's files and returns its settings for `tokenizer.json`."""

    @classmethod
    @abstractmethod
    def _load(cls, path: Path, settings: dict[str, Any]) -> Tokenizer:
        """The tokenizer of the settings read from `path`, its files lying beside it."""


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
