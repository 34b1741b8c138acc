"""Picking hypotheses out of a batch.

In TensorFlow's own gather and arg-max: those of Keras allow for negative places and zeros, by
operations that TFLite has not or that every step would pay for.
"""

from __future__ import annotations

import tensorflow as tf
from keras import ops, tree


def gather(x, places):
    """Picks x[b, places[b, i]]: (B, N, ...) and int (B, K) -> (B, K, ...).

    One gather of whole rows; `take_along_axis` would spread the indices over all of `x`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.gathering import gather
        >>> np.array(gather(np.array([[5, 6], [7, 8]]), np.array([[1, 1], [0, 1]]))).tolist()
        [[6, 6], [7, 8]]
    """
    sources, width = ops.shape(x)[0], x.shape[1]
    rows = ops.arange(sources, dtype="int32")[:, None] * width + ops.cast(places, "int32")
    flat = ops.reshape(x, (-1, *ops.shape(x)[2:]))
    return tf.gather(flat, rows)


def likeliest(x):
    """Returns int32 (rows,), where each row of x (rows, n) is largest.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.gathering import likeliest
        >>> likeliest(np.array([[1.0, 3.0, 2.0]])).numpy().tolist()
        [1]
    """
    return tf.argmax(x, axis=-1, output_type=tf.int32)


def best(x, count: int, block: int = 128):
    """Returns what `ops.top_k(x, count)` does, faster where there is much to choose from.

    The largest `count` values lie in the `count` blocks with the largest maxima, and a maximum
    costs less than an order. Blocks are looked through in their order, so ties fall as for `top_k`.

    Args:
        x: float32 (B, n).
        count: how many, at most n.
        block: values of one maximum.

    Returns:
        (values (B, count), places int32 (B, count)), descending.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.gathering import best
        >>> values, places = best(np.array([[3.0, 9.0, 5.0, 1.0, 7.0]], "float32"), 2, block=2)
        >>> np.array(places).tolist()
        [[1, 4]]
    """
    size = x.shape[1]
    blocks = -(-size // block)
    if blocks <= 2 * count:
        values, places = ops.top_k(x, count)
        return values, ops.cast(places, "int32")
    x = ops.pad(x, ((0, 0), (0, blocks * block - size)), constant_values=float("-inf"))
    x = ops.reshape(x, (-1, blocks, block))
    _, chosen = ops.top_k(ops.max(x, axis=-1), count)
    chosen = ops.sort(ops.cast(chosen, "int32"), axis=1)
    some = ops.reshape(gather(x, chosen), (-1, count * block))
    values, places = ops.top_k(some, count)
    places = ops.cast(places, "int32")
    blocks = gather(ops.reshape(chosen, (-1, count)), places // block)
    # A TFLite file of float16 pads with -65,504, which is more than some of what is forbidden.
    return values, ops.minimum(blocks * block + places % block, size - 1)


def reorder(state, parents):
    """Reorders the rows of every leaf of a state but None; without parents all stay in place."""
    if parents is None:
        return state
    return tree.map_structure(
        lambda leaf: None if leaf is None else tf.gather(leaf, parents), state
    )


def repeat(state, width: int):
    """Repeats each row of every leaf `width` times, side by side: B rows -> B * width."""
    if width == 1:
        return state
    return tree.map_structure(lambda leaf: ops.repeat(leaf, width, axis=0), state)
