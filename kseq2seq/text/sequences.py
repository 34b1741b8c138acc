"""What the text at both ends of a model shares: a tokenizer, a limit, and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import tensorflow as tf

from kseq2seq.contracts.saved import Saved
from kseq2seq.disk.files import read_field
from kseq2seq.text.loading import load_tokenizer
from kseq2seq.text.sentencepiece import SentencePieceTokenizer
from kseq2seq.text.tokenizer import Tokenizer


class TextSequences(Saved):
    """Mixed into what turns raw text into sequences of tokens, each closed by `end`."""

    tokenizer: Tokenizer
    max_length: int

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

    def lacking(self, tokens: tf.RaggedTensor, texts: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Returns what the vocabulary lacks of these texts; see `Source.lacking`.

        Spaces say nothing: a text of unknown tokens and spaces is unknown as a whole.

        Args:
            tokens: (N, None) ids of the texts, each row closed by `end`.
            texts: (N,) UTF-8 strings.
        """
        special = self.tokenizer.special
        words = self.tokenizer.words() if hasattr(self.tokenizer, "words") else []
        blank = [token for token, word in enumerate(words) if not word.strip()]
        nothing = tf.constant([*blank, special.end, special.start, special.padding], tf.int32)
        lacks = tokens == special.unknown
        silent = tf.reduce_any(tokens.flat_values[:, None] == nothing, axis=1)
        says = tokens.with_flat_values(~silent & ~lacks.flat_values)
        some = tf.reduce_any(lacks, axis=1)
        whole = some & ~tf.reduce_any(says, axis=1)
        units, rows = (tf.math.count_nonzero(flags) for flags in (lacks.flat_values, whole))
        return units, rows, *(tf.boolean_mask(texts, flags)[:1] for flags in (whole, some))

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

    def fast(self) -> tuple[Any, int | None]:
        """Returns tensorflow-text's own tokenizer of the same model, for TFLite.

        Returns:
            (the `FastSentencepieceTokenizer`, the id of the space that texts may begin with, which
            it would write).

        Raises:
            ValueError: for another kind of tokenizer, or one with symbols.
        """
        if not isinstance(self.tokenizer, SentencePieceTokenizer):
            raise ValueError(
                "`strings=True` needs SentencePiece tokenizers; got "
                f"{type(self.tokenizer).__name__}. Leave it out: the tokenizer travels in the "
                "file, for the host to use."
            )
        symbols = self.tokenizer.symbols
        if symbols:
            raise ValueError(
                f"`strings=True` needs tokenizers without symbols; got {len(symbols)}, "
                f"{symbols[0]!r} first, which TFLite's operations don't keep whole. Leave it out: "
                "the tokenizer travels in the file, for the host to use."
            )
        import tensorflow_text

        fast = tensorflow_text.FastSentencepieceTokenizer(model=self.tokenizer.model)
        return fast, self.tokenizer.leading_space

    def config(self) -> dict[str, Any]:
        """See `Saved`; the tokenizer has files of its own."""
        return {"max_length": self.max_length}

    def write_files(self, directory: Path) -> None:
        """See `Saved`; writes the tokenizer's folder."""
        self.tokenizer.save(directory / f"{self.side}_tokenizer")

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """See `Saved`."""
        read_field(config, "max_length", int, path)
        tokenizer = load_tokenizer(directory / f"{cls.side}_tokenizer")
        return super().from_files(directory, {**config, "tokenizer": tokenizer}, path)
