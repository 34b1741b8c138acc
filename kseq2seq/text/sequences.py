"""Text as rows of ids, at both ends of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, Self

import tensorflow as tf

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
        tokenizer: what made the ids; `tokenizer.special` is its `SpecialTokens`.
    """

    max_length: int
    tokenizer: Any

    def tokens(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """Returns int32 ids (N, None), each row closed by `end`, for N strings."""


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
        """Returns rows of at most `max_length` ids if `too_long` is "cut"; in graph."""
        if self.too_long != "cut":
            return rows
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


class _GivenSource(TokenRows):
    """A source of what is `Tokens` and no more."""

    def __init__(self, given: Tokens):
        super().__init__(given.max_length)
        self.given = given
        self.special = given.tokenizer.special
        self.vocabulary_size = getattr(given.tokenizer, "vocabulary_size", None)
        self.spec = {"source": ((None,), "int32"), "source_mask": ((None,), "int32")}
        self.raw = tf.TensorSpec([None], tf.string, name="texts")

    def tokens(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        return self.given.tokens(texts, sample=sample)

    def pack(self, raw: str) -> bytes:
        return raw.encode()

    def unpack(self, packed: tf.Tensor) -> tf.Tensor:
        return packed

    def lengths(self, raws: Any) -> tf.Tensor:
        return tf.cast(self.tokens(raws).row_lengths(), tf.int32)

    def lacking(self, rows: tf.RaggedTensor, packed: tf.Tensor) -> tuple[tf.Tensor, ...] | None:
        lacking = getattr(self.given, "lacking", None)
        return lacking(rows, packed) if lacking else None

    def __call__(self, raws: Any, training: bool = False) -> dict[str, tf.Tensor]:
        rows = self.tokens(raws, sample=training)
        return self.assemble(rows, tf.shape(raws)[0], tf.cast(rows.bounding_shape(1), tf.int32))

    def fixed(self, places: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        raise NotImplementedError("Make a TextSource of it.")


class _GivenTarget(Target):
    """A target of what is `Tokens`, and no target."""

    def __init__(self, given: Tokens):
        super().__init__(given.max_length)
        self.given = given
        self.special = given.tokenizer.special
        self.size = getattr(given.tokenizer, "vocabulary_size", 0)

    def ids(self, raws: Any, training: bool = False) -> tf.RaggedTensor:
        tokens = self.given.tokens
        return drawn(tokens, raws, self.max_length) if training else tokens(raws)

    def lacking(self, ids: tf.RaggedTensor, raws: tf.Tensor) -> tuple[tf.Tensor, ...] | None:
        lacking = getattr(self.given, "lacking", None)
        return lacking(ids, raws) if lacking else None

    def read(self, ids: Any) -> tf.Tensor:
        return self.given.tokenizer.detokenize(ids)

    def labels(self, ids: Any) -> list[list[str]]:
        return self.given.tokenizer.pieces(ids)


def as_source(given: Any) -> Source:
    """Returns a source as it is, and one of what is only `Tokens`.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(given, Source):
        return given
    if not hasattr(given, "tokens"):
        raise TypeError(
            f"`source` must be a Source, for example a TextSource; got {type(given).__name__} "
            f"{given!r:.60}."
        )
    return _GivenSource(given)


def as_target(given: Any) -> Target:
    """Returns a target as it is, and one of what is only `Tokens`, as a source of text is.

    So an encoder can be trained on sources alone, each its own target.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(given, Target):
        return given
    if not hasattr(given, "tokens"):
        raise TypeError(
            f"`target` must be a Target, for example a TextTarget; got {type(given).__name__} "
            f"{given!r:.60}."
        )
    return _GivenTarget(given)
