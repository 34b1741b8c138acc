"""Hypotheses of one source, side by side on its time axis.

A batch of `B` sources with `N` hypotheses each has `B * N` rows of targets. Folding them to `B`
rows of `N * T` steps lets them share what belongs to the source without repeating it. With
`N = 1`, as in training, both functions change nothing.
"""

from __future__ import annotations

from keras import ops


def fold(x, sources):
    """(B * N, T, D) or, for one step, (B * N, D) -> (B, N * T, D); `sources` is B.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import fold
        >>> tuple(fold(np.zeros((6, 1, 4)), sources=2).shape)
        (2, 3, 4)
    """
    return ops.reshape(x, (sources, -1, x.shape[-1]))


def unfold(x, like):
    """(B, N * T, D) -> (B * N, T, D) or (B * N, D), in the rows and steps of `like`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import unfold
        >>> tuple(unfold(np.zeros((2, 3, 4)), like=np.zeros((6, 1, 9))).shape)
        (6, 1, 4)
    """
    return ops.reshape(x, (*ops.shape(like)[:-1], ops.shape(x)[-1]))
