"""A corpus read again and again, each time in another order."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.data.corpus import Corpus

_MEMORY = 2**28  # bytes of the records of a block


def endless_epochs(
    corpus: Corpus,
    rows: Callable[[tf.data.Dataset, tf.Tensor], tf.data.Dataset],
    *,
    seed: int,
    buffer: int,
    identity: str = "",
) -> tf.data.Dataset:
    """Returns the rows of all epochs, one after the other, without end.

    Each epoch shuffles by a seed of its own, in blocks. `shuffle(...).repeat()` would be simpler,
    but in TensorFlow 2.21 an iterator continues in another order if it is saved when the shuffling
    has come to the end of an epoch and the steps after it have not; and one that shuffles by a seed
    tensor can't be saved at all.

    A saved iterator remembers its data: restoring it with another `identity`, seed or buffer raises
    `tf.errors.InvalidArgumentError`.

    Args:
        corpus: the pairs.
        rows: (shuffled records of an epoch, the epoch's seed) -> rows; at least one.
        seed: makes all orders repeatable.
        buffer: the most records of a block, which is held in memory; fewer where they would take
            more than 256 MiB.
        identity: stands for all else that decides which rows come, and when.

    Raises:
        ValueError: if the seed or the buffer is not a whole number, or too small.

    Example:
        >>> from kseq2seq.data import pairs_from
        >>> corpus = Corpus.write(pairs_from([("ab", "A"), ("c", "BC")]))
        >>> rows = endless_epochs(corpus, lambda records, _: records, seed=1, buffer=10)
        >>> first = list(rows.take(6).as_numpy_iterator())
        >>> [len(set(first[i : i + 2])) for i in (0, 2, 4)]
        [2, 2, 2]
    """
    check_whole("seed", seed, least=0)
    held = min(check_whole("shuffle_buffer", buffer), _most(corpus))
    length = corpus.epoch_length
    blocks = -(-length // held)
    size = -(-length // blocks)  # all alike: a short last one would hold the same few pairs
    data = f"{seed} {size} {identity}"

    def epoch(number: tf.Tensor, saved: tf.Tensor) -> tf.data.Dataset:
        tf.debugging.Assert(
            saved == data, ["The saved iterator belongs to a different dataset or pipeline."]
        )
        own = tf.random.stateless_uniform([], [seed, number], 0, tf.int64.max, tf.int64)
        return rows(shuffled(corpus.epoch(own).batch(size), own).unbatch(), own)

    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    epochs = tf.data.Dataset.counter().map(lambda number: (number, data))
    return epochs.flat_map(epoch).apply(endless)


def _most(corpus: Corpus) -> int:
    """How many records of a corpus may be held in memory, by their mean size."""
    return max(1, _MEMORY * len(corpus) // max(corpus.path.stat().st_size, 1))


def shuffled(batches: tf.data.Dataset, seed: tf.Tensor) -> tf.data.Dataset:
    """Shuffles each batch of a dataset within itself.

    Args:
        batches: each a tensor or a structure of tensors, which are shuffled alike.
        seed: int64, of the dataset; each batch has an order of its own.

    Example:
        >>> batches = tf.data.Dataset.range(8).batch(4)
        >>> seed = tf.constant(1, tf.int64)
        >>> [sorted(batch.numpy().tolist()) for batch in shuffled(batches, seed)]
        [[0, 1, 2, 3], [4, 5, 6, 7]]
    """

    def shuffle(number, batch):
        rows = tf.range(tf.shape(tf.nest.flatten(batch)[0])[0])
        order = tf.random.experimental.stateless_shuffle(rows, tf.stack([seed, number]))
        return tf.nest.map_structure(lambda part: tf.gather(part, order), batch)

    return batches.enumerate().map(shuffle)
