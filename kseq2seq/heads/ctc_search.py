"""The likeliest path, and the likeliest labels over all paths."""

from __future__ import annotations

from typing import Any

from keras import ops

from kseq2seq.heads.ctc_loss import BLANK, LEAST, NEVER, POSSIBLE
from kseq2seq.heads.decoded import Decoded
from kseq2seq.heads.rows import collapsed


def _log_probs(logits: Any) -> Any:
    made = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    return ops.where(made > LEAST, made, NEVER)


def best_path(logits: Any) -> Decoded:
    """Returns the labels of the likeliest path through logits (B, S, V), and its log-probability.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads.ctc_search import best_path
        >>> logits = 9 * np.eye(3)[None, [1, 1, 0, 1, 2]]
        >>> best_path(logits).ids.numpy().tolist()
        [[[1, 1, 2, 0, 0]]]
    """
    values, places = ops.top_k(_log_probs(logits), 1)
    path = ops.cast(places[..., 0], "int32")
    before = ops.pad(path, ((0, 0), (1, 0)))[:, :-1]
    kept = ops.logical_and(ops.not_equal(path, BLANK), ops.not_equal(path, before))
    ids = collapsed(path, kept, ops.shape(path)[1])
    lengths = ops.sum(ops.cast(kept, "int32"), axis=1)
    scores = ops.sum(values[..., 0], axis=1)
    whole = ops.ones_like(lengths, dtype="bool")
    return Decoded(ids[:, None], lengths[:, None], scores[:, None], None, whole[:, None])


