"""Scaled dot-product attention: all at once, by chunks of queries, or inside a window."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.layers.positions import NOWHERE
from kseq2seq.layers.recurrence import recur


@keras.saving.register_keras_serializable(package="kseq2seq")
def attend(
    query,
    key,
    value,
    mask=None,
    positions=NOWHERE,
    query_steps=None,
    key_steps=None,
    drop=None,
):
    r"""Mixes values by the similarity of their keys to each query.

    .. math:: \mathrm{softmax}(Q K^\top / \sqrt{d_k}) V

    The softmax runs in float32 whatever the inputs are.

    Args:
        query: (B, H, T, D).
        key: (B, H, S, D).
        value: (B, H, S, D).
        mask: bool, broadcasts to (B, H, T, S); True where a query may look. None looks everywhere.
        positions: how places act on scores and values; see `Positions`.
        query_steps: int (1 or B, T), the places of the queries.
        key_steps: int (1 or B, S), the places of the keys.
        drop: dropout, a function of the probabilities that values are mixed by; None is none.

    Returns:
        (mixed values (B, H, T, D), probabilities (B, H, T, S) float32, of which none is dropped).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import attend
        >>> same = np.ones((1, 1, 2, 4), "float32")
        >>> _, probabilities = attend(same, same, same)
        >>> np.array(probabilities)[0, 0].tolist()
        [[0.5, 0.5], [0.5, 0.5]]

    Source:
        Vaswani et al. 2017, "Attention Is All You Need", equation 1.
    """
    scores = similarity(query, turned(key), mask, positions, query_steps, key_steps)
    probabilities = ops.softmax(scores)
    kept = probabilities if drop is None else drop(probabilities)
    return mix(kept, value, positions, query_steps, key_steps), probabilities


def turned(key):
    """Returns keys (B, H, S, D) as `similarity` multiplies by them, (B, H, D, S).

    Source keys are stored transposed, so decoding steps need not transpose them again.
    """
    return ops.swapaxes(key, -1, -2)


def similarity(query, keys, mask, positions, query_steps, key_steps):
    """Returns the scores (B, H, T, S) that `attend` takes the softmax of, float32.

    `keys` are (B, H, D, S), as `turned` gives them; all else is as for `attend`.
    """
    query = query * query.shape[-1] ** -0.5
    scores = ops.cast(ops.matmul(query, keys), "float32")
    near = positions.scores(query, query_steps, key_steps)
    if near is not None:
        scores = scores + ops.cast(near, "float32")
    return scores if mask is None else ops.where(mask, scores, -1e9)


def mix(probabilities, value, positions, query_steps, key_steps):
    """Returns the mean (B, H, T, D) of values under probabilities, in the dtype of `value`."""
    probabilities = ops.cast(probabilities, value.dtype)
    mixed = ops.matmul(probabilities, value)
    placed = positions.mixed(probabilities, query_steps, key_steps)
    return mixed if placed is None else mixed + placed


def for_heads(mask):
    """Returns a mask that broadcasts to (B, H, T, S), the same for all heads.

    Args:
        mask: bool (B, S), the same for all queries, or (B, T, S), one for each.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import for_heads
        >>> for_heads(np.ones((2, 5), bool)).shape, for_heads(np.ones((2, 3, 5), bool)).shape
        ((2, 1, 1, 5), (2, 1, 3, 5))
    """
    return mask[:, None, None, :] if len(mask.shape) == 2 else mask[:, None]


@keras.saving.register_keras_serializable(package="kseq2seq")
def attend_in_chunks(
    query, key, value, mask, positions=NOWHERE, query_steps=None, key_steps=None, *, chunk=256
):
    """Gives exactly what `attend` does, holding the scores of `chunk` queries at a time.

    The scores of a chunk are computed again for its gradient, so memory grows with T + S and not
    with T * S; time does not shrink.

    Args:
        query: (B, H, T, D).
        key: (B, H, S, D).
        value: (B, H, S, D).
        mask: bool (B, 1, 1, S), the same for all queries.
        positions: how places act on scores and values; see `Positions`.
        query_steps: not used: queries count from 0.
        key_steps: int (1 or B, S), the places of the keys; None counts from 0.
        chunk: queries at a time; at least 1.

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
    chunks = _blocks(query, chunk)  # (B, H, n, chunk, D)
    rows = ops.shape(chunks)[0]
    chunks = ops.transpose(chunks, (0, 2, 1, 3, 4))
    chunks = ops.reshape(chunks, (rows, -1, heads * chunk * width))

    @keras.remat
    def look(queries, key, value, mask, query_steps, key_steps, *tables):
        queries = ops.reshape(queries, (-1, heads, chunk, width))
        scheme = positions.reading(tables)
        mixed, _ = attend(queries, key, value, mask > 0.5, scheme, query_steps, key_steps)
        return ops.reshape(mixed, (-1, heads * chunk * width))

    tables = [ops.copy(table) for table in positions.tables]  # no variables, but tensors
    mask = ops.cast(mask, "float32")  # rematerialisation takes no bool
    if key_steps is None:
        key_steps = ops.arange(ops.shape(key)[2], dtype="int32")[None]

    def step(queries, count):  # held in the dtype of the queries: exact to 256 in bfloat16
        places = ops.cast(count[:1], "int32") * chunk + ops.arange(chunk, dtype="int32")
        return look(queries, key, value, mask, places, key_steps, *tables), count + 1

    mixed, _ = recur(step, chunks, ops.zeros((rows, 1), query.dtype))
    return _joined(ops.reshape(mixed, (rows, -1, heads, chunk, width)), length), None


