"""CTC search: the likeliest path, and the likeliest labels over all paths.

B rows of S positions, V ids, of which 0 is the blank. A path has an id at each position; it spells
the labels that are left when repeats, then blanks, are taken out.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from kseq2seq.heads.ctc_loss import BLANK, LEAST, NEVER, POSSIBLE
from kseq2seq.heads.decoded import Decoded
from kseq2seq.heads.rows import collapsed


def _log_probs(logits: Any) -> Any:
    """Returns log-probabilities float32 (B, S, V), NEVER where a label is impossible."""
    log_probs = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    return ops.where(log_probs > LEAST, log_probs, NEVER)


def best_path(logits: Any) -> Decoded:
    """Returns the labels of the likeliest path through logits (B, S, V), and its log-probability.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads.ctc_search import best_path
        >>> logits = 9 * np.eye(3)[None, [1, 1, 0, 1, 2]]
        >>> best_path(logits).ids.numpy().tolist()
        [[[1, 1, 2, 0, 0]]]
    """
    values, path = ops.top_k(_log_probs(logits), 1)
    path = ops.cast(path[..., 0], "int32")  # (B, S)
    before = ops.pad(path, ((0, 0), (1, 0)))[:, :-1]
    is_label = ops.logical_and(ops.not_equal(path, BLANK), ops.not_equal(path, before))
    ids = collapsed(path, is_label, ops.shape(path)[1])
    lengths = ops.sum(ops.cast(is_label, "int32"), axis=1)
    scores = ops.sum(values[..., 0], axis=1)
    whole = ops.ones_like(lengths, dtype="bool")
    return Decoded(ids[:, None], lengths[:, None], scores[:, None], None, whole[:, None])


def best_labels(logits: Any, width: int, longest: int | None = None, worth: Any = None) -> Decoded:
    """Returns the likeliest labels over all paths, by a beam of `width` prefixes.

    A prefix is a row of labels that paths have spelled so far. Each step extends all prefixes by
    one position and keeps the likeliest, each once. A prefix has two log-probabilities, of the
    paths that end in a blank and of those that end in its last label. With a beam as wide as there
    are prefixes, the search is exhaustive.

    Args:
        logits: (B, S, V).
        width: N, prefixes that are kept, and answers.
        longest: the most labels of an answer; None takes S.
        worth: what labels are worth beside their log-probability; None for nothing.

    Returns:
        A `Decoded` of `width` answers; the score of those that do not exist is -inf.

    Source:
        Graves 2012, section 7.5.3, a beam of fixed width in place of a best-first search; Hannun et
        al. 2014, algorithm 1.
    """
    log_probs = _log_probs(logits)
    rows, steps, size = ops.shape(log_probs)[0], ops.shape(log_probs)[1], log_probs.shape[-1]
    most_labels = steps if longest is None else longest
    if longest is not None and log_probs.shape[1] is not None:
        most_labels = min(longest, log_probs.shape[1])
    by_time = ops.swapaxes(log_probs, 0, 1)  # (S, B, V)
    some = min(size - 1, 2 * width)  # K labels: no others can be among the best `width`
    order = ops.arange(width, dtype="int32")
    first_rows = ops.arange(rows, dtype="int32")[:, None] * width

    def prefixes_at(x, parents):
        """Returns x (B, N, ...) at the prefixes `parents` (B, N)."""
        flat = ops.reshape(x, (rows * width, *ops.shape(x)[2:]))
        return ops.take(flat, parents + first_rows, axis=0)

    def gains_of(ids, lengths):
        """Returns what each next label is worth after the prefixes, (B, N, V)."""
        flat = _newest(ids, lengths, worth.history, size)
        return ops.reshape(worth.gains(flat), (rows, width, size))

    # The state: position, labels (B, N, L), their numbers (B, N), the log-probabilities (B, N) of
    # the paths that end in a blank and of those that end in the last label, and what the labels are
    # worth beside (B, N).
    def step(time, ids, lengths, blank, label, beside):
        here = by_time[time]  # (B, V)
        total = _log_add(blank, label)
        last = _at(ids, lengths - 1)
        # 1. A prefix stays itself by a blank, or by its last label once more: (B, N).
        own = _picked(here, last)
        stay_label = ops.where(lengths > 0, label + own, NEVER)
        stay_blank = total + here[:, BLANK : BLANK + 1]
        # 2. Or grows by one of K labels, (B, N, K); by its last label only after a blank.
        if worth is None:
            values, chosen = ops.top_k(here[:, None, BLANK + 1 :], some)
            gains = ops.zeros_like(values)
        else:
            of_labels = gains_of(ids, lengths)[:, :, BLANK + 1 :]
            values, chosen = ops.top_k(here[:, None, BLANK + 1 :] + of_labels, some)
            flat = ops.reshape(ops.cast(chosen, "int32"), (rows * width, some))
            gains = _picked(ops.reshape(of_labels, (rows * width, size - 1)), flat)
            gains = ops.reshape(gains, (rows, width, some))
            values = values - gains
        chosen = ops.cast(chosen, "int32") + BLANK + 1  # (B, 1 or N, K)
        again = ops.equal(chosen, last[:, :, None])
        longer = values + ops.where(again, blank[:, :, None], total[:, :, None])
        # 3. Where prefix j is prefix i and one label more, `child` [b, j, i], i grown by that label
        # is j itself: its paths are added to those of j, and it is no candidate of its own.
        child = _children(ids, lengths)
        repeated = ops.equal(last[:, :, None], last[:, None])
        through = own[:, :, None] + ops.where(repeated, blank[:, None], total[:, None])
        joined = ops.max(ops.where(child, through, NEVER), axis=2)
        stay_label = _log_add(stay_label, joined)
        known = ops.logical_and(
            child[:, :, :, None], ops.equal(last[:, :, None, None], chosen[:, None])
        )  # [b, j, i, k]
        room = (lengths < most_labels)[:, :, None]
        free = ops.logical_and(ops.logical_not(ops.any(known, axis=1)), room)
        longer = ops.where(free, longer, NEVER)
        # 4. The best N of the candidates: N that stay, then N * K that grow.
        stay = _log_add(stay_blank, stay_label) + beside
        growing = longer + (beside[:, :, None] + gains)
        candidates = ops.concatenate([stay, ops.reshape(growing, (rows, width * some))], axis=1)
        best, picked = ops.top_k(candidates, width)
        picked = ops.cast(picked, "int32")
        is_new = picked >= width
        grown = ops.maximum(picked - width, 0)
        parents = ops.where(is_new, grown // some, picked)

        def of_grown(x):
            """Returns x (B, 1 or N, K) at the labels that were added, (B, N)."""
            x = ops.broadcast_to(x, (rows, width, some))
            return _picked(ops.reshape(x, (rows, width * some)), grown)

        # 5. Their state: that of their parents, with the label that was added.
        added = of_grown(chosen)
        lengths, ids = prefixes_at(lengths, parents), prefixes_at(ids, parents)
        blank = ops.where(is_new, NEVER, prefixes_at(stay_blank, parents))
        label = ops.where(is_new, of_grown(longer), prefixes_at(stay_label, parents))
        beside = prefixes_at(beside, parents) + ops.where(is_new, of_grown(gains), 0.0)
        at_end = ops.equal(ops.arange(ops.shape(ids)[2], dtype="int32"), lengths[:, :, None])
        ids = ops.where(ops.logical_and(at_end, is_new[:, :, None]), added[:, :, None], ids)
        lengths = lengths + ops.cast(is_new, "int32")
        alive = best > POSSIBLE
        return (
            time + 1,
            ops.where(alive[:, :, None], ids, BLANK),
            ops.where(alive, lengths, -2),  # a length that makes it no prefix of another
            ops.where(alive, blank, NEVER),
            ops.where(alive, label, NEVER),
            beside,
        )

    # At first there is the empty prefix alone, whose one path ends in a blank.
    first = ops.zeros((rows, width), "float32") + ops.where(ops.equal(order, 0), 0.0, NEVER)
    start = (
        ops.zeros((), "int32"),
        ops.zeros((rows, width, most_labels), "int32"),
        ops.zeros((rows, width), "int32") + ops.where(ops.equal(order, 0), 0, -2),
        first,
        ops.full((rows, width), NEVER, "float32"),
        ops.zeros((rows, width), "float32"),
    )
    state = ops.while_loop(lambda time, *rest: time < steps, step, start)
    _, ids, lengths, blank, label, beside = state
    if worth is not None and worth.end is not None:
        beside = beside + gains_of(ids, ops.maximum(lengths, 0))[:, :, worth.end]
    scores, order = ops.top_k(_log_add(blank, label) + beside, width)
    order = ops.cast(order, "int32")
    exists = scores > POSSIBLE
    # a logarithm that is taken as it runs, since files of TFLite hold no infinity
    scores = ops.where(exists, scores, ops.log(ops.cast(exists, "float32")))
    lengths = ops.maximum(prefixes_at(lengths, order), 0)
    return Decoded(prefixes_at(ids, order), lengths, scores, None, ops.ones_like(exists))


def _newest(ids: Any, lengths: Any, count: int, none: int) -> Any:
    """Returns the last `count` labels of prefixes, int32 (B * N, count), the newest first.

    Where there are fewer, `none` stands for the rest.
    """
    ago = [lengths - 1 - back for back in range(count)]
    labels = [ops.where(at >= 0, _at(ids, at), none) for at in ago]
    stacked = ops.stack(labels, axis=-1) if labels else ops.zeros((*ops.shape(lengths), 0), "int32")
    return ops.reshape(stacked, (-1, count))


def _log_add(a: Any, b: Any) -> Any:
    """Returns log(exp(a) + exp(b)), at least NEVER."""
    top = ops.maximum(a, b)
    total = top + ops.log(ops.exp(a - top) + ops.exp(b - top))
    return ops.maximum(total, NEVER)


def _picked(x: Any, indices: Any) -> Any:
    """Returns x[b, indices[b, i]] of x (B, n); 0 where an index is out of range."""
    here = ops.equal(indices[:, :, None], ops.arange(ops.shape(x)[1], dtype="int32"))
    return ops.sum(ops.where(here, x[:, None], ops.zeros_like(x)[:, None]), axis=2)


def _at(ids: Any, indices: Any) -> Any:
    """Returns ids[b, n, indices[b, n]]; 0 where an index is out of range."""
    here = ops.equal(indices[:, :, None], ops.arange(ops.shape(ids)[2], dtype="int32"))
    return ops.sum(ops.where(here, ids, 0), axis=2)


def _children(ids: Any, lengths: Any) -> Any:
    """Returns bool (B, N, N): [b, j, i] where prefix j is prefix i and one label more."""
    inside = ops.arange(ops.shape(ids)[2], dtype="int32") < lengths[:, None, :, None]
    alike = ops.equal(ids[:, :, None], ids[:, None])  # (B, N, N, L)
    prefix = ops.all(ops.logical_or(alike, ops.logical_not(inside)), axis=3)
    return ops.logical_and(prefix, ops.equal(lengths[:, :, None], lengths[:, None] + 1))
