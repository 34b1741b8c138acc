"""Self-attention over long sequences: by chunks of queries, or inside a window.

The scores of plain attention, `attend`, take memory for T * S numbers. Chunks compute the same from
fewer numbers at a time; windows look at fewer keys.
"""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.deprecation import renamed
from kseq2seq.layers.attention import attend
from kseq2seq.layers.position_schemes import NOWHERE, counted
from kseq2seq.layers.recurrence import recur
from kseq2seq.layers.rematerialize import rematerialized


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
def attend_in_chunks(
    query, key, value, mask, position_scheme=NOWHERE, query_steps=None, key_steps=None, *, chunk=256
):
    """Returns exactly what `attend` does, holding the scores of `chunk` queries at a time.

    The scores of a chunk are computed again for its gradient, so memory grows with T + S and not
    with T * S; time does not shrink.

    Args:
        query: (B, H, T, D).
        key: (B, H, S, D).
        value: (B, H, S, D).
        mask: bool (B, 1, 1, S), the same for all queries.
        position_scheme: how positions act on scores and values; see `PositionScheme`.
        query_steps: not used: queries count from 0.
        key_steps: int (1 or B, S), the positions of the keys; None counts from 0.
        chunk: queries at a time; at least 1. With a scheme that acts on scores or values, at least
            T / 256 in bfloat16, and T / 2048 in float16, which count chunks exactly to there.

    Returns:
        (mixed values (B, H, T, D), None).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import attend, attend_in_chunks
        >>> x = np.random.default_rng(0).normal(size=(1, 2, 7, 4))
        >>> mask = np.ones((1, 1, 1, 7), bool)
        >>> chunked, _ = attend_in_chunks(x, x, x, mask, chunk=3)
        >>> bool(np.allclose(chunked, attend(x, x, x, mask)[0]))
        True

    Source:
        Rabe and Staats 2021, "Self-attention Does Not Need O(n^2) Memory"; only the queries are
        cut, which already makes memory linear.
    """
    heads, width = query.shape[1], query.shape[3]
    length = ops.shape(query)[2]
    chunk = min(chunk, query.shape[2] or chunk)
    # 1. n chunks of queries, each one step of a loop: (B, H, n, chunk, D) -> (B, n, H * chunk * D).
    chunks = _blocks(query, chunk)
    rows = ops.shape(chunks)[0]
    chunks = ops.transpose(chunks, (0, 2, 1, 3, 4))
    chunks = ops.reshape(chunks, (rows, -1, heads * chunk * width))

    # 2. What is recomputed for the gradient: a chunk's scores (B, H, chunk, S). It may read tensors
    # alone, so that learned tables and the mask are arguments.
    @rematerialized
    def look(queries, key, value, mask, query_steps, key_steps, *tables):
        queries = ops.reshape(queries, (-1, heads, chunk, width))
        scheme = position_scheme.reading(tables)
        mixed, _ = attend(queries, key, value, mask, scheme, query_steps, key_steps)
        return ops.reshape(mixed, (-1, heads * chunk * width))

    tables = [ops.copy(table) for table in position_scheme.tables]
    mask = ops.convert_to_tensor(mask, "bool")
    key_steps = ops.cast(counted(key, key_steps), "int32")

    # 3. The loop over chunks counts them in the dtype of the queries, the one that `recur` has.
    def step(queries, count):
        steps = ops.cast(count[:1], "int32") * chunk + ops.arange(chunk, dtype="int32")
        return look(queries, key, value, mask, steps, key_steps, *tables), count + 1

    mixed, _ = recur(step, chunks, ops.zeros((rows, 1), query.dtype))
    return _joined(ops.reshape(mixed, (rows, -1, heads, chunk, width)), length), None


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
def attend_in_window(
    query,
    key,
    value,
    mask,
    position_scheme=NOWHERE,
    query_steps=None,
    key_steps=None,
    drop=None,
    *,
    window=128,
):
    """Lets each query see only the keys at most `window` positions away.

    The sequence is cut into blocks of `window` positions. The queries of a block are compared with
    the keys of their own and of both neighboring blocks, and those outside the band are masked.
    Time and memory grow with T * window.

    Args:
        query: (B, H, T, D).
        key: (B, H, T, D), of the same sequence.
        value: (B, H, T, D).
        mask: bool (B, 1, 1, T), the same for all queries.
        position_scheme: how positions act on scores and values; see `PositionScheme`.
        query_steps: not used: only distances count.
        key_steps: not used.
        drop: see `attend`.
        window: positions seen on each side; at least 1.

    Returns:
        (mixed values (B, H, T, D), None).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import attend, attend_in_window
        >>> x = np.random.default_rng(0).normal(size=(1, 2, 7, 4))
        >>> mask = np.ones((1, 1, 1, 7), bool)
        >>> near = np.abs(np.arange(7)[:, None] - np.arange(7)) <= 2
        >>> local, _ = attend_in_window(x, x, x, mask, window=2)
        >>> bool(np.allclose(local, attend(x, x, x, near)[0]))
        True

    Source:
        Beltagy et al. 2020, "Longformer", section 3.1.
    """
    rows, heads, width = ops.shape(query)[0], query.shape[1], query.shape[3]
    length = ops.shape(query)[2]
    # 1. n blocks of w = `window` positions: (B, H, n, w, D).
    query, key, value = (_blocks(x, window) for x in (query, key, value))
    count = ops.shape(query)[2]

    def flat(x, size):
        """(B, H, n, size, D) -> (B * n, H, size, D)."""
        x = ops.transpose(x, (0, 2, 1, 3, 4))
        return ops.reshape(x, (rows * count, x.shape[2], size, x.shape[4]))

    def spread(x):
        """(B, H, n, w, D) -> (B * n, H, 3 * w, D), each block between its neighbors."""
        edge = ops.zeros_like(x[:, :, :1])
        left = ops.concatenate([edge, x[:, :, :-1]], axis=2)
        right = ops.concatenate([x[:, :, 1:], edge], axis=2)
        return flat(ops.concatenate([left, x, right], axis=3), 3 * window)

    # 2. The mask of each block, (B * n, 1, w, 3 * w): real keys inside the band.
    real = _blocks(ops.cast(mask, "int32")[:, :, 0, :, None], window)
    real = ops.cast(spread(real)[:, 0, :, 0], "bool")  # (B * n, 3 * w)
    query_steps = ops.arange(window, dtype="int32")[None] + window
    key_steps = ops.arange(3 * window, dtype="int32")[None]
    near = ops.absolute(query_steps[:, :, None] - key_steps[:, None]) <= window
    # 3. Plain attention, blocks as rows: (B * n, H, w, D).
    mixed, _ = attend(
        flat(query, window),
        spread(key),
        spread(value),
        ops.logical_and(near, real[:, None])[:, None],
        position_scheme,
        query_steps,
        key_steps,
        drop,
    )
    return _joined(ops.reshape(mixed, (rows, count, heads, window, width)), length), None


