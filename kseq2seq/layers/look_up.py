"""Rows of a learned table, with a gradient that any optimizer reads aright."""

from __future__ import annotations

from keras import ops


def look_up(table, ids):
    """Returns the rows (..., D) of `table` (V, D) at `ids` (...), int; its gradient is dense.

    Left to itself, TensorFlow hands the optimizer the gradient of each occurrence of an id apart.
    Keras' Adam then adds up the squares of the parts in place of the square of their sum, so that
    the steps of an id that occurs n times are up to sqrt(n) times too long, and norms for clipping
    come out wrong as well. The gradient of a reshape is dense, whatever it is given.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import look_up
        >>> np.array(look_up(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 1, 0]))).tolist()
        [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
    """
    return ops.take(ops.reshape(table, table.shape), ids, axis=0)
