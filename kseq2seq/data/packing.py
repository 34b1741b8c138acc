"""Several pairs in one row: how long a row is, which pairs share it, and batches of such rows."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import Source, Target, shift_right
from kseq2seq.data.batches import Budget
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.epochs import endless_epochs, shuffled
from kseq2seq.data.measured import fingerprint, measure
from kseq2seq.data.survey import Survey
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text.sequences import Tokens, as_source, as_target

_WINDOW = 1024
_HAIR = 1e-6  # what rounding may add to a whole number


def fit_row(survey: Survey, pairs: float = 2.0) -> tuple[int, int]:
    """Chooses the lengths of a row that several pairs share, so that both its sides fill up alike.

    Their ratio is that of the source units of the corpus to its target ids: in a row of any other
    shape one side is full before the other. The row is as short as possible, since attention takes
    time for all of its positions.

    Args:
        survey: the lengths of the corpus.
        pairs: how many pairs of mean length a row has room for, at least 1; the longest pair always
            fits. Fewer than 2 leave much padding where all pairs are long.

    Returns:
        (source units, target ids) of a row.

    Raises:
        ValueError: if the survey kept no pair, or `pairs` is less than 1.

    Example:
        >>> import numpy as np
        >>> lengths = np.zeros((41, 41), int)
        >>> lengths[10, 12], lengths[30, 36], lengths[40, 40] = 90, 9, 1
        >>> fit_row(Survey(lengths))
        (40, 48)
    """
    if pairs < 1:
        raise ValueError(f"`pairs` must be at least 1, since a row holds a pair; got {pairs}.")
    sources, targets = survey.longest()
    ratio = survey.target_tokens / survey.source_tokens
    length = max(sources, targets / ratio, pairs * survey.source_tokens / survey.kept)
    return math.ceil(length - _HAIR), math.ceil(length * ratio - _HAIR)


def first_fit(sizes: tf.Tensor, shape: tuple[int, int]) -> tf.Tensor:
    """Puts each pair, the largest first, into the first row that has room for both its sides.

    Args:
        sizes: int32 (N, 2), the tokens of each pair's sides, none more than `shape`.
        shape: the source and target positions of a row.

    Returns:
        int32 (N,), the row of each pair, from 0; no row between is empty.

    Example:
        >>> first_fit(tf.constant([[2, 3], [6, 6], [4, 1], [2, 2]]), (8, 8)).numpy().tolist()
        [1, 0, 1, 0]

    Source:
        First fit decreasing (Johnson 1973), by the sum of both sizes (Garey et al. 1976).
    """
    # 1. The order in which pairs are put: by the sum of both sides, the largest first, (N,).
    count = tf.shape(sizes)[0]
    order = tf.argsort(tf.reduce_sum(sizes, axis=1), direction="DESCENDING", stable=True)
    rows = tf.TensorArray(tf.int32, size=count, element_shape=[])

    # 2. Put the next pair into the first row with room for both its sides, and take them off that
    #    row's room. As many rows as pairs are there, so one always has room.
    def put(index, room, rows):
        size = sizes[order[index]]  # (2,)
        row = tf.argmax(tf.reduce_all(room >= size, axis=1), output_type=tf.int32)
        room = tf.tensor_scatter_nd_sub(room, [[row]], [size])
        return index + 1, room, rows.write(order[index], row)

    room = tf.tile(tf.constant([shape], tf.int32), [count, 1])  # (N, 2), what is left of each row
    *_, rows = tf.while_loop(lambda index, *_: index < count, put, (0, room, rows))
    return rows.stack()


def packed_rows(
    source: tf.RaggedTensor,
    target: tf.RaggedTensor,
    shape: tuple[int, int],
    start: int,
    paddings: tuple[int, int],
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """Writes N pairs into R rows, as few as `first_fit` finds.

    Args:
        source: int32 ids (N, None), closed by `end`, none longer than a row.
        target: the same of the targets.
        shape: the source and target positions (S, T) of a row.
        start: the id that a decoder is given before each target.
        paddings: the ids that fill up sources and targets.

    Returns:
        `({"source" (R, S), "source_segments" (R, S), "target" (R, T), "target_segments" (R, T)},
        labels (R, T))`, all int32; segments are the numbers of the pairs in a row from 1, and 0 at
        padding.

    Example:
        >>> source = tf.ragged.constant([[5, 2], [6, 7, 2]])
        >>> target = tf.ragged.constant([[8, 2], [9, 2]])
        >>> inputs, labels = packed_rows(source, target, (6, 4), start=1, paddings=(0, 0))
        >>> for name, tensor in {**inputs, "labels": labels}.items():
        ...     print(f"{name:<15} {tensor.numpy().tolist()}")
        source          [[5, 2, 6, 7, 2, 0]]
        source_segments [[1, 1, 2, 2, 2, 0]]
        target          [[1, 8, 1, 9]]
        target_segments [[1, 1, 2, 2]]
        labels          [[8, 2, 9, 2]]
    """
    # 1. Which row each pair shares, (N,), by the lengths (N, 2) of its sides.
    lengths = tf.cast(tf.stack([source.row_lengths(), target.row_lengths()], axis=1), tf.int32)
    rows = first_fit(lengths, shape)

    # 2. Sort the pairs by rows, and number those of each row from 1: a pair's place in the sorted
    #    list less that of its row's first. These numbers are the segments of its tokens.
    order = tf.argsort(rows, stable=True)
    source, target, rows, lengths = (tf.gather(x, order) for x in (source, target, rows, lengths))
    numbers = tf.range(tf.size(rows)) - tf.searchsorted(rows, rows) + 1

    # 3. The tokens of a row now follow one another in the flat values: divide these anew, by the
    #    tokens of each row's sides, (R, 2), and fill the rows up.
    filled = tf.math.segment_sum(lengths, rows)

    def divided(values: tf.Tensor, side: int, padding: int) -> tf.Tensor:
        ragged = tf.RaggedTensor.from_row_lengths(values, filled[:, side])
        return ragged.to_tensor(padding, shape=(None, shape[side]))

    # 4. Shift each target, not each row, so that every pair begins with `start`.
    before = shift_right(target, SpecialTokens(padding=paddings[1], start=start))
    inputs = {
        "source": divided(source.values, 0, paddings[0]),
        "source_segments": divided(tf.repeat(numbers, lengths[:, 0]), 0, 0),
        "target": divided(before.values, 1, paddings[1]),
        "target_segments": divided(tf.repeat(numbers, lengths[:, 1]), 1, 0),
    }
    return inputs, divided(target.values, 1, paddings[1])


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
    """Streams a corpus for training in rows that several pairs share, shuffled anew each epoch.

    Of 1,024 pairs at a time, each goes into the first row that has room for it, the largest first;
    then those rows are shuffled. An epoch holds each pair once (of a corpus from `mixed`, as often
    as it weighs), except those with an empty or too long side, which a `survey` counts.
    `training.packed` returns the model that takes such rows.

    Args:
        corpus: the pairs.
        source: turns raw sources into inputs that are ids.
        target: turns target text into ids that `end` closes.
        shape: the source and target positions of a row, from `fit_row`.
        seed: makes the order repeatable.
        tokens_per_batch: positions of the longer side of a batch, 3,072 by default; a batch has
            `tokens_per_batch // max(shape)` rows, at least one.
        batch_size: rows of a batch, in place of `tokens_per_batch`.
        shuffle_buffer: the most pairs held in memory to shuffle among; a larger corpus is shuffled
            in blocks, so if it is sorted by topic, shuffle it before writing it.
        sample: draw a new segmentation of each text every time, if the tokenizer can; one that is
            longer than allowed is replaced by the usual one. The seed does not cover these draws.

    Returns:
        An infinite dataset of `({"source" (B, S), "source_segments" (B, S), "target" (B, T),
        "target_segments" (B, T)}, labels (B, T))`, all int32; see `packed_rows`.

    Raises:
        ValueError: for an invalid budget or shape, a source or target whose rows can't be shared,
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
            "`shape` must be the (source, target) lengths of a row, each at least 2, from "
            f"fit_row(); got {shape}."
        )
    source, target = as_source(source), as_target(target)
    if source.special is None or not target.closes:
        raise ValueError(
            "Several pairs can share a row only if the source is ids and the target is closed by "
            f"`end`; got {type(source).__name__} and {type(target).__name__}. Use `train_batches`."
        )
    corpus.check_packed_for(source)
    paddings = source.special.padding, target.special.padding

    def pack(records):
        measured = measure(records, source, target, room=shape, sample=sample)
        rows, ids, lengths, _ = measured.kept()
        tf.debugging.Assert(
            tf.reduce_all(lengths <= tf.constant([shape])),
            [f"a pair fits no row of {shape}: fit_row() to a survey of this very corpus"],
        )
        inputs = source.assemble(rows, tf.shape(lengths)[0], shape[0], training=True)
        sources = tf.RaggedTensor.from_tensor(inputs["source"], lengths=lengths[:, 0])
        return packed_rows(sources, ids, shape, target.special.start, paddings)

    def rows_of(records, epoch_seed):
        windows = records.batch(_WINDOW).map(pack, num_parallel_calls=tf.data.AUTOTUNE)
        return shuffled(windows, epoch_seed).unbatch()

    settings = np.asarray(shape).tolist(), budget, sample
    identity = fingerprint(corpus, source, target, *settings)
    rows = endless_epochs(corpus, rows_of, seed=seed, buffer=shuffle_buffer, identity=identity)
    return rows.batch(budget.rows(shape), drop_remainder=True).prefetch(tf.data.AUTOTUNE)
