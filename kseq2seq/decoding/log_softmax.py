"""Logits as log-probabilities."""

from __future__ import annotations

from keras import ops


def log_softmax(logits):
    """Returns the log-probabilities (..., V) of logits (..., V), in float32.

    In parts, each of which TFLite computes in vectors. Its own log-softmax takes three times as
    long, and its converter makes one of what it knows as one: of `x - log(sum)`, so a logarithm
    is added here.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.log_softmax import log_softmax
        >>> np.exp(log_softmax(np.array([[7.0, 7.0]]))).round(4).tolist()
        [[0.5, 0.5]]
    """
    logits = ops.cast(logits, "float32")
    logits = logits - ops.max(logits, axis=-1, keepdims=True)
    return logits + ops.log(1.0 / ops.sum(ops.exp(logits), axis=-1, keepdims=True))
