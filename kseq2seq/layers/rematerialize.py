"""Memory for time: what is computed again for its gradient instead of being kept."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops


def rematerialized(function: Callable) -> Callable:
    """Returns `function`, whose insides are computed again for its gradient and not kept.

    `keras.remat` differentiates by every argument, and so wants floating ones. Here masks and
    positions travel as float32, which holds whole numbers exactly to 2**24.

    Args:
        function: of tensors, to one tensor. It must read all that it needs from its arguments, and
            be the same when it is called again: without dropout.
    """

    def call(*given):
        dtypes = [keras.backend.standardize_dtype(x.dtype) for x in given]
        floats = [name if keras.backend.is_float_dtype(name) else "float32" for name in dtypes]

        @keras.remat
        def again(*floating):
            return function(*map(ops.cast, floating, dtypes))

        return again(*map(ops.cast, given, floats))

    return call
