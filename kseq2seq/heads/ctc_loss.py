"""Connectionist temporal classification: the likelihood of labels without an alignment.

B rows of S positions, T labels, V ids. An alignment goes through M = 2 T + 1 states, blank, label
1, blank, label 2, ..., blank: at each position it stays, goes to the next state, or skips a blank
between two different labels.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.heads.crf import row_weights
from kseq2seq.heads.rows import leading

BLANK = 0  # the id that stands for no label, which is also padding
NEVER = -1e30  # the log-probability of the impossible; finite, so that differences are finite too
LEAST = -2.9e4  # a label at or below it is impossible; learned softmaxes have larger logarithms
POSSIBLE = -1e29  # a sum above it is of something possible


@keras.saving.register_keras_serializable(package="kseq2seq")
class CtcLoss(keras.losses.Loss):
    r"""Negative log-likelihood of labels over all their alignments, in nats per label.

    .. math:: -\log \sum_{\pi \in \mathcal{B}^{-1}(y)} \prod_s p(\pi_s)

    where B takes out repeats, then blanks. The mean is over the labels of the whole batch, an
    empty target counting as one, so that batches may be cut anywhere. Positions that are certain to
    be blank, as `Ctc` makes those of padding, change nothing. It is computed in float32.

    A target that has no alignment, since it needs a position for each label and one between equal
    neighbors, would have an infinite loss. It has the loss 0 and no gradient, and counts in the
    mean: leave such examples out (`Ctc.fits`).

    Args:
        end: the id that closes targets and is no label of an alignment; None if none does.
        name: the loss's name.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads import CtcLoss
        >>> uniform = np.zeros((1, 2, 2), "float32")  # 3 of the 4 paths of two positions spell it
        >>> round(float(CtcLoss()(np.array([[1]]), uniform)), 4)  # -log(3 / 4)
        0.2877

    Source:
        Graves et al. 2006, "Connectionist Temporal Classification", section 4; the gradient is
        equation 15's, taken to the logarithms.
    """

    def __init__(self, end: int | None = None, name: str = "ctc"):
        super().__init__(name=name, reduction="mean_with_sample_weight")
        self.end = end

    def call(self, y_true, y_pred):
        """Returns the losses (B,), each divided by its labels, of labels int (B, T).

        Args:
            y_true: the labels, filled up with 0.
            y_pred: logits (B, S, V).
        """
        labels, count = labels_of(y_true, self.end)
        log_probs = ops.log_softmax(ops.cast(y_pred, "float32"), axis=-1)
        log_probs = log_likelihood(log_probs, labels, count)
        losses = ops.where(log_probs > POSSIBLE, -log_probs, 0.0)
        return losses / ops.cast(ops.maximum(count, 1), "float32")

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Returns the mean loss over labels, weighted if asked."""
        labels = ops.convert_to_tensor(y_true)
        return super().__call__(labels, y_pred, self.weights(labels, sample_weight))

    def weights(self, y_true, sample_weight=None):
        """Returns what each row weighs in the mean, float32 (B,): its labels, at least one.

        Of weights (B, T), the first is that of an empty row.
        """
        labels, count = labels_of(y_true, self.end)
        return row_weights(ops.maximum(count, 1), labels, sample_weight)

    def get_config(self):
        """See `keras.losses.Loss`."""
        return {"end": self.end, "name": self.name}


def labels_of(ids: Any, end: int | None) -> tuple[Any, Any]:
    """Returns labels int32 (B, T), 0 after the last, and their numbers, int32 (B,)."""
    ids = ops.cast(ids, "int32")
    real = ops.not_equal(ids, BLANK)
    if end is not None:
        real = ops.logical_and(real, ops.not_equal(ids, end))
    count = leading(real)
    inside = ops.arange(ops.shape(ids)[1], dtype="int32") < count[:, None]
    return ops.where(inside, ids, BLANK), count


def repeats(labels: Any) -> Any:
    """Returns int32 (B,), how many labels (B, T) are equal to the one before."""
    same = ops.logical_and(ops.equal(labels[:, 1:], labels[:, :-1]), labels[:, 1:] != BLANK)
    return ops.sum(ops.cast(same, "int32"), axis=1)


def log_likelihood(log_probs: Any, labels: Any, count: Any) -> Any:
    """Returns float32 (B,), the log-probability of each row of labels; -1e30 or less for none.

    Args:
        log_probs: float32 (B, S, V).
        labels: int32 (B, T), filled up with blanks.
        count: int32 (B,), how many labels.
    """
    return _over_alignments(*states_of(log_probs, labels), count)


