"""Raw text whose words are to be labeled as the input of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import register_source
from kseq2seq.text.source import TextSource
from kseq2seq.text.words import words_of

NONE = -1  # fills up rows of positions


@register_source("words")
class WordSource(TextSource):
    """Turns raw strings into a model's source and says where their words begin.

    A text is split at white space and each word is cut by the tokenizer, so each word gets one
    label, whatever its pieces: see `kseq2seq.heads.Labels`. A word of which the tokenizer leaves
    nothing is one unknown token.

    Args:
        tokenizer: a `Tokenizer`, which cuts the words.
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

    @property
    def languages(self) -> tuple[str, ...]:
        """None: a symbol is a word to be labeled."""
        return ()

    def word_counts(self, texts: Any) -> tf.Tensor:
        """Returns int32 (N,), how many words texts have; in graph."""
        return tf.cast(words_of(tf.convert_to_tensor(texts, tf.string)).row_lengths(), tf.int32)

    def pieces(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """Returns the ids (N, words, None) of each word of texts, without an end; in graph."""
        words = words_of(tf.convert_to_tensor(texts, tf.string))
        ids = self.tokenizer.tokenize(words.flat_values, sample)
        # a word of which nothing is left becomes one unknown token
        nothing = tf.cast(tf.equal(ids.row_lengths(), 0), tf.int64)
        unknown = tf.fill([tf.reduce_sum(nothing)], self.special.unknown)
        return words.with_values(
            tf.concat([ids, tf.RaggedTensor.from_row_lengths(unknown, nothing)], axis=1)
        )

    def tokens(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """See `TextSequences`."""
        return self.rows(texts, sample)[0]

    def rows(self, raws: Any, sample: bool = False) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        """Returns int32 ids (N, None), each row closed by `end`, and `items` (N, None); in graph.

        `items` are the first positions of the words.
        """
        pieces = self.pieces(raws, sample)
        words = pieces.values  # (W, None), of all texts
        # 1. Where each word begins among the ids of all texts, and where each text does.
        starts = words.row_starts()  # (W,)
        texts = tf.gather(words.row_splits, pieces.row_starts())  # (N,)

        # 2. A word's position is how far behind its text's beginning it begins.
        positions = starts - tf.gather(texts, pieces.value_rowids())
        items = pieces.with_values(tf.cast(positions, tf.int32))

        ids = pieces.merge_dims(1, 2)
        return tf.concat([ids, tf.fill([ids.nrows(), 1], self.special.end)], axis=1), items

    def shortened(self, rows: Any) -> Any:
        """See `TokenRows`; words beyond the limit are left out whole."""
        ids, items = rows
        # 1. The position after each word (N, words): where the next begins, or the text's `end`.
        last = tf.cast(ids.row_lengths() - 1, tf.int32)[:, None]
        after = tf.concat([items, tf.RaggedTensor.from_tensor(last)], axis=1)[:, 1:]

        # 2. Keep the words that end before the last position, which is for `end`.
        fits = after < self.max_length
        items, after = (tf.ragged.boolean_mask(part, fits) for part in (items, after))
        lengths = tf.reduce_max(tf.concat([tf.zeros_like(last), after], axis=1), axis=1)
        kept = tf.ragged.range(tf.cast(ids.row_lengths(), tf.int32)) < lengths[:, None]
        ids = tf.ragged.boolean_mask(ids, kept.with_row_splits_dtype(tf.int64))
        return tf.concat([ids, tf.fill([ids.nrows(), 1], self.special.end)], axis=1), items

    def inputs(self, rows: Any) -> dict[str, tf.Tensor]:
        """See `TextSource`; with `items` int32 (N, W), at least one, filled up with -1."""
        ids, items = rows
        shape = tf.stack([-1, tf.maximum(items.bounding_shape(1), 1)])
        return {**super().inputs(ids), "items": items.to_tensor(NONE, shape=shape)}

    def assemble(self, rows: Any, count: Any, units: Any, training: bool = False) -> dict[str, Any]:
        """See `Source`; the one word of missing rows is their `end`."""
        ids, items = rows
        missing = tf.zeros([count - tf.cast(items.nrows(), tf.int32)], tf.int32)
        filler = tf.one_hot(missing, units, 0, NONE, dtype=tf.int32)
        items = items.to_tensor(NONE, shape=tf.cast(tf.stack([-1, units]), tf.int64))
        inputs = super().assemble(ids, count, units, training)
        return {**inputs, "items": tf.concat([items, filler], axis=0)}

    def lacking(self, rows: Any, packed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """See `Source`."""
        return super().lacking(rows[0], packed)

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

    def fixed(self, units: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """See `Source`; "items" (1, units) too, filled up with -1."""
        specs, inputs = super().fixed(units)
        specs = {**specs, "items": tf.TensorSpec([1, units], tf.int32, name="items")}

        def of_words(items: tf.Tensor, **others: tf.Tensor) -> dict[str, tf.Tensor]:
            return {**inputs(**others), "items": items}

        return specs, of_words

    def fast(self) -> tuple[Any, int | None]:
        """See `TextSequences`; refused, since it cuts texts and not words."""
        raise ValueError(
            "`strings=True` needs texts as they are, and a WordSource cuts each word alone. Leave "
            "it out: the tokenizer travels in the file, for the host to use."
        )

    def feed(self, raw: str, units: int) -> dict[str, np.ndarray]:
        """See `Source`."""
        inputs = super().feed(raw, units)
        first = self([raw])["items"].numpy()[0]
        items = np.full((1, units), NONE, "int32")
        items[0, : len(first)] = first
        return {**inputs, "items": items}
