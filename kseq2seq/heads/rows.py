"""Rows of labels and their padding: counted, moved together, brought to a length."""

from __future__ import annotations

from typing import Any

from keras import ops


def leading(real: Any) -> Any:
    """Returns int32 (B,), how many positions from the first on are True in bool (B, T).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads.rows import leading
        >>> leading(np.array([[True, True, False], [False, True, True]])).numpy().tolist()
        [2, 0]
    """
    gaps = ops.cumsum(ops.cast(ops.logical_not(real), "int32"), axis=1)
    return ops.sum(ops.cast(ops.equal(gaps, 0), "int32"), axis=1)


def collapsed(values: Any, mask: Any, length: Any) -> Any:
    """Returns int32 (B, length), the values (B, S) where `mask` is True, side by side, then zeros.

    A cumulative sum finds their new positions, so every shape is known. Values beyond `length` are
    left out.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads.rows import collapsed
        >>> ids = np.array([[7, 7, 8]])
        >>> collapsed(ids, np.array([[True, False, True]]), 2).numpy().tolist()
        [[7, 8]]
    """
    mask = ops.cast(mask, "int32")
    positions = ops.cumsum(mask, axis=1) - 1
    here = ops.equal(positions[:, :, None], ops.arange(length, dtype="int32"))  # (B, S, length)
    values = ops.cast(values, "int32") * mask
    return ops.sum(ops.where(here, values[:, :, None], 0), axis=1)


def fitted(x: Any, length: Any) -> Any:
    """Returns x (B, T, ...) with `length` positions: cut, or filled up with zeros.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads.rows import fitted
        >>> fitted(np.array([[5, 6]]), 3).numpy().tolist()
        [[5, 6, 0]]
    """
    x = ops.convert_to_tensor(x)
    missing = ops.maximum(length - ops.shape(x)[1], 0)
    zeros = ops.zeros((ops.shape(x)[0], missing, *ops.shape(x)[2:]), x.dtype)
    return ops.concatenate([x, zeros], axis=1)[:, :length]
