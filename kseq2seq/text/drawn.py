"""Segmentations that are drawn while a model learns, where there is more than one."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kseq2seq.text.sequences import TextSequences


def drawn(side: TextSequences, texts: Any, longest: int) -> tf.RaggedTensor:
    """Returns drawn tokens of texts, in graph, or the usual ones where those drawn are too long.

    Args:
        side: has the tokenizer.
        texts: (N,) UTF-8 strings.
        longest: the most tokens of a drawn one.

    Returns:
        (N, None) int32 ids, each row closed by `end`.
    """
    made = side.tokens(texts, sample=True)
    return rows_where(made.row_lengths() > longest, side.tokens(texts), made)


def rows_where(flags: tf.Tensor, these: tf.RaggedTensor, others: tf.RaggedTensor) -> Any:
    """Returns the rows (N, None) of one ragged tensor where a flag is true, else of another."""
    count = these.nrows()
    rows = tf.range(count) + count * tf.cast(~flags, count.dtype)
    return tf.gather(tf.concat([these, others], axis=0), rows)
