"""Maxout, the non-linearity of the first encoder-decoders' output layers."""

from __future__ import annotations

from keras import ops


def maxout(x):
    """Keeps the larger of each pair of neighbouring features: (..., 2 K) -> (..., K).

    Example:
        >>> from kseq2seq.layers import maxout
        >>> import numpy as np
        >>> np.array(maxout(np.array([[1.0, 2.0, 4.0, 3.0]]))).tolist()
        [[2.0, 4.0]]

    Source:
        Goodfellow et al. 2013; Cho et al. 2014, appendix A.1.2; Bahdanau et al. 2015, A.2.2.
    """
    shape = ops.shape(x)
    return ops.max(ops.reshape(x, (*shape[:-1], x.shape[-1] // 2, 2)), axis=-1)
