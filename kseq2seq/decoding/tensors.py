"""Steps on tensors that searches share: log-probabilities, picking and reordering.

They use TensorFlow's own gather and arg-max. Those of Keras also handle negative indices and zeros,
by operations that TFLite lacks or that would slow down each step.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops, tree

NEVER = float("-inf")  # the log-probability of what is forbidden
# Anything below is forbidden. TFLite has no infinity: a file holds the lowest number in its place,
# and a file of float16 -65,504. No real target is as unlikely.
LEAST = -6e4


def possible(log_probs: Any) -> Any:
    """Returns True where a log-probability, or a sum of some, is of an allowed token.

    False for NaN. Call it before anything is divided by a length.
    """
    return log_probs > LEAST


def log_softmax(logits):
    """Returns the log-probabilities (..., V) of logits (..., V), in float32.

    It is computed in parts, each of which TFLite vectorizes. TFLite's own log-softmax takes three
    times as long, and its converter would recognize one in `x - log(sum)`: so here the logarithm
    of the reciprocal is added.

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

    It is one gather of whole rows; `take_along_axis` would spread the indices over all of `x`.

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
    """Returns int32 (rows,), the index of the largest value in each row of x (rows, n).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.tensors import likeliest
        >>> likeliest(np.array([[1.0, 3.0, 2.0]])).numpy().tolist()
        [1]
    """
    return tf.argmax(x, axis=-1, output_type=tf.int32)


def best(x, count: int, block: int = 128):
    """Returns what `ops.top_k(x, count)` does, faster for long rows.

    The largest `count` values lie in the `count` blocks with the largest maxima, and a maximum
    costs less than sorting. The blocks stay in their order, so ties are broken as by `top_k`.

    Args:
        x: float32 (B, n).
        count: how many, at most n.
        block: how many values share one maximum.

    Returns:
        (values (B, count), indices int32 (B, count)), descending.

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
    chosen = ops.sort(ops.cast(chosen, "int32"), axis=1)  # (B, count), the blocks to look into
    values, places = ops.top_k(ops.reshape(gather(x, chosen), (-1, count * block)), count)
    places = ops.cast(places, "int32")
    blocks = gather(ops.reshape(chosen, (-1, count)), places // block)
    # A TFLite file of float16 pads with -65,504, which is more than some of what is forbidden.
    return values, ops.minimum(blocks * block + places % block, size - 1)


def best_of_banks(totals, banks, count: int):
    """Picks continuations from all banks in turn.

    The best continuation of each bank comes first, highest bank first, then the second best of
    each, and so on; an empty bank leaves its turns to the others. So hypotheses that meet many
    requirements are kept beside likelier ones that meet few.

    Args:
        totals: float32 (B, N, V), the log-probability of each hypothesis with each next token.
        banks: int32 (B, N, V), the bank of each; at least 0.
        count: K, how many to pick.

    Returns:
        (log-probabilities (B, K), indices int32 (B, K) into N * V), in the order of picking; -inf
        where fewer than K are possible.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.decoding.tensors import best_of_banks
        >>> totals = np.log(np.array([[[0.5, 0.3, 0.2]]], "float32"))
        >>> values, places = best_of_banks(totals, np.array([[[0, 0, 1]]]), 3)
        >>> np.array(places)[0].tolist()
        [2, 0, 1]

    Source:
        Post and Vilar 2018, section 3.2, which gives each bank an equal share of the beam, as
        turns do; here the other banks get the turns that a bank can't use.
    """
    width, vocabulary = totals.shape[1:]
    banks = ops.cast(banks, "int32")
    # 1. For each hypothesis, its likeliest tokens and those of the highest banks: (B, N, 2 * each).
    # A token that is among both counts once.
    each = min(count, vocabulary)
    rank = ops.where(possible(totals), ops.cast(banks, "float32"), NEVER)
    likely = ops.cast(ops.top_k(totals, each)[1], "int32")
    far = ops.cast(ops.top_k(_lexicographic(rank, totals), each)[1], "int32")
    twice = ops.any(ops.equal(far[..., :, None], likely[..., None, :]), axis=-1)
    tokens = ops.concatenate([likely, far], axis=-1)
    values = _picked(totals, tokens)
    seen = ops.concatenate([ops.zeros_like(twice), twice], axis=-1)
    values = ops.where(seen, NEVER, values)
    bank = _picked(banks, tokens)
    places = tokens + ops.arange(width, dtype="int32")[None, :, None] * vocabulary

    # 2. All of a source, (B, size), sorted by bank and then by log-probability.
    size = width * 2 * each
    values, bank, places = (ops.reshape(x, (-1, size)) for x in (values, bank, places))
    values, order = ops.top_k(values, size)
    bank, places = gather(bank, order), gather(places, order)
    order = ops.argsort(bank, axis=1)  # stable: of equal banks the likelier stays before
    order = ops.reshape(order, (-1, size))
    values, bank, places = (gather(x, order) for x in (values, bank, places))

    # 3. Where each one's bank begins: marked at the first of a bank, then spread to the right.
    here = ops.broadcast_to(ops.arange(size, dtype="int32"), ops.shape(bank))
    begins = ops.concatenate([ops.ones_like(bank[:, :1]), bank[:, 1:] - bank[:, :-1]], axis=1)
    first = ops.where(begins > 0, here, 0)
    for shift in (1 << n for n in range((size - 1).bit_length())):
        moved = ops.concatenate([ops.zeros_like(first[:, :shift]), first[:, :-shift]], axis=1)
        first = ops.maximum(first, moved)
    # 4. The turn of each: its rank within its bank, then the bank, highest first.
    top = ops.max(bank, axis=1, keepdims=True)
    when = ops.cast((here - first) * (top + 1) + (top - bank), "float32")
    _, picked = ops.top_k(ops.where(possible(values), -when, NEVER), min(count, size))
    return gather(values, picked), gather(places, picked)


def _picked(x, tokens):
    """Returns x (B, N, V) at tokens (B, N, K)."""
    width, vocabulary = x.shape[1:]
    count = tokens.shape[2]
    picked = gather(ops.reshape(x, (-1, vocabulary)), ops.reshape(tokens, (-1, count)))
    return ops.reshape(picked, (-1, width, count))


def _lexicographic(first, second):
    """Returns a key that sorts by `first`, whole numbers, and then by `second`, at most 0."""
    return first + 0.5 / (1.0 - ops.maximum(second, -1e6))


def reorder(state, parents):
    """Reorders the rows of every leaf of a state by `parents` (rows,); None leaves it as it is."""
    if parents is None:
        return state
    return tree.map_structure(
        lambda leaf: None if leaf is None else tf.gather(leaf, parents), state
    )


def repeat(state, count: int):
    """Repeats each row of every leaf `count` times, side by side: B rows -> B * count."""
    if count == 1:
        return state
    return tree.map_structure(lambda leaf: ops.repeat(leaf, count, axis=0), state)
