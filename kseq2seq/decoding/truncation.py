"""Leaving out unlikely tokens before one is drawn."""

from __future__ import annotations

from keras import ops

from kseq2seq.decoding.search import NEVER, possible


def keep_top_k(log_probs, k):
    """Keeps the `k` likeliest tokens of each row, and those as likely as the last of them.

    Args:
        log_probs: float32 (rows, V).
        k: int; 0 keeps all.

    Returns:
        float32 (rows, V), -inf for what is left out.

    Source:
        Fan et al. 2018, section 5.
    """
    ordered, _ = _sorted(log_probs)
    k = ops.convert_to_tensor(k, dtype="int32")
    last = ops.clip(k - 1, 0, log_probs.shape[-1] - 1)
    threshold = ops.take(ordered, last, axis=1)[:, None]
    return ops.where(ops.logical_or(k <= 0, log_probs >= threshold), log_probs, NEVER)


def keep_top_p(log_probs, p):
    """Keeps the fewest likeliest tokens of each row whose probabilities sum to at least `p`.

    Args:
        log_probs: float32 (rows, V), of any sum.
        p: in (0, 1]; 1 keeps all.

    Returns:
        float32 (rows, V), -inf for what is left out.

    Source:
        Holtzman et al. 2020, equation 2.
    """
    return _fewest(log_probs, -log_probs, p)


def keep_min_p(log_probs, p):
    """Keeps the tokens of each row that are at least `p` times as likely as the likeliest.

    Args:
        log_probs: float32 (rows, V).
        p: in [0, 1]; 0 keeps all.

    Returns:
        float32 (rows, V), -inf for what is left out.

    Source:
        Nguyen et al. 2024, section 3.
    """
    threshold = ops.max(log_probs, axis=-1, keepdims=True) + ops.log(ops.cast(p, "float32"))
    return ops.where(log_probs >= threshold, log_probs, NEVER)


def keep_typical(log_probs, p):
    r"""Keeps the fewest tokens, those of expected information first, that sum to at least `p`.

    .. math:: \bigl| H(q) + \log q(y) \bigr| \text{, ascending}

    Args:
        log_probs: float32 (rows, V), of any sum.
        p: in (0, 1]; 1 keeps all.

    Returns:
        float32 (rows, V), -inf for what is left out.

    Source:
        Meister et al. 2023, equation 9.
    """
    normal = ops.log_softmax(log_probs)
    kept = possible(normal)
    known = ops.where(kept, normal, 0.0)
    entropy = -ops.sum(ops.exp(normal) * known, axis=-1, keepdims=True)
    surprise = ops.where(kept, ops.absolute(entropy + known), -NEVER)
    return _fewest(log_probs, surprise, p)


def _fewest(log_probs, order, p):
    """Keeps the fewest tokens, in ascending `order`, whose probabilities sum to at least `p`.

    The probabilities are those after normalisation; one token is always kept.
    """
    _, places = _sorted(-order)
    probs = _at(ops.softmax(log_probs), places)
    before = ops.cumsum(probs, axis=-1) - probs
    kept = ops.logical_or(before < p, ops.arange(probs.shape[-1]) == 0)
    rank = ops.cast(ops.argsort(places, axis=-1), "int32")
    return ops.where(ops.logical_or(p >= 1, _at(kept, rank)), log_probs, NEVER)


def _sorted(x):
    """Returns (values, places) of each row, descending."""
    return ops.top_k(x, x.shape[-1])


def _at(x, places):
    return ops.take_along_axis(x, ops.cast(places, "int32"), axis=-1)
