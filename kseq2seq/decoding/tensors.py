"""Picking hypotheses out of a batch.

In TensorFlow's own gather and arg-max: those of Keras allow for negative places and zeros, by
operations that TFLite has not or that every step would pay for.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops, tree

NEVER = float("-inf")  # the log-probability of what is forbidden
# What is below is forbidden. TFLite knows no infinity: a file has the lowest number in its place,
# and one of float16 -65,504. No real target is as unlikely.
LEAST = -6e4


def possible(log_probs: Any) -> Any:
    """Returns True where a log-probability, or a sum of some, is of an allowed token.

    False for NaN. Call it before anything is divided by a length.
    """
    return log_probs > LEAST


def log_softmax(logits):
    """Returns the log-probabilities (..., V) of logits (..., V), in float32.

    In parts, each of which TFLite computes in vectors. Its own log-softmax takes three times as
    long, and its converter makes one of what it knows as one: of `x - log(sum)`, so a logarithm
    is added here.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.tensors import log_softmax
        >>> np.exp(log_softmax(np.array([[7.0, 7.0]]))).round(4).tolist()
        [[0.5, 0.5]]
    """
    logits = ops.cast(logits, "float32")
    logits = logits - ops.max(logits, axis=-1, keepdims=True)
    return logits + ops.log(1.0 / ops.sum(ops.exp(logits), axis=-1, keepdims=True))


def gather(x, places):
    """Picks x[b, places[b, i]]: (B, N, ...) and int (B, K) -> (B, K, ...).

    One gather of whole rows; `take_along_axis` would spread the indices over all of `x`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.tensors import gather
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
        >>> from kseq2seq.decoding.tensors import likeliest
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
        >>> from kseq2seq.decoding.tensors import best
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


def best_of_banks(totals, banks, count: int):
    """Picks extensions from all banks in turn.

    The best extension of each bank comes first, highest bank first, then the second best of each,
    and so on; a bank that runs out leaves its turns to the others. So hypotheses that have much of
    what is required are kept beside likelier ones that have little of it.

    Args:
        totals: float32 (B, N, V), the log-probability of each hypothesis with each extension.
        banks: int32 (B, N, V), the bank each belongs to; at least 0.
        count: K, how many to pick.

    Returns:
        (log-probabilities (B, K), places int32 (B, K) in N * V flattened), in the order of picking;
        -inf where fewer than K are possible.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.tensors import best_of_banks
        >>> totals = np.log(np.array([[[0.5, 0.3, 0.2]]], "float32"))
        >>> values, places = best_of_banks(totals, np.array([[[0, 0, 1]]]), 3)
        >>> np.array(places)[0].tolist()
        [2, 0, 1]

    Source:
        Post and Vilar 2018, section 3.2, which gives each bank an equal share of the beam; taking
        turns does, and hands on what a bank can't fill.
    """
    width, vocabulary = totals.shape[1:]
    banks = ops.cast(banks, "int32")
    # A hypothesis' candidates: its likeliest tokens, and those that take it furthest.
    each = min(count, vocabulary)
    rank = ops.where(possible(totals), ops.cast(banks, "float32"), NEVER)
    likely = ops.cast(ops.top_k(totals, each)[1], "int32")
    far = ops.cast(ops.top_k(_lexicographic(rank, totals), each)[1], "int32")
    twice = ops.any(ops.equal(far[..., :, None], likely[..., None, :]), axis=-1)
    tokens = ops.concatenate([likely, far], axis=-1)  # (B, N, 2 * each)
    values = _picked(totals, tokens)
    seen = ops.concatenate([ops.zeros_like(twice), twice], axis=-1)
    values = ops.where(seen, NEVER, values)
    bank = _picked(banks, tokens)
    places = tokens + ops.arange(width, dtype="int32")[None, :, None] * vocabulary

    size = width * 2 * each
    values, bank, places = (ops.reshape(x, (-1, size)) for x in (values, bank, places))
    values, order = ops.top_k(values, size)
    bank, places = gather(bank, order), gather(places, order)
    order = ops.argsort(bank, axis=1)  # stable: of equal banks the likelier stays before
    order = ops.reshape(order, (-1, size))
    values, bank, places = (gather(x, order) for x in (values, bank, places))

    here = ops.broadcast_to(ops.arange(size, dtype="int32"), ops.shape(bank))
    begins = ops.concatenate([ops.ones_like(bank[:, :1]), bank[:, 1:] - bank[:, :-1]], axis=1)
    first = ops.where(begins > 0, here, 0)  # where a place's bank begins, once spread to the right
    for shift in (1 << n for n in range((size - 1).bit_length())):
        moved = ops.concatenate([ops.zeros_like(first[:, :shift]), first[:, :-shift]], axis=1)
        first = ops.maximum(first, moved)
    top = ops.max(bank, axis=1, keepdims=True)
    when = ops.cast((here - first) * (top + 1) + (top - bank), "float32")
    _, picked = ops.top_k(ops.where(possible(values), -when, NEVER), min(count, size))
    return gather(values, picked), gather(places, picked)


def _picked(x, tokens):
    """Returns x (B, N, V) at tokens (B, N, K)."""
    width, vocabulary = x.shape[1:]
    count = tokens.shape[2]
    made = gather(ops.reshape(x, (-1, vocabulary)), ops.reshape(tokens, (-1, count)))
    return ops.reshape(made, (-1, width, count))


def _lexicographic(first, second):
    """One key that sorts by `first`, whole numbers, and then by `second`, at most 0."""
    return first + 0.5 / (1.0 - ops.maximum(second, -1e6))


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