@keras.saving.register_keras_serializable(package="kseq2seq")
def attend_in_window(
    query,
    key,
    value,
    mask,
    positions=NOWHERE,
    query_steps=None,
    key_steps=None,
    drop=None,
    *,
    window=128,
):
    """Lets each query see only the keys at most `window` places away.

    The sequence is cut into blocks of `window` places; a block's queries are compared with its own
    and both neighbours' keys, and what lies outside the band is masked. Time and memory grow with
    T * window.

    Args:
        query: (B, H, T, D).
        key: (B, H, T, D), of the same sequence.
        value: (B, H, T, D).
        mask: bool (B, 1, 1, T), the same for all queries.
        positions: how places act on scores and values; see `Positions`.
        query_steps: not used: only distances count.
        key_steps: not used.
        drop: see `attend`.
        window: places seen to each side; at least 1.

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
    query, key, value = (_blocks(x, window) for x in (query, key, value))
    count = ops.shape(query)[2]

    def spread(x):
        """(B, H, n, w, D) -> (B * n, H, 3 * w, D), each block between its neighbours."""
        edge = ops.zeros_like(x[:, :, :1])
        left = ops.concatenate([edge, x[:, :, :-1]], axis=2)
        right = ops.concatenate([x[:, :, 1:], edge], axis=2)
        return flat(ops.concatenate([left, x, right], axis=3), 3 * window)

    def flat(x, size):
        x = ops.transpose(x, (0, 2, 1, 3, 4))
        return ops.reshape(x, (rows * count, x.shape[2], size, x.shape[4]))

    real = _blocks(ops.cast(mask, "int32")[:, :, 0, :, None], window)
    real = ops.cast(spread(real)[:, 0, :, 0], "bool")  # (B * n, 3 * w)
    query_steps = ops.arange(window, dtype="int32")[None] + window
    key_steps = ops.arange(3 * window, dtype="int32")[None]
    near = ops.absolute(query_steps[:, :, None] - key_steps[:, None]) <= window
    mixed, _ = attend(
        flat(query, window),
        spread(key),
        spread(value),
        ops.logical_and(near, real[:, None])[:, None],
        positions,
        query_steps,
        key_steps,
        drop,
    )
    return _joined(ops.reshape(mixed, (rows, count, heads, window, width)), length), None


@keras.saving.register_keras_serializable(package="kseq2seq")
class AttendInWindow:
    """`attend_in_window` of a given width, for the configuration of a layer.

    Args:
        window: places seen to each side; at least 1.

    Example:
        >>> from kseq2seq.layers import AttendInWindow, SelfAttention
        >>> SelfAttention(8, 2, attend=AttendInWindow(64)).attend.window
        64
    """

    def __init__(self, window: int):
        self.window = window

    def __call__(self, *given, **named):
        """See `attend_in_window`."""
        return attend_in_window(*given, **named, window=self.window)

    def get_config(self) -> dict[str, int]:
        """Returns the arguments of the constructor."""
        return {"window": self.window}

    @classmethod
    def from_config(cls, config: dict[str, int]) -> AttendInWindow:
        """Makes what `get_config` described."""
        return cls(**config)


def _blocks(x, size):
    """(B, H, T, D) -> (B, H, n, size, D), with zeros after the end."""
    shape = ops.shape(x)
    x = ops.concatenate(
        [x, ops.zeros_like(x[:, :, :1]) * ops.ones((1, 1, size - 1, 1), x.dtype)], 2
    )
    count = (shape[2] + size - 1) // size
    return ops.reshape(x[:, :, : count * size], (shape[0], x.shape[1], count, size, x.shape[3]))


def _joined(x, length):
    """(B, n, H, size, D) -> (B, H, T, D): what `_blocks` cut, without its zeros; T is `length`."""
    heads, width = x.shape[2], x.shape[4]
    x = ops.reshape(ops.transpose(x, (0, 2, 1, 3, 4)), (ops.shape(x)[0], heads, -1, width))
    return x[:, :, :length]
