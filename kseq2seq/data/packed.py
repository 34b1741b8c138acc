"""Batches for training in which several pairs share a row: one static shape, hardly any padding."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kseq2seq.data.epochs import endless_epochs, shuffled
from kseq2seq.data.kept import fingerprint, kept_tokens
from kseq2seq.data.packing import packed_rows
from kseq2seq.data.records import Corpus
from kseq2seq.data.survey import Tokens

_WINDOW = 1024


def packed_batches(
    corpus: Corpus,
    source: Tokens,
    target: Tokens,
    *,
    shape: tuple[int, int],
    seed: int,
    tokens_per_batch: int = 3072,
    shuffle_buffer: int = 100_000,
    sample: bool = False,
) -> tf.data.Dataset:
    """Stream a corpus for training packed rows: shuffled anew each epoch, without end.

    Of 1,024 pairs at a time, each goes into the first row that has room for it, the largest first;
    then those rows are shuffled. An epoch holds each pair once, but those with an empty or too long
    side, which a `survey` counts. `training.packed` gives the model that takes such rows.

    Args:
        corpus: the pairs.
        source: turns source text into tokens.
        target: turns target text into tokens.
        shape: the source and target places of a row, from `fit_row`.
        seed: makes the order repeatable.
        tokens_per_batch: places of the longer side of a batch; a batch has `tokens_per_batch //
            max(shape)` rows, at least one.
        shuffle_buffer: pairs held in memory to shuffle among; a larger corpus is shuffled in blocks
            of at most so many, so if it is sorted by topic, shuffle it before writing it.
        sample: draw a new segmentation of each text every time, if the tokenizer can; where it is
            longer than allowed the usual one is taken instead. The seed does not cover these draws.

    Returns:
        An infinite dataset of `({"source" (B, S), "source_segments" (B, S), "target" (B, T),
        "target_segments" (B, T)}, labels (B, T))`, all int32; see `packed_rows`.

    Raises:
        ValueError: for a budget or a shape that makes no sense, or if every pair is empty or too
            long.
        tf.errors.InvalidArgumentError: while reading, if a pair that is not too long is longer than
            a row.

    Example:
        >>> from kseq2seq.data import pairs_from
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> corpus = Corpus.write(pairs_from([("ab", "A"), ("c", "BC")]))
        >>> batches = packed_batches(
        ...     corpus, source, target, shape=(6, 6), seed=0, tokens_per_batch=6
        ... )
        >>> inputs, labels = next(iter(batches))
        >>> inputs["source_segments"].numpy().tolist(), labels.numpy().tolist()
        ([[1, 1, 1, 2, 2, 0]], [[69, 2, 70, 71, 2, 0]])
    """
    if tokens_per_batch < 1:
        raise ValueError(f"`tokens_per_batch` must be at least 1; got {tokens_per_batch}.")
    if len(shape) != 2 or min(shape) < 2:
        raise ValueError(
            f"shape is the (source, target) lengths of a row, of at least 2, from fit_row(); "
            f"got {shape}"
        )
    special = target.tokenizer.special
    paddings = source.tokenizer.special.padding, special.padding

    def pack(records):
        tokens = kept_tokens(records, source, target, shape, sample)
        for side, length in zip(tokens, shape, strict=True):
            tf.debugging.Assert(
                tf.reduce_all(side.row_lengths() <= length),
                [f"a pair fits no row of {shape}: fit_row() to a survey of this very corpus"],
            )
        return packed_rows(*tokens, shape, special.start, paddings)

    def of_epoch(records, own):
        windows = records.batch(_WINDOW).map(pack, num_parallel_calls=tf.data.AUTOTUNE)
        return shuffled(windows, own).unbatch()

    settings = np.asarray(shape).tolist(), tokens_per_batch, sample
    of = fingerprint(corpus, source, target, *settings)
    rows = endless_epochs(corpus, of_epoch, seed=seed, buffer=shuffle_buffer, of=of)
    size = max(1, tokens_per_batch // max(shape))
    return rows.batch(size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
