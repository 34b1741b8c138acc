"""Raw text whose words are to be labeled as the input of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import Source, register_source
from kseq2seq.text.source import TextSource
from kseq2seq.text.white_space import words_of

NONE = -1  # fills up rows of positions


@register_source("words")
class WordSource(TextSource):
    """Turns raw strings into a model's source and says where their words begin.

    A text is split at white space and each word is cut by the tokenizer, so that whatever pieces it
    has, one label can be given to each word: see `kseq2seq.heads.Labels`. A word of which the
    tokenizer leaves nothing is one unknown token.

    Args:
        tokenizer: what cuts the words.
        max_length: the most tokens of a source, `end` included.
        too_long: see `TextSource`; "split" is between words, and "cut" leaves out whole words.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, WordSource
        >>> source = WordSource(ByteTokenizer(), max_length=64)
        >>> inputs = source(["ab c", "d"])
        >>> inputs["source"].numpy().tolist()
        [[101, 102, 103, 2], [104, 2, 0, 0]]
        >>> inputs["items"].numpy().tolist()
        [[0, 2], [0, -1]]
    """

    def __init__(self, tokenizer: Any, max_length: int, too_long: str = "error") -> None:
        super().__init__(tokenizer, max_length, too_long)
        self.spec = {**self.spec, "items": ((None,), "int32")}

    def word_counts(self, texts: Any) -> tf.Tensor:
        """Returns int32 (N,), how many words texts have; in graph."""
        return tf.cast(words_of(tf.convert_to_tensor(texts, tf.string)).row_lengths(), tf.int32)

    def pieces(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """Returns the tokens (N, words, None) of each word of texts, without an end; in graph."""
        words = words_of(tf.convert_to_tensor(texts, tf.string))
        made = self.tokenizer.tokenize(words.flat_values, sample)
        nothing = tf.equal(made.row_lengths(), 0)
        unknown = tf.RaggedTensor.from_row_lengths(
            tf.fill([tf.reduce_sum(tf.cast(nothing, tf.int32))], self.tokenizer.special.unknown),
            tf.cast(nothing, tf.int64),
        )
        unknown = unknown.with_flat_values(tf.cast(unknown.flat_values, made.dtype))
        return words.with_values(tf.concat([made, unknown], axis=1))

    def tokens(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """See `TextSequences`."""
        return self._closed(self.pieces(texts, sample))

    def _closed(self, pieces: tf.RaggedTensor) -> tf.RaggedTensor:
        ids = pieces.merge_dims(1, 2)
        ends = tf.cast(tf.fill([ids.nrows(), 1], self.tokenizer.special.end), ids.dtype)
        return tf.concat([ids, ends], axis=1)

    def __call__(self, raws: Any, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the inputs of a model, padded to the longest of the batch.

        Args:
            raws: (N,) UTF-8 strings.
            training: draw a segmentation where the tokenizer has more than one, and the drawn one
                is not too long.

        Returns:
            `source` and `source_mask` (N, S) as of a `TextSource`; `items`: int32 (N, W), the first
            position of each word, filled up with -1.
        """
        return self._made(raws, training, self.max_length)

    def _made(self, raws: Any, training: bool, room: Any) -> dict[str, tf.Tensor]:
        """What `__call__` returns, where a drawn segmentation has no more tokens than `room`."""
        pieces = self.pieces(raws)
        if training:
            drawn = self.pieces(raws, sample=True)
            fits = _tokens(drawn) < tf.minimum(self.max_length, room)  # with the end
            count = pieces.nrows()
            rows = tf.range(count) + count * tf.cast(fits, count.dtype)
            pieces = tf.gather(tf.concat([pieces, drawn], axis=0), rows)
        if self.too_long == "cut":
            pieces = tf.ragged.boolean_mask(pieces, _ends(pieces) < self.max_length)
        items = _ends(pieces) - _lengths(pieces)
        given = self.inputs(self._closed(pieces))
        return {**given, "items": items.to_tensor(default_value=NONE)}

    def prepare(self, packed: tf.Tensor, room: Any, sample: bool = False) -> tuple[Any, ...]:
        """See `Source`; bytes, since rows of ids alone would not say where words begin."""
        return Source.prepare(self, packed, room, sample)

    def assemble(self, rows: Any, count: Any, units: Any, training: bool = False) -> dict[str, Any]:
        """See `Source`."""
        made = self.filled(self._made(self.unpack(rows), training, units), count, units)
        # filled up with 0, which is a position; the first word alone stands there
        places = tf.range(tf.shape(made["items"])[1])[None]
        nothing = (made["items"] == 0) & (places > 0)
        return {**made, "items": tf.where(nothing, NONE, made["items"])}

    def lacking(self, rows: tf.Tensor, packed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """See `Source`; of the tokens, which rows do not carry."""
        return super().lacking(self.tokens(packed), packed)

    def fitting(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """See `TextSource`; where it is cut, after the last whole word."""
        made = self(texts, sample)
        return tf.RaggedTensor.from_tensor(
            made["source"], lengths=tf.reduce_sum(tf.cast(made["source_mask"], tf.int64), axis=1)
        )

    def split(self, raw: str) -> list[str]:
        """See `Source`; between words, as few parts as there can be.

        Raises:
            ValueError: a word alone is too long.
        """
        parts: list[list[str]] = []
        room = 0
        words = raw.split()
        lengths = (self.lengths(words).numpy() - 1).tolist() if words else []
        for word, length in zip(words, lengths, strict=True):
            if length >= self.max_length:
                raise ValueError(
                    f"The word {word!r:.60} alone has {length} tokens, and the limit is "
                    f"{self.max_length}, the end included. Shorten it, or raise `max_length`."
                )
            if not parts or length > room:
                parts.append([])
                room = self.max_length - 1
            parts[-1].append(word)
            room -= length
        return [" ".join(part) for part in parts] or [raw]

    def fixed(self, places: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """See `Source`; "items" (1, places) too, filled up with -1."""
        specs, inputs = super().fixed(places)
        specs = {**specs, "items": tf.TensorSpec([1, places], tf.int32, name="items")}

        def of_words(items: tf.Tensor, **given: tf.Tensor) -> dict[str, tf.Tensor]:
            return {**inputs(**given), "items": items}

        return specs, of_words

    def fast(self) -> tuple[Any, int | None]:
        """See `TextSequences`; refused, since it cuts texts and not words."""
        raise ValueError(
            "`strings=True` needs texts as they are, and a WordSource cuts each word alone. Leave "
            "it out: the tokenizer travels in the file, for the host to use."
        )

    def feed(self, raw: str, places: int) -> dict[str, np.ndarray]:
        """See `Source`."""
        given = super().feed(raw, places)
        first = self([raw])["items"].numpy()[0]
        items = np.full((1, places), NONE, "int32")
        items[0, : len(first)] = first
        return {**given, "items": items}


def _lengths(pieces: tf.RaggedTensor) -> tf.RaggedTensor:
    """Returns int32 (N, words), how many tokens each word has."""
    return pieces.with_values(tf.cast(pieces.values.row_lengths(), tf.int32))


def _ends(pieces: tf.RaggedTensor) -> tf.RaggedTensor:
    """Returns int32 (N, words), the position after each word."""
    lengths = _lengths(pieces)
    total = tf.cumsum(lengths.values)
    before = tf.gather(tf.concat([[0], total], axis=0), lengths.row_starts())
    return lengths.with_values(total - tf.gather(before, lengths.value_rowids()))


def _tokens(pieces: tf.RaggedTensor) -> tf.Tensor:
    """Returns int32 (N,), how many tokens each row has."""
    return tf.reduce_sum(_lengths(pieces), axis=1)
