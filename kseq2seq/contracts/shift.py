"""The one place where a target becomes what a decoder is given."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kseq2seq.special_tokens import SpecialTokens


def shift_right(ids: Any, special: SpecialTokens) -> Any:
    """Returns the inputs of a decoder that is to predict a target: `start`, then all but the end.

    Args:
        ids: int (B, T), each row closed by `end` and filled up with `padding`; or ragged (B, None).
        special: the target's ids that are not text.

    Returns:
        ids of the same shape and kind: position t holds what comes before token t. No row holds its
        last token, so the end is never given.

    Example:
        >>> from kseq2seq import SpecialTokens
        >>> from kseq2seq.contracts import shift_right
        >>> shift_right(tf.constant([[7, 8, 2], [9, 2, 0]]), SpecialTokens()).numpy().tolist()
        [[1, 7, 8], [1, 9, 0]]
    """
    if isinstance(ids, tf.RaggedTensor):
        start = tf.cast(tf.fill([ids.nrows(), 1], special.start), ids.dtype)
        return tf.concat([start, ids[:, :-1]], axis=1)
    padding = tf.cast(special.padding, ids.dtype)
    before = tf.where(ids[:, 1:] == padding, padding, ids[:, :-1])
    start = tf.fill([tf.shape(ids)[0], 1], tf.cast(special.start, ids.dtype))
    return tf.concat([start, before], axis=1)
