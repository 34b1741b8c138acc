"""Choosing among extensions so that every degree of completion stays represented."""

from __future__ import annotations

from keras import ops

from kseq2seq.decoding.gathering import gather
from kseq2seq.decoding.search import NEVER, possible


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
        >>> from kseq2seq.decoding.banks import best_of_banks
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
