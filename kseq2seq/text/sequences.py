"""Text as rows of ids, at both ends of a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol, Self

import tensorflow as tf

from kseq2seq.checks import shown
from kseq2seq.contracts.saved import Saved
from kseq2seq.contracts.source import Source
from kseq2seq.contracts.target import Target, drawn
from kseq2seq.disk.files import read_field
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text.sentencepiece import SentencePieceTokenizer
from kseq2seq.text.tokenizer import Tokenizer


class Tokens(Protocol):
    """Whatever turns strings into rows of ids; both sides of text do, and so may your own class.

    Attributes:
        max_length: the longest row a model takes, `end` included.
        tokenizer: the tokenizer of the ids; `tokenizer.special` is its `SpecialTokens`.
    """

    max_length: int
    tokenizer: Any

    def tokens(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """Returns int32 ids (N, None), each row closed by `end`, for N strings."""


class TextSequences(Saved):
    """Mixed into the sources and targets that are sequences of tokens, each closed by `end`."""

    tokenizer: Tokenizer
    max_length: int
    special: Any  # `SpecialTokens`

    def take(self, tokenizer: Any) -> None:
        """Sets the tokenizer and its special ids.

        Raises:
            TypeError: it is not a tokenizer.
        """
        needed = ("tokenize", "detokenize", "special", "vocabulary_size")
        if isinstance(tokenizer, type) or not all(hasattr(tokenizer, name) for name in needed):
            do = "Put one of KerasHub into a BackboneTokenizer."
            if isinstance(tokenizer, str | os.PathLike):
                do = f"Load a saved one by load_tokenizer({os.fspath(tokenizer)!r:.80})."
            elif isinstance(tokenizer, type):
                do = "Pass an instance of it."
            raise TypeError(
                "`tokenizer` must be a Tokenizer, for example ByteTokenizer(); got "
                f"{shown(tokenizer)}. {do}"
            )
        self.tokenizer = tokenizer
        self.special = tokenizer.special

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
        """Counts the unknown tokens of texts; see `Source.lacking`.

        Spaces carry no meaning: a text of unknown tokens and spaces is unknown as a whole.

        Args:
            tokens: (N, None) ids of the texts, each row closed by `end`.
            texts: (N,) UTF-8 strings.
        """
        special = self.special
        words = self.tokenizer.words() if hasattr(self.tokenizer, "words") else []
        spaces = [token for token, word in enumerate(words) if not word.strip()]
        silent = tf.constant([*spaces, special.end, special.start, special.padding], tf.int32)
        # 1. Of each token: is it unknown, and does it carry meaning?
        unknown = tokens == special.unknown
        blank = tf.reduce_any(tokens.flat_values[:, None] == silent, axis=1)
        known = tokens.with_flat_values(~blank & ~unknown.flat_values)

        # 2. Of each text: has it an unknown token, and does no other carry meaning?
        some = tf.reduce_any(unknown, axis=1)
        whole = some & ~tf.reduce_any(known, axis=1)
        units, rows = (tf.math.count_nonzero(flags) for flags in (unknown.flat_values, whole))
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
                    f"limit is {self.max_length}. Shorten it, or split it into sentences."
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
        tokenizer = Tokenizer.load(directory / f"{cls.side}_tokenizer")
        return super().from_files(directory, {**config, "tokenizer": tokenizer}, path)


class TokenRows(Source):
    """The base of sources that are ids: rows of a data set carry them, so each is made once.

    A subclass has `tokens`, as `Tokens` describes it but for raws of any kind, and `special`.
    """

    unit = "tokens"
    least = 2  # `end` alone is nothing
    together = 256
    special: SpecialTokens

    def tokens(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """Returns int32 ids (B, None), each row closed by `end`, of B raws; in graph."""
        raise NotImplementedError(f"{type(self).__name__} must have `tokens`.")

    def rows(self, raws: Any, sample: bool = False) -> Any:
        """Returns what rows carry of B raws, uncut; in graph.

        By default `tokens`; else a tuple of ragged tensors (B, None) of which these are the first.
        """
        return self.tokens(raws, sample)

    def cut(self, rows: Any) -> Any:
        """Returns rows, `shortened` if `too_long` is "cut"; in graph."""
        return self.shortened(rows) if self.too_long == "cut" else rows

    def shortened(self, rows: Any) -> Any:
        """Returns rows of at most `max_length` ids, whatever `too_long` is; in graph."""
        long = rows.row_lengths() > self.max_length
        ends = tf.fill([rows.nrows(), 1], self.special.end)
        beginnings = tf.concat([rows[:, : self.max_length - 1], ends], axis=1)
        count = rows.nrows()  # row n of the uncut ones is row n of both, cut it is row N + n
        order = tf.range(count) + count * tf.cast(long, count.dtype)
        return tf.gather(tf.concat([rows, beginnings], axis=0), order)

    def prepare(self, packed: tf.Tensor, room: Any, sample: bool = False) -> tuple[Any, ...]:
        """See `Source`; `rows`, cut if `too_long` says so."""
        raws = self.unpack(packed)
        longest = tf.minimum(self.max_length, room)
        rows = drawn(self.rows, raws, longest) if sample else self.rows(raws)
        lengths = tf.cast(tf.nest.flatten(rows)[0].row_lengths(), tf.int32)
        return self.cut(rows), lengths, self.empty(raws, lengths)

    def assemble(
        self, rows: tf.RaggedTensor, count: Any, units: Any, training: bool = False
    ) -> dict[str, tf.Tensor]:
        """See `Source`; missing rows are one `end`."""
        missing = count - tf.shape(rows.row_lengths())[0]
        shape = tf.cast(tf.stack([-1, units]), tf.int64)
        ids = rows.to_tensor(self.special.padding, shape=shape)
        first = tf.zeros([missing], tf.int32)
        ended = tf.one_hot(first, units, self.special.end, self.special.padding)
        lengths = tf.pad(rows.row_lengths(), [[0, missing]], constant_values=1)
        return {
            "source": tf.concat([ids, ended], axis=0),
            "source_mask": tf.sequence_mask(lengths, units),
        }


class _TokensSource(TokenRows):
    """A source made of an object with `tokens` alone."""

    def __init__(self, of: Tokens):
        super().__init__(of.max_length)
        self.of = of
        self.special = of.tokenizer.special
        self.vocabulary_size = getattr(of.tokenizer, "vocabulary_size", None)
        self.spec = {"source": ((None,), "int32"), "source_mask": ((None,), "int32")}
        self.raw = tf.TensorSpec([None], tf.string, name="texts")

    def tokens(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        return self.of.tokens(texts, sample=sample)

    def pack(self, raw: str) -> bytes:
        return raw.encode()

    def unpack(self, packed: tf.Tensor) -> tf.Tensor:
        return packed

    def lengths(self, raws: Any) -> tf.Tensor:
        return tf.cast(self.tokens(raws).row_lengths(), tf.int32)

    def lacking(self, rows: tf.RaggedTensor, packed: tf.Tensor) -> tuple[tf.Tensor, ...] | None:
        lacking = getattr(self.of, "lacking", None)
        return lacking(rows, packed) if lacking else None

    def __call__(self, raws: Any, training: bool = False) -> dict[str, tf.Tensor]:
        rows = self.tokens(raws, sample=training)
        return self.assemble(rows, tf.shape(raws)[0], tf.cast(rows.bounding_shape(1), tf.int32))

    def fixed(self, units: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        raise NotImplementedError("Make a TextSource of it.")


class _TokensTarget(Target):
    """A target made of an object with `tokens` alone."""

    def __init__(self, of: Tokens):
        super().__init__(of.max_length)
        self.of = of
        self.special = of.tokenizer.special
        self.size = getattr(of.tokenizer, "vocabulary_size", 0)

    def ids(self, raws: Any, training: bool = False) -> tf.RaggedTensor:
        tokens = self.of.tokens
        return drawn(tokens, raws, self.max_length) if training else tokens(raws)

    def lacking(self, ids: tf.RaggedTensor, raws: tf.Tensor) -> tuple[tf.Tensor, ...] | None:
        lacking = getattr(self.of, "lacking", None)
        return lacking(ids, raws) if lacking else None

    def read(self, ids: Any) -> tf.Tensor:
        return self.of.tokenizer.detokenize(ids)

    def labels(self, ids: Any) -> list[list[str]]:
        return self.of.tokenizer.pieces(ids)


def as_source(side: Any) -> Source:
    """Returns a source as it is; of an object with `tokens` alone, a source that uses it.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(side, Source):
        return side
    if not hasattr(side, "tokens"):
        raise TypeError(
            f"`source` must be a Source, for example a TextSource; got {type(side).__name__} "
            f"{side!r:.60}."
        )
    return _TokensSource(side)


def as_target(side: Any) -> Target:
    """Returns a target as it is; of an object with `tokens`, a target that uses it.

    A source of text has `tokens`, so an encoder can be trained on sources alone, each its own
    target.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(side, Target):
        return side
    if not hasattr(side, "tokens"):
        raise TypeError(
            f"`target` must be a Target, for example a TextTarget; got {type(side).__name__} "
            f"{side!r:.60}."
        )
    return _TokensTarget(side)
