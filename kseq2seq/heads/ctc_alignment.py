"""Where the labels of CTC are said: the likeliest alignment of given labels."""

from __future__ import annotations

from typing import Any

from keras import ops

from kseq2seq.heads.ctc_loss import BLANK, NEVER, POSSIBLE, moved, states_of


def best_alignment(log_probs: Any, labels: Any, count: Any) -> Any:
    """Returns which label the likeliest path through labels is in at each position, int32 (R, S).

    Labels count from 1; 0 stands for a blank, and for all positions of a row that can't be aligned.

    Args:
        log_probs: float32 (R, S, V).
        labels: int32 (R, T), filled up with blanks.
        count: int32 (R,), how many labels.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads.ctc_alignment import best_alignment
        >>> path = np.log(np.eye(3)[None, [0, 1, 1, 0, 2]] * 0.9 + 0.03).astype("float32")
        >>> best_alignment(path, np.array([[1, 2]]), np.array([2])).numpy().tolist()
        [[0, 1, 1, 0, 2]]

    Source:
        The states and steps of Graves et al. 2006, section 4.1, with the best way in place of the
        sum over all.
    """
    says, skips = states_of(log_probs, labels)
    states = ops.arange(ops.shape(skips)[1], dtype="float32")  # as all that a scan carries
    by_time = ops.swapaxes(says, 0, 1)  # (S, R, M)
    first = ops.where(ops.equal(states, 0), ops.zeros_like(by_time[0]), NEVER)

    # 1. Forward: the best way to each state, and how many states it moved by, (S, R, M).
    def forward(best, here):
        one, two = moved(best, 1), ops.where(skips, moved(best, 2), NEVER)
        top = ops.maximum(ops.maximum(best, one), two)
        taken = ops.where(best >= top, 0, ops.where(one >= top, 1, 2))
        return ops.maximum(top + here, NEVER), ops.cast(taken, "float32")

    final, taken = ops.scan(forward, first, by_time)

    # 2. Backward, from the last label or the blank after it: the state at each position, (S, R).
    def at(x, state):
        return ops.sum(ops.where(ops.equal(state[:, None], states), x, ops.zeros_like(x)), axis=1)

    blank = 2 * ops.cast(count, "float32")
    label = ops.maximum(blank - 1, 0)
    score_of_blank, score_of_label = at(final, blank), at(final, label)
    last = ops.where(score_of_blank >= score_of_label, blank, label)

    def backward(state, taken):
        return state - at(taken, state), state

    _, path = ops.scan(backward, last, ops.flip(taken, 0))
    path = ops.cast(ops.transpose(ops.flip(path, 0)), "int32")
    # 3. Odd states are labels.
    number = ops.where(ops.equal(path % 2, 1), (path + 1) // 2, BLANK)
    exists = ops.maximum(score_of_blank, score_of_label) > POSSIBLE
    return ops.where(exists[:, None], number, BLANK)


def spans(number: Any, log_probs: Any, labels: Any) -> tuple[Any, Any]:
    """Returns the alignment of labels, (R, T, S), and their confidences, (R, T); both float32.

    The row of a label is spread evenly over its positions. Its confidence is its highest
    probability at them.

    Args:
        number: from `best_alignment`.
        log_probs: float32 (R, S, V).
        labels: int32 (R, T).
    """
    order = ops.arange(1, ops.shape(labels)[1] + 1, dtype="int32")
    here = ops.equal(number[:, None], order[None, :, None])  # (R, T, S)
    lit = ops.cast(here, "float32")
    alignment = lit / ops.maximum(ops.sum(lit, axis=2, keepdims=True), 1.0)
    ids = ops.broadcast_to(labels[:, None], (*ops.shape(log_probs)[:2], ops.shape(labels)[1]))
    own = ops.transpose(ops.take_along_axis(log_probs, ids, axis=2), (0, 2, 1))
    return alignment, ops.max(ops.where(here, ops.exp(own), 0.0), axis=2)
