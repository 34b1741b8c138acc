"""Logits as log-probabilities."""

from __future__ import annotations

from keras import ops


def log_softmax(logits):
    """Returns the log-probabilities (..., V) of logits (..., V), in float32.

    In parts, each of which TFLite computes in vectors. Its own log-softmax takes three times as
    long, and what its converter knows as one becomes one: hence the sum of both is taken away.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.log_softmax import log_softmax
        >>> np.exp(log_softmax(np.array([[7.0, 7.0]]))).round(4).tolist()
        [[0.5, 0.5]]
    """
    logits = ops.cast(logits, "float32")
    largest = ops.max(logits, axis=-1, keepdims=True)
    rest = ops.log(ops.sum(ops.exp(logits - largest), axis=-1, keepdims=True))
    return logits - (largest + rest)
