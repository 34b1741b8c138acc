"""Picking hypotheses out of a batch."""

from __future__ import annotations

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
    flat = ops.reshape(x, (-1, *x.shape[2:]))
    return ops.take(flat, rows, axis=0)


def reorder(state, parents):
    """Reorders the rows of every leaf of a state but None; without parents all stay in place."""
    if parents is None:
        return state
    return tree.map_structure(
        lambda leaf: None if leaf is None else ops.take(leaf, parents, axis=0), state
    )


def repeat(state, width: int):
    """Repeats each row of every leaf `width` times, side by side: B rows -> B * width."""
    if width == 1:
        return state
    return tree.map_structure(lambda leaf: ops.repeat(leaf, width, axis=0), state)
