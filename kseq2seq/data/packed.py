"""Batches for training in which several pairs share a row: one static shape, hardly any padding."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import Source, Target
from kseq2seq.data.budget import Budget
from kseq2seq.data.epochs import endless_epochs, shuffled
from kseq2seq.data.measured import fingerprint, measure
from kseq2seq.data.packing import packed_rows
from kseq2seq.data.records import Corpus
from kseq2seq.text.token_rows import Tokens, as_source, as_target

_WINDOW = 1024


def packed_batches(
    corpus: Corpus,
    source: Source | Tokens,
    target: Target | Tokens,
    *,
    shape: tuple[int, int],
    seed: int,
    tokens_per_batch: int | None = None,
    batch_size: int | None = None,
    shuffle_buffer: int = 100_000,
    sample: bool = False,
) -> tf.data.Dataset:
    """Stream a corpus for training packed rows: shuffled anew each epoch, without end.

    Of 1,024 pairs at a time, each goes into the first row that has room for it, the largest first;
    then those rows are shuffled. An epoch holds each pair once, but those with an empty or too long
    side, which a `survey` counts. `training.packed` gives the model that takes such rows.

    Args:
        corpus: the pairs.
        source: turns raw sources into inputs that are ids.
        target: turns target text into ids that `end` closes.
        shape: the source and target places of a row, from `fit_row`.
        seed: makes the order repeatable.
        tokens_per_batch: places of the longer side of a batch, 3,072 by default; a batch has
            `tokens_per_batch // max(shape)` rows, at least one.
        batch_size: rows of a batch, in place of `tokens_per_batch`.
        shuffle_buffer: pairs held in memory to shuffle among; a larger corpus is shuffled in blocks
            of at most so many, so if it is sorted by topic, shuffle it before writing it.
        sample: draw a new segmentation of each text every time, if the tokenizer can; where it is
            longer than allowed the usual one is taken instead. The seed does not cover these draws.

    Returns:
        An infinite dataset of `({"source" (B, S), "source_segments" (B, S), "target" (B, T),
        "target_segments" (B, T)}, labels (B, T))`, all int32; see `packed_rows`.

    Raises:
        ValueError: for a budget or a shape that makes no sense, sides whose rows can't be shared,
            or if every pair is empty or too long.
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
    budget = Budget(tokens_per_batch, batch_size)
    if len(shape) != 2 or min(shape) < 2:
        raise ValueError(
            f"shape is the (source, target) lengths of a row, of at least 2, from fit_row(); "
            f"got {shape}"
        )
    source, target = as_source(source), as_target(target)
    if source.special is None or not target.closes:
        raise ValueError(
            "Several pairs share a row only where the source is ids and the target is closed by "
            f"`end`; got {type(source).__name__} and {type(target).__name__}. Use `train_batches`."
        )
    corpus.check_packed_for(source)
    paddings = source.special.padding, target.special.padding

    def pack(records):
        found = measure(records, source, target, room=shape, sample=sample)
        rows, ids, lengths, _ = found.kept()
        tf.debugging.Assert(
            tf.reduce_all(lengths <= tf.constant([shape])),
            [f"a pair fits no row of {shape}: fit_row() to a survey of this very corpus"],
        )
        inputs = source.assemble(rows, tf.shape(lengths)[0], shape[0], training=True)
        sources = tf.RaggedTensor.from_tensor(inputs["source"], lengths=lengths[:, 0])
        return packed_rows(sources, ids, shape, target.special.start, paddings)

    def of_epoch(records, own):
        windows = records.batch(_WINDOW).map(pack, num_parallel_calls=tf.data.AUTOTUNE)
        return shuffled(windows, own).unbatch()

    settings = np.asarray(shape).tolist(), budget, sample
    of = fingerprint(corpus, source, target, *settings)
    rows = endless_epochs(corpus, of_epoch, seed=seed, buffer=shuffle_buffer, of=of)
    return rows.batch(budget.rows(shape), drop_remainder=True).prefetch(tf.data.AUTOTUNE)
