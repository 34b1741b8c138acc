"""How much of the batches is padding."""

from __future__ import annotations

import tensorflow as tf


def padding_share(batches: tf.data.Dataset, count: int = 100, padding: int = 0) -> float:
    """Measure what share of the places of batches, on both sides, is empty.

    Args:
        batches: from `train_batches`, `eval_batches` or `packed_batches`.
        count: how many batches to look at.
        padding: the id of padding.

    Returns:
        The share, from 0 to 1.

    Raises:
        ValueError: if there are no batches.

    Example:
        >>> inputs = {"source": tf.constant([[5, 2, 0, 0]])}
        >>> batches = tf.data.Dataset.from_tensors((inputs, tf.constant([[7, 6, 2, 0]])))
        >>> padding_share(batches)
        0.375
    """
    empty = places = 0
    for inputs, labels in batches.take(count):
        if "source_mask" in inputs:
            unreal = tf.cast(inputs["source_mask"], tf.int32) == 0
        else:
            unreal = inputs["source"] == padding
        for side in (unreal, labels == padding):
            empty += int(tf.math.count_nonzero(side))
            places += int(tf.size(side))
    if not places:
        raise ValueError("There are no batches to measure.")
    return empty / places