def best_labels(logits: Any, width: int, longest: int | None = None) -> Decoded:
    """Returns the likeliest labels over all paths, by a beam of `width` beginnings.

    A step keeps, of all beginnings and what one label makes of them, the likeliest, each once: the
    probability that a beginning is complete is kept apart for paths that end in a blank and in its
    last label. With as many beginnings as there are, the search is exhaustive.

    Args:
        logits: (B, S, V).
        width: beginnings that are kept, and answers.
        longest: the most labels of an answer; None takes S.

    Returns:
        A `Decoded` of `width` answers, those that do not exist with a score of -inf.

    Source:
        Graves 2012, section 7.5.3, a beam of fixed width in place of a best-first search; Hannun et
        al. 2014, algorithm 1.
    """
    log_probs = _log_probs(logits)
    rows, steps, size = ops.shape(log_probs)[0], ops.shape(log_probs)[1], log_probs.shape[-1]
    places = steps if longest is None else longest
    if longest is not None and log_probs.shape[1] is not None:
        places = min(longest, log_probs.shape[1])
    by_time = ops.swapaxes(log_probs, 0, 1)
    some = min(size - 1, 2 * width)  # of the labels: no more can be among the best `width`
    order = ops.arange(width, dtype="int32")
    firsts = ops.arange(rows, dtype="int32")[:, None] * width

    def beginning(x, parents):
        flat = ops.reshape(x, (rows * width, *ops.shape(x)[2:]))
        return ops.take(flat, parents + firsts, axis=0)

    def step(time, ids, lengths, blank, label):
        here = by_time[time]
        total = _log_add(blank, label)
        last = _at(ids, lengths - 1)
        # 1. A beginning goes on by a blank, or by its last label once more.
        own = _picked(here, last)
        stay_label = ops.where(lengths > 0, label + own, NEVER)
        stay_blank = total + here[:, BLANK : BLANK + 1]
        # 2. Or by a new label; the same as the last one only after a blank.
        values, chosen = ops.top_k(here[:, BLANK + 1 :], some)
        chosen = ops.cast(chosen, "int32") + BLANK + 1
        again = ops.equal(chosen[:, None], last[:, :, None])
        longer = values[:, None] + ops.where(again, blank[:, :, None], total[:, :, None])
        # 3. What is a beginning already is the same one: [b, j, i], j is i and one label.
        child = _children(ids, lengths)
        repeated = ops.equal(last[:, :, None], last[:, None])
        through = own[:, :, None] + ops.where(repeated, blank[:, None], total[:, None])
        joined = ops.max(ops.where(child, through, NEVER), axis=2)
        stay_label = _log_add(stay_label, joined)
        known = ops.logical_and(
            child[:, :, :, None], ops.equal(last[:, :, None], chosen[:, None])[:, :, None]
        )
        room = (lengths < places)[:, :, None]
        free = ops.logical_and(ops.logical_not(ops.any(known, axis=1)), room)
        longer = ops.where(free, longer, NEVER)
        # 4. The best of both.
        stay = _log_add(stay_blank, stay_label)
        everything = ops.concatenate([stay, ops.reshape(longer, (rows, width * some))], axis=1)
        best, picked = ops.top_k(everything, width)
        picked = ops.cast(picked, "int32")
        is_new = picked >= width
        which = ops.maximum(picked - width, 0)
        parents = ops.where(is_new, which // some, picked)
        added = _picked(chosen, which % some)
        lengths, ids = beginning(lengths, parents), beginning(ids, parents)
        blank = ops.where(is_new, NEVER, beginning(stay_blank, parents))
        label = ops.where(is_new, best, beginning(stay_label, parents))
        at_end = ops.equal(ops.arange(ops.shape(ids)[2], dtype="int32"), lengths[:, :, None])
        ids = ops.where(ops.logical_and(at_end, is_new[:, :, None]), added[:, :, None], ids)
        lengths = lengths + ops.cast(is_new, "int32")
        alive = best > POSSIBLE
        return (
            time + 1,
            ops.where(alive[:, :, None], ids, BLANK),
            ops.where(alive, lengths, -2),  # which is no beginning of anything
            ops.where(alive, blank, NEVER),
            ops.where(alive, label, NEVER),
        )

    first = ops.zeros((rows, width), "float32") + ops.where(ops.equal(order, 0), 0.0, NEVER)
    start = (
        ops.zeros((), "int32"),
        ops.zeros((rows, width, places), "int32"),
        ops.zeros((rows, width), "int32") + ops.where(ops.equal(order, 0), 0, -2),
        first,
        ops.full((rows, width), NEVER, "float32"),
    )
    _, ids, lengths, blank, label = ops.while_loop(lambda time, *rest: time < steps, step, start)
    scores, order = ops.top_k(_log_add(blank, label), width)
    order = ops.cast(order, "int32")
    there = scores > POSSIBLE
    # a logarithm that is taken as it runs, since files of TFLite hold no infinity
    scores = ops.where(there, scores, ops.log(ops.cast(there, "float32")))
    lengths = ops.maximum(beginning(lengths, order), 0)
    return Decoded(beginning(ids, order), lengths, scores, None, ops.ones_like(there))


def _log_add(a: Any, b: Any) -> Any:
    top = ops.maximum(a, b)
    made = top + ops.log(ops.exp(a - top) + ops.exp(b - top))
    return ops.maximum(made, NEVER)


def _picked(x: Any, places: Any) -> Any:
    """Returns x[b, places[b, i]] of x (B, n); 0 where a place is none."""
    here = ops.equal(places[:, :, None], ops.arange(ops.shape(x)[1], dtype="int32"))
    return ops.sum(ops.where(here, x[:, None], ops.zeros_like(x)[:, None]), axis=2)


def _at(ids: Any, places: Any) -> Any:
    """Returns ids[b, n, places[b, n]]; 0 where a place is none."""
    here = ops.equal(places[:, :, None], ops.arange(ops.shape(ids)[2], dtype="int32"))
    return ops.sum(ops.where(here, ids, 0), axis=2)


def _children(ids: Any, lengths: Any) -> Any:
    """Returns bool (B, N, N): [b, j, i] where j is what i is and one label more."""
    inside = ops.arange(ops.shape(ids)[2], dtype="int32") < lengths[:, None, :, None]
    alike = ops.equal(ids[:, :, None], ids[:, None])
    beginning = ops.all(ops.logical_or(alike, ops.logical_not(inside)), axis=3)
    return ops.logical_and(beginning, ops.equal(lengths[:, :, None], lengths[:, None] + 1))
