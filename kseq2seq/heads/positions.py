"""Answers that are one label for each position."""

from __future__ import annotations

from typing import Any

from keras import ops

from kseq2seq.heads.decoded import Decoded
from kseq2seq.heads.real import collapsed

FORBIDDEN = -3e4  # a logit that float16 holds, of which the softmax is 0


def likeliest_labels(logits: Any, real: Any) -> Decoded:
    """Returns the likeliest label of each real position, padding never being one.

    Args:
        logits: (B, P, V).
        real: bool (B, P).

    Returns:
        A `Decoded` of one answer; its score is the sum of the labels' log-probabilities.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads import likeliest_labels
        >>> found = likeliest_labels(np.eye(3)[None, [2, 1]], np.array([[True, True]]))
        >>> found.ids.numpy().tolist()
        [[[2, 1]]]
    """
    logs = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    values, places = ops.top_k(logs[..., 1:], 1)
    labels = ops.cast(places[..., 0], "int32") + 1
    return of_positions(labels, real, ops.sum(ops.where(real, values[..., 0], 0.0), axis=1))


def of_positions(labels: Any, real: Any, scores: Any) -> Decoded:
    """Returns a `Decoded` of the labels (B, P) of real positions, one after the other."""
    lengths = ops.sum(ops.cast(real, "int32"), axis=1)
    ids = collapsed(labels, real, ops.shape(labels)[1])
    finished = ops.ones_like(lengths, dtype="bool")
    return Decoded(ids[:, None], lengths[:, None], scores[:, None], None, finished[:, None])
