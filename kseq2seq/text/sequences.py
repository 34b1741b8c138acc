"""What the text at both ends of a model shares: a tokenizer, a limit, and files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar, Self

import tensorflow as tf

from kseq2seq.disk import settle, whole_files
from kseq2seq.text.files import read_field, read_json, write_json
from kseq2seq.text.loading import load_tokenizer
from kseq2seq.text.tokenizer import Tokenizer


class TextSequences(tf.Module):
    """Turns raw text into sequences of tokens, each closed by `end`.

    Args:
        tokenizer: what cuts the text.
        max_length: the most tokens of a sequence, `end` included. Nothing is ever cut to it:
            `check` refuses what is longer.

    Raises:
        ValueError: `max_length` is less than 1.
    """

    side: ClassVar[str]

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        super().__init__()
        if max_length < 1:
            raise ValueError(f"max_length must be at least 1, got {max_length}.")
        self.tokenizer = tokenizer
        self.max_length = max_length

    def tokens(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """Returns the tokens of texts, closed by `end`, so no row is ever empty; in graph.

        Args:
            texts: (N,) UTF-8 strings.
            sample: draw a segmentation where the tokenizer has more than one.

        Returns:
            (N, None) int32 ids.
        """
        ids = self.tokenizer.tokenize(texts, sample)
        return tf.concat([ids, tf.fill([ids.nrows(), 1], self.tokenizer.special.end)], axis=1)

    def lengths(self, texts: Any) -> tf.Tensor:
        """Returns how many tokens texts have, `end` included; in graph.

        Args:
            texts: (N,) UTF-8 strings.

        Returns:
            (N,) int32 lengths in tokens.
        """
        return tf.cast(self.tokens(texts).row_lengths(), tf.int32)

    def check(self, texts: Any) -> None:
        """Refuses texts of more than `max_length` tokens; not in graph.

        Args:
            texts: (N,) UTF-8 strings.

        Raises:
            ValueError: a text is too long; the message names the first.
        """
        for index, length in enumerate(self.lengths(texts).numpy()):
            if length > self.max_length:
                raise ValueError(
                    f"{self.side} text {index} has {length} tokens, its end included, and the "
                    f"limit is {self.max_length}; shorten it or split it into sentences."
                )

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Writes the side's JSON and its tokenizer's folder; both sides may share a directory.

        They appear there all together or not at all; what else the directory holds stays.

        Args:
            directory: where to write, made where needed.
        """
        with whole_files(Path(directory)) as scratch:
            path = scratch / f"{self.side}.json"
            write_json(path, {"type": "text", "max_length": self.max_length})
            self.tokenizer.save(scratch / f"{self.side}_tokenizer")

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> Self:
        """Returns what `save` wrote.

        Args:
            directory: what was given to `save`.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file is truncated, malformed, or of a newer format version.
        """
        settle(Path(directory))
        path = Path(directory) / f"{cls.side}.json"
        record = read_json(path)
        if record.get("type") != "text":
            raise ValueError(f"{path} has type {record.get('type')!r}, expected 'text'.")
        tokenizer = load_tokenizer(path.with_name(f"{cls.side}_tokenizer"))
        return cls(tokenizer, read_field(record, "max_length", int, path))