@keras.saving.register_keras_serializable(package="kseq2seq")
class AttendInWindow:
    """`attend_in_window` of a given width, for the configuration of a layer.

    Args:
        window: positions seen on each side; at least 1.

    Example:
        >>> from kseq2seq.layers import AttendInWindow, SelfAttention
        >>> SelfAttention(8, 2, attend=AttendInWindow(64)).attend.window
        64
    """

    def __init__(self, window: int):
        self.window = window

    def __call__(self, *args, **kwargs):
        """See `attend_in_window`."""
        return attend_in_window(*args, **kwargs, window=self.window)

    def get_config(self) -> dict[str, int]:
        """Returns the arguments of the constructor."""
        return {"window": self.window}

    @classmethod
    def from_config(cls, config: dict[str, int]) -> AttendInWindow:
        """Makes the object that `get_config` described."""
        return cls(**config)


def _blocks(x, size):
    """(B, H, T, D) -> (B, H, n, size, D), with zeros after the end."""
    shape = ops.shape(x)
    zeros = ops.zeros_like(x[:, :, :1]) * ops.ones((1, 1, size - 1, 1), x.dtype)
    x = ops.concatenate([x, zeros], axis=2)
    count = (shape[2] + size - 1) // size
    return ops.reshape(x[:, :, : count * size], (shape[0], x.shape[1], count, size, x.shape[3]))


def _joined(x, length):
    """(B, n, H, size, D) -> (B, H, T, D): the blocks without their zeros; T is `length`."""
    heads, width = x.shape[2], x.shape[4]
    x = ops.reshape(ops.transpose(x, (0, 2, 1, 3, 4)), (ops.shape(x)[0], heads, -1, width))
    return x[:, :, :length]
