"""Fixed-size memory of past keys and values."""

from __future__ import annotations

from keras import ops


def write_cache(cache, update, position):
    """Returns `cache` (B, H, L, D) with `update` (B, H, T, D) written at `position` of axis 2.

    `position` is a scalar: all rows of a batch are at the same step. Has no gradient on
    TensorFlow, hence training never goes through a cache.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import write_cache
        >>> cache = write_cache(np.zeros((1, 1, 3, 1)), np.ones((1, 1, 1, 1)), position=1)
        >>> np.array(cache).ravel().tolist()
        [0.0, 1.0, 0.0]
    """
    return ops.slice_update(cache, (0, 0, position, 0), update)


def grow_cache(cache, length: int):
    """Returns `cache` (B, H, L, D) with zeros after its end, (B, H, length, D).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import grow_cache
        >>> tuple(grow_cache(np.zeros((2, 1, 3, 4)), 5).shape)
        (2, 1, 5, 4)
    """
    return ops.pad(cache, ((0, 0), (0, 0), (0, length - cache.shape[2]), (0, 0)))
