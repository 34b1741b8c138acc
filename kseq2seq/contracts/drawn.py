"""Segmentations that are drawn while a model learns, where there is more than one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf


def drawn(tokens: Callable[..., tf.RaggedTensor], raws: Any, longest: Any) -> tf.RaggedTensor:
    """Returns drawn tokens of raws, in graph, or the usual ones where those drawn are too long.

    Args:
        tokens: what cuts a batch of raws into ids (B, None), drawn where it is given
            `sample=True`.
        raws: a batch of B raws.
        longest: the most tokens of a drawn one.

    Returns:
        (B, None) int32 ids, each row closed by `end`.
    """
    if isinstance(raws, list | tuple | np.ndarray):
        raws = tf.convert_to_tensor(raws)
    made = tokens(raws, sample=True)
    long = made.row_lengths() > tf.cast(longest, tf.int64)
    which = tf.where(long)[:, 0]
    usual = tokens(tf.nest.map_structure(lambda part: tf.gather(part, which), raws))
    place = made.nrows() + tf.cumsum(tf.cast(long, tf.int64)) - 1
    order = tf.where(long, place, tf.range(made.nrows()))
    return tf.gather(tf.concat([made, usual], axis=0), order)


def rows_where(flags: tf.Tensor, these: tf.RaggedTensor, others: tf.RaggedTensor) -> Any:
    """Returns the rows (N, None) of one ragged tensor where a flag is true, else of another."""
    count = these.nrows()
    rows = tf.range(count) + count * tf.cast(~flags, count.dtype)
    return tf.gather(tf.concat([these, others], axis=0), rows)
