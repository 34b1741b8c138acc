"""A corpus read again and again, each time in another order."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from kseq2seq.data.records import Corpus


def endless_epochs(
    corpus: Corpus,
    rows: Callable[[tf.data.Dataset, tf.Tensor], tf.data.Dataset],
    *,
    seed: int,
    buffer: int,
) -> tf.data.Dataset:
    """Returns the rows of all epochs, one after the other, without end.

    Each epoch shuffles by a seed of its own. `shuffle(...).repeat()` would do, were it not that an
    iterator which is saved when shuffling has come to the end of an epoch, and what follows has
    not, goes on in another order (TensorFlow 2.21).

    Args:
        corpus: the pairs.
        rows: turns the shuffled records of an epoch, and its seed, into rows; at least one.
        seed: makes all orders repeatable.
        buffer: records to shuffle among.

    Example:
        >>> from kseq2seq.data import pairs_from
        >>> corpus = Corpus.write(pairs_from([("ab", "A"), ("c", "BC")]))
        >>> rows = endless_epochs(corpus, lambda records, _: records, seed=1, buffer=10)
        >>> first = list(rows.take(6).as_numpy_iterator())
        >>> [len(set(first[i : i + 2])) for i in (0, 2, 4)]
        [2, 2, 2]
    """
    buffer = min(buffer, len(corpus))

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        # A global seed of 0, which this graph has inherited, can't be joined with one of a tensor.
        tf.compat.v1.get_default_graph().seed = 1
        own = tf.random.stateless_uniform([], [seed, number], 0, tf.int64.max, tf.int64)
        records = corpus.records().shuffle(buffer, seed=own, reshuffle_each_iteration=False)
        return rows(records, own)

    return tf.data.Dataset.counter().flat_map(epoch)
