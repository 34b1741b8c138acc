"""Rows of ids as a source and as a target, whatever makes the ids."""

from __future__ import annotations

from typing import Any, Protocol

import tensorflow as tf

from kseq2seq.contracts.drawn import drawn, rows_where
from kseq2seq.contracts.source import Source
from kseq2seq.contracts.target import Target
from kseq2seq.special_tokens import SpecialTokens


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

    def prepare(self, packed: tf.Tensor, room: Any, sample: bool = False) -> tuple[Any, ...]:
        """See `Source`; ids (B, None), cut if `too_long` says so."""
        raws = self.unpack(packed)
        longest = tf.minimum(self.max_length, room)
        tokens = drawn(self.tokens, raws, longest) if sample else self.tokens(raws)
        lengths = tf.cast(tokens.row_lengths(), tf.int32)
        return self.cut(tokens), lengths, self.empty(raws, lengths)

    def cut(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns ids (B, None) of at most `max_length` where `too_long` is "cut", in graph."""
        if self.too_long != "cut":
            return tokens
        long = tokens.row_lengths() > self.max_length
        ends = tf.fill([tokens.nrows(), 1], self.special.end)
        beginnings = tf.concat([tokens[:, : self.max_length - 1], ends], axis=1)
        return rows_where(long, beginnings, tokens)

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
