"""Batches for training and evaluation: a budget of tokens, in a few static shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.data.buckets import Bucket
from kseq2seq.data.epochs import endless_epochs
from kseq2seq.data.kept import fingerprint, kept_tokens
from kseq2seq.data.records import Corpus
from kseq2seq.data.survey import Survey, Tokens

_TOGETHER = 256


def train_batches(
    corpus: Corpus,
    source: Tokens,
    target: Tokens,
    *,
    buckets: list[Bucket],
    seed: int,
    tokens_per_batch: int = 3072,
    shuffle_buffer: int = 100_000,
    sample: bool = False,
) -> tf.data.Dataset:
    """Stream a corpus for training: shuffled anew each epoch, without end, in full batches.

    Empty and too long pairs are left out; a `survey` counts them. A bucket (S, T) has
    `tokens_per_batch // max(S, T)` rows, at least one, so that there are as many shapes as buckets.

    Args:
        corpus: the pairs.
        source: turns source text into tokens.
        target: turns target text into tokens.
        buckets: the lengths to pad to, from `fit_buckets`.
        seed: makes the order of the batches repeatable.
        tokens_per_batch: positions of the longer side of a batch, padding included.
        shuffle_buffer: pairs held in memory to shuffle among; a larger corpus is shuffled in blocks
            of at most so many, so if it is sorted by topic, shuffle it before writing it.
        sample: draw a new segmentation of each text every time, if the tokenizer can; where it is
            longer than allowed the usual one is taken instead. The seed does not cover these draws.

    Returns:
        An infinite dataset of `({"source": (B, S) int32, "source_mask": (B, S) bool, "target":
        (B, T) int32}, labels (B, T) int32)`, where the target is `start` and the labels but the
        last, and the labels are closed by `end`.

    Raises:
        ValueError: for a budget or buckets that make no sense, or if every pair is empty or too
            long.
        tf.errors.InvalidArgumentError: while reading, if a pair that is not too long fits no
            bucket.

    Example:
        >>> from kseq2seq.data import pairs_from
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> corpus = Corpus.write(pairs_from([("ab", "A"), ("c", "BC")]))
        >>> batches = train_batches(
        ...     corpus, source, target, buckets=[(3, 4)], seed=0, tokens_per_batch=8
        ... )
        >>> inputs, labels = next(iter(batches))
        >>> sorted(labels.numpy().tolist())
        [[69, 2, 0, 0], [70, 71, 2, 0]]
        >>> sorted(inputs["target"].numpy().tolist())
        [[1, 69, 0, 0], [1, 70, 71, 0]]
    """
    _check(buckets)

    def of_epoch(records, _):
        return _rows(records, source, target, buckets, sample)

    settings = np.asarray(buckets).tolist(), tokens_per_batch, sample
    of = fingerprint(corpus, source, target, *settings)
    rows = endless_epochs(corpus, of_epoch, seed=seed, buffer=shuffle_buffer, of=of)
    return _batched(rows, source, target, buckets, tokens_per_batch)


def eval_batches(
    corpus: Corpus,
    source: Tokens,
    target: Tokens,
    *,
    buckets: list[Bucket],
    tokens_per_batch: int = 3072,
    survey: Survey | None = None,
) -> tf.data.Dataset:
    """Stream a corpus once for evaluation, in the same few shapes as for training.

    The last batch of each bucket is filled up with rows whose labels are all padding and whose
    source is one `end`, so that metrics which ignore padding stay exact. Keras' own `val_loss`
    weighs batches by their rows, filler included: watch `val_perplexity`, not `val_loss`.

    Args:
        corpus: the pairs.
        source: turns source text into tokens.
        target: turns target text into tokens.
        buckets: the lengths to pad to, from `fit_buckets` of this corpus's own survey.
        tokens_per_batch: positions of the longer side of a batch, padding included.
        survey: of this corpus, if there is one. Without it the corpus is tokenized once more, here,
            to count its batches.

    Returns:
        A finite dataset of elements as in `train_batches`; its order is always the same, and its
        `cardinality()` the number of batches.

    Raises:
        ValueError: for a budget or buckets that make no sense, or a survey of another corpus.
        tf.errors.InvalidArgumentError: while reading, if a pair that is not too long fits no
            bucket.

    Example:
        >>> from kseq2seq.data import pairs_from
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> corpus = Corpus.write(pairs_from([("ab", "A")]))
        >>> batches = eval_batches(corpus, source, target, buckets=[(3, 4)], tokens_per_batch=8)
        >>> ((inputs, labels),) = batches
        >>> inputs["source"].numpy().tolist(), labels.numpy().tolist()
        ([[101, 102, 2], [2, 0, 0]], [[69, 2, 0, 0], [0, 0, 0, 0]])
    """
    _check(buckets)
    rows = _rows(corpus.records(), source, target, buckets, sample=False)
    batches = _batched(rows, source, target, buckets, tokens_per_batch)
    held = _held(corpus, source, target, buckets, survey)
    if held is None:  # reading will say which pair fits no bucket
        return batches
    sizes = [_size(sides, tokens_per_batch) for sides in buckets]
    count = sum(-(-pairs // size) for pairs, size in zip(held, sizes, strict=True))
    return batches.apply(tf.data.experimental.assert_cardinality(count))


def _held(
    corpus: Corpus, source: Tokens, target: Tokens, buckets: list[Bucket], survey: Survey | None
) -> list[int] | None:
    """How many pairs each bucket holds; None if a pair fits none."""
    measured: Iterable[tuple[np.ndarray, Any]]
    if survey is None:
        measured = _lengths(corpus, source, target)
    else:
        seen = survey.kept + survey.empty + survey.too_long
        if seen != len(corpus):
            raise ValueError(
                f"`survey` must be of this corpus of {len(corpus):,} pairs; got one of {seen:,}."
            )
        measured = [(np.argwhere(survey.lengths), survey.lengths[survey.lengths.nonzero()])]
    held = np.zeros(len(buckets) + 1, np.int64)
    for lengths, times in measured:
        fits = np.all(lengths[:, None] <= np.asarray(buckets), axis=-1)
        first = np.where(np.any(fits, axis=1), np.argmax(fits, axis=1), len(buckets))
        np.add.at(held, first, times)
    return None if held[-1] else held[:-1].tolist()


def _lengths(corpus: Corpus, source: Tokens, target: Tokens) -> Iterator[tuple[np.ndarray, int]]:
    """The tokens of kept pairs (K, 2), some hundreds at a time, each of which counts once."""
    longest = source.max_length, target.max_length

    def lengths(records):
        kept = kept_tokens(records, source, target, longest)
        return tf.stack([side.row_lengths() for side in kept], axis=1)

    together = corpus.records().batch(_TOGETHER)
    for some in together.map(lengths, tf.data.AUTOTUNE).prefetch(2).as_numpy_iterator():
        yield some, 1


def _size(sides: Bucket, tokens_per_batch: int) -> int:
    """The rows of a batch of a bucket."""
    return max(1, tokens_per_batch // max(sides))


def _check(buckets: list[Bucket]) -> None:
    pairs = all(isinstance(sides, list | tuple) and len(sides) == 2 for sides in buckets)
    sides = list(zip(*buckets, strict=True)) if pairs else []
    if not sides or any(list(side) != sorted(side) or side[0] < 2 for side in sides):
        raise ValueError(
            "buckets are (source, target) lengths of at least 2 from short to long, "
            f"neither side ever shrinking; got {buckets}"
        )


def _rows(
    records: tf.data.Dataset, source: Tokens, target: Tokens, buckets: list[Bucket], sample: bool
) -> tf.data.Dataset:
    """Turn records into (bucket, source row, source length, target row), padded to the longest."""
    paddings = source.tokenizer.special.padding, target.tokenizer.special.padding

    def tokenise(records):
        tokens = kept_tokens(records, source, target, buckets[-1], sample)
        lengths = tf.stack([side.row_lengths() for side in tokens], axis=1)
        fits = tf.reduce_all(lengths[:, None] <= tf.constant(buckets, lengths.dtype), axis=-1)
        tf.debugging.Assert(
            tf.reduce_all(tf.reduce_any(fits, axis=1)),
            [f"a pair fits no bucket of {buckets}: fit_buckets() to a survey of this very corpus"],
        )
        source_rows, target_rows = (
            side.to_tensor(padding, shape=(None, longest))
            for side, padding, longest in zip(tokens, paddings, buckets[-1], strict=True)
        )
        return tf.argmax(tf.cast(fits, tf.int32), axis=1), source_rows, lengths[:, 0], target_rows

    return records.batch(_TOGETHER).map(tokenise, num_parallel_calls=tf.data.AUTOTUNE).unbatch()


def _batched(
    rows: tf.data.Dataset,
    source: Tokens,
    target: Tokens,
    buckets: list[Bucket],
    tokens_per_batch: int,
) -> tf.data.Dataset:
    """Gather rows by bucket, cut them to its lengths, and fill up a last batch of each."""
    if tokens_per_batch < 1:
        raise ValueError(f"`tokens_per_batch` must be at least 1; got {tokens_per_batch}.")
    sizes = tf.constant([_size(sides, tokens_per_batch) for sides in buckets], tf.int64)
    sides = tf.constant(buckets)
    source_ids, target_ids = source.tokenizer.special, target.tokenizer.special

    def batch(bucket, window):
        def assemble(_, source_rows, source_lengths, target_rows):
            missing = tf.cast(size, tf.int32) - tf.shape(source_rows)[0]
            first = tf.zeros([missing], tf.int32)
            ended = tf.one_hot(first, source_side, source_ids.end, source_ids.padding)
            source_rows = tf.concat([source_rows[:, :source_side], ended], axis=0)
            source_lengths = tf.pad(source_lengths, [[0, missing]], constant_values=1)
            labels = tf.pad(
                target_rows[:, :target_side],
                [[0, missing], [0, 0]],
                constant_values=target_ids.padding,
            )
            before = tf.where(labels[:, 1:] == target_ids.padding, labels[:, 1:], labels[:, :-1])
            start = tf.fill([size, 1], target_ids.start)
            inputs = {
                "source": source_rows,
                "source_mask": tf.sequence_mask(source_lengths, source_side),
                "target": tf.concat([start, before], axis=1),
            }
            return inputs, labels

        size, (source_side, target_side) = sizes[bucket], tf.unstack(sides[bucket])
        return window.batch(size).map(assemble)

    grouped = rows.group_by_window(
        key_func=lambda bucket, *_: bucket,
        reduce_func=batch,
        window_size_func=lambda bucket: sizes[bucket],
    )
    return grouped.prefetch(tf.data.AUTOTUNE)