def states_of(log_probs: Any, labels: Any) -> tuple[Any, Any]:
    """Returns the log-probabilities of states (B, S, M), and bool (B, M), which may be skipped to.

    Args:
        log_probs: float32 (B, S, V).
        labels: int32 (B, T), filled up with blanks.
    """
    # 1. The log-probability of each state's id at each position, `says` (B, S, M).
    spread = ops.broadcast_to(labels[:, None], (*ops.shape(log_probs)[:2], ops.shape(labels)[1]))
    own = ops.take_along_axis(log_probs, spread, axis=2)
    blank = log_probs[:, :, BLANK:1]
    pairs = ops.stack([ops.broadcast_to(blank, ops.shape(own)), own], axis=-1)
    pairs = ops.reshape(pairs, (*ops.shape(own)[:2], 2 * ops.shape(own)[2]))
    says = ops.concatenate([pairs, blank], axis=2)
    says = ops.where(says > LEAST, says, NEVER)
    # 2. Which states may follow the state two before them, `skips` (B, M): labels that differ from
    # the label before.
    follows = ops.logical_and(labels[:, 1:] != labels[:, :-1], labels[:, 1:] != BLANK)
    follows = ops.pad(follows, ((0, 0), (1, 0)), constant_values=False)[:, : ops.shape(labels)[1]]
    skips = ops.stack([ops.zeros_like(follows), follows], axis=-1)
    skips = ops.reshape(skips, (ops.shape(labels)[0], 2 * ops.shape(labels)[1]))
    return says, ops.pad(skips, ((0, 0), (0, 1)), constant_values=False)


def _over_alignments(says: Any, skips: Any, count: Any) -> Any:
    """Returns float32 (B,), the log of the sum over all ways through the states.

    As if a certain blank came before the first position and another after the last.
    """
    states = ops.arange(ops.shape(skips)[1], dtype="int32")

    @ops.custom_gradient
    def total(says):
        # 1. Forward: alpha_s[m], over all beginnings that are in state m at position s; (S, B, M).
        by_time = ops.swapaxes(says, 0, 1)
        first = ops.where(ops.equal(states, 0), ops.zeros_like(by_time[0]), NEVER)
        last = ops.where(ops.equal(states, 2 * count[:, None]), ops.zeros_like(by_time[0]), NEVER)

        def forward(alpha, here):
            skipped = ops.where(skips, moved(alpha, 2), NEVER)
            new = _log_sum(alpha, moved(alpha, 1), skipped) + here
            new = ops.maximum(new, NEVER)
            return new, new

        final, alphas = ops.scan(forward, first, by_time)
        arrived = _log_sum(final, moved(final, 1), NEVER + 0 * final)
        log_total = ops.logsumexp(arrived + last, axis=1)

        def backward(*gradients, upstream=None):
            slope = gradients[0] if upstream is None else upstream  # (B,), as the backend hands it

            # 2. Backward: beta_s[m], over all endings after state m at position s; (S, B, M).
            def step(carry, here):
                _, ahead = carry
                skipped = moved(ops.where(skips, ahead, NEVER), -2)
                beta = ops.maximum(_log_sum(ahead, moved(ahead, -1), skipped), NEVER)
                new = (beta, ops.maximum(beta + here, NEVER))
                return new, new

            _, (betas, _) = ops.scan(step, (last, last), ops.flip(by_time, 0))
            # 3. The gradient: the share of ways that are in a state at a position, (B, S, M).
            log_share = alphas + ops.flip(betas, 0) - log_total[:, None]
            shares = ops.exp(ops.minimum(log_share, 0.0))
            shares = ops.where((log_total > POSSIBLE)[:, None], shares, 0.0)
            return ops.swapaxes(shares, 0, 1) * slope[:, None, None]

        return log_total, backward

    return total(says)


def moved(x: Any, by: int) -> Any:
    """Returns x (B, M) moved right by `by` states, or left; the states that come in are NEVER."""
    if by > 0:
        return ops.pad(x, ((0, 0), (by, 0)), constant_values=NEVER)[:, :-by]
    return ops.pad(x, ((0, 0), (0, -by)), constant_values=NEVER)[:, -by:]


def _log_sum(*terms: Any) -> Any:
    """Returns the log of the sum of exp over three terms, each (B, M)."""
    top = ops.maximum(ops.maximum(terms[0], terms[1]), terms[2])
    return top + ops.log(sum(ops.exp(term - top) for term in terms))
