"""Linear-chain conditional random fields: their loss, and their likeliest rows of labels.

B rows of W positions, V labels. A row's score is the sum of an emission for each label at its
position, a transition for each pair of neighbors, and one each for the start and the end.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.heads.rows import leading

LEAST = 1e-30  # a sum that float32 still holds precisely
MOST = 80.0  # the largest exponent whose exp, times a length, float32 holds


def stacked(emissions: Any, transitions: Any) -> Any:
    """Returns all that a row's score depends on as one tensor, its potentials, for a loss.

    Args:
        emissions: float32 (B, W, V), how well a label fits a position.
        transitions: float32 (V + 2, V): from each label to the next, from the start, to the end.

    Returns:
        float32 (B, V + 2 + W, V); V is the last axis' size, so `unstacked` takes it apart.
    """
    rows = ops.shape(emissions)[0]
    transitions = ops.broadcast_to(transitions[None], (rows, *transitions.shape))
    return ops.concatenate([transitions, emissions], axis=1)


def unstacked(potentials: Any) -> tuple[Any, Any, Any, Any]:
    """Returns emissions (B, W, V), transitions (B, V, V), start and end (B, V)."""
    x = ops.cast(potentials, "float32")
    size = x.shape[-1]
    return x[:, size + 2 :], x[:, :size], x[:, size], x[:, size + 1]


@keras.saving.register_keras_serializable(package="kseq2seq")
class CrfLoss(keras.losses.Loss):
    r"""Negative log-likelihood of rows of labels under a linear-chain CRF, in nats per label.

    .. math:: \log \sum_{y'} e^{s(y')} - s(y), \quad
        s(y) = b_{y_1} + \sum_t e_{t,y_t} + \sum_t A_{y_t,y_{t+1}} + c_{y_n}

    The mean is over the labels of the whole batch, so that a label weighs the same in a long and in
    a short row. Labels begin at the first position; a row without any counts nothing.

    Args:
        name: the loss's name.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads import CrfLoss
        >>> from kseq2seq.heads.crf import stacked
        >>> potentials = stacked(np.zeros((1, 2, 3), "float32"), np.zeros((5, 3), "float32"))
        >>> round(float(CrfLoss()(np.array([[1, 2]]), potentials)), 4)  # log 3
        1.0986

    Source:
        Lafferty et al. 2001; Lample et al. 2016, section 2.2. The gradient is that of the forward
        and backward variables, marginal less observed.
    """

    def __init__(self, name: str = "crf"):
        super().__init__(name=name, reduction="mean_with_sample_weight")

    def call(self, y_true, y_pred):
        """Returns the losses (B,), each divided by its labels, of labels int (B, W)."""
        emissions, transitions, start, end = unstacked(y_pred)
        # one position more, since Keras knows no maximum over none
        emissions = ops.pad(emissions, ((0, 0), (0, 1), (0, 0)))
        labels = ops.pad(ops.cast(y_true, "int32"), ((0, 0), (0, 1)))
        count = leading(ops.not_equal(labels, 0))
        positions = ops.arange(ops.shape(labels)[1], dtype="int32")
        real = ops.cast(positions < count[:, None], "float32")
        # 1. The score (B,) of the labels themselves: of each (B, W, V), and of pairs (B, V, V).
        chosen = ops.one_hot(labels, emissions.shape[-1], dtype="float32") * real[:, :, None]
        last = ops.cast(ops.equal(positions, count[:, None] - 1), "float32")
        pairs = ops.einsum("bti,btj->bij", chosen[:, :-1], chosen[:, 1:])
        score = (
            ops.sum(chosen * emissions, axis=(1, 2))
            + ops.sum(pairs * transitions, axis=(1, 2))
            + ops.sum(ops.sum(chosen[:, :1], axis=1) * start, axis=1)
            + ops.sum(ops.sum(chosen * last[:, :, None], axis=1) * end, axis=1)
        )
        # 2. The log of the sum over all rows of as many labels.
        total = log_partition(emissions, transitions, start, end, count)
        losses = ops.where(count > 0, total - score, 0.0)
        return losses / ops.cast(ops.maximum(count, 1), "float32")

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Returns the mean loss over labels, weighted if asked."""
        labels = ops.convert_to_tensor(y_true)
        return super().__call__(labels, y_pred, self.weights(labels, sample_weight))

    def weights(self, y_true, sample_weight=None):
        """Returns what each row weighs in the mean, float32 (B,): the weights of its labels."""
        return row_weights(leading(ops.not_equal(y_true, 0)), y_true, sample_weight)

    def get_config(self):
        """See `keras.losses.Loss`."""
        return {"name": self.name}


def row_weights(count: Any, labels: Any, sample_weight: Any = None) -> Any:
    """Returns float32 (B,), the weights of rows of `count` labels.

    `sample_weight` has one for each row, (B,), or one for each label, (B, W).
    """
    count = ops.cast(count, "float32")
    if sample_weight is None:
        return count
    weights = ops.cast(sample_weight, "float32")
    if len(weights.shape) == 1:
        return count * weights
    positions = ops.arange(ops.shape(labels)[1], dtype="float32")
    return ops.sum(ops.where(positions < count[:, None], weights, 0.0), axis=1)


def log_product(matrix: Any, over: int) -> Any:
    r"""Returns the function :math:`x \mapsto \log \sum_i e^{x_i + M_{ij}}` of float32 (B, V).

    Both factors are divided by their largest, so that the sum is a product of matrices, about four
    times as fast as a sum of logs. Where it is too small for float32, the sum of logs is taken.

    Args:
        matrix: float32 M, (B, V, V).
        over: its axis i, 1 or 2.
    """
    most = ops.max(matrix, axis=over, keepdims=True)
    scaled, most = ops.exp(matrix - most), ops.squeeze(most, over)
    product = "bi,bij->bj" if over == 1 else "bj,bij->bi"

    def apply(x):
        pivot = ops.max(x, axis=1, keepdims=True)
        total = ops.einsum(product, ops.exp(x - pivot), scaled)
        return ops.cond(
            ops.all(total > LEAST),
            lambda: pivot + most + ops.log(total),
            lambda: ops.logsumexp(ops.expand_dims(x, 3 - over) + matrix, axis=over),
        )

    return apply


def log_partition(emissions: Any, transitions: Any, start: Any, end: Any, count: Any) -> Any:
    """Returns float32 (B,), the log of the sum of exp(score) over all rows of `count` labels."""

    @ops.custom_gradient
    def total(emissions, transitions, start, end):
        # 1. Forward: alpha_t[j], over all beginnings that end in label j at t; (W, B, V). A row
        # keeps its last one from its end on.
        by_time = ops.swapaxes(emissions, 0, 1)
        times = _indices(by_time)
        before, after = log_product(transitions, over=1), log_product(transitions, over=2)

        def forward(carry, emission):
            time, alpha = carry
            new = emission + ops.where(ops.equal(time, 0), start, before(alpha))
            new = (time + 1, ops.where((time < count)[:, None], new, alpha))
            return new, new

        first = (ops.zeros((), "int32"), ops.zeros_like(start))
        (_, last), (_, alphas) = ops.scan(forward, first, by_time)
        log_total = ops.logsumexp(last + end, axis=1)

        def backward(*gradients, upstream=None):
            slope = gradients[0] if upstream is None else upstream  # (B,), as the backend hands it

            # 2. Backward: beta_t[i], over all endings after label i at t; (W, B, V).
            def step(carry, emission):
                time, beta, ahead = carry
                inside = (time + 1 < count)[:, None]
                beta = ops.where(inside, after(ahead), end)
                new = (time - 1, beta, beta + emission)
                return new, new

            first = (ops.shape(by_time)[0] - 1 + ops.zeros((), "int32"), end, end)
            _, (_, betas, ahead) = ops.scan(step, first, ops.flip(by_time, 0))
            betas, ahead = ops.flip(betas, 0), ops.flip(ahead, 0)
            # 3. Marginals of labels (W, B, V), and of pairs of neighbors (B, V, V): one product
            # sums them over time, with a pivot for each time that keeps exponents small.
            real = (times[:, None] < count)[:, :, None]
            log_single = alphas + betas - log_total[:, None]
            single = ops.where(real, ops.exp(ops.minimum(log_single, 0.0)), 0.0)
            pivot = ops.max(alphas, axis=2, keepdims=True)
            left = ops.exp(alphas - pivot)[:-1]
            right = ahead[1:] + pivot[:-1] - log_total[:, None]
            right = ops.where(real[1:], ops.exp(ops.minimum(right, MOST)), 0.0)
            pairs = ops.exp(ops.clip(transitions, -MOST, MOST)) * ops.einsum(
                "tbi,tbj->bij", left, right
            )
            pairs = ops.minimum(pairs, ops.cast(ops.shape(by_time)[0], "float32"))
            # 4. The gradients: emissions', transitions', those of the start and of the end.
            ends = ops.cast(ops.equal(times[:, None], count - 1), "float32")[:, :, None]
            return (
                ops.swapaxes(single, 0, 1) * slope[:, None, None],
                pairs * slope[:, None, None],
                ops.sum(single[:1], axis=0) * slope[:, None],
                ops.sum(single * ends, axis=0) * slope[:, None],
            )

        return log_total, backward

    return total(emissions, transitions, start, end)


def _indices(x: Any) -> Any:
    """Returns int32 (n,), the indices 0 to n - 1 of axis 0, of a rank that graphs know."""
    ones = ops.ones_like(x[:, 0, 0], dtype="int32")
    return ops.cumsum(ones) - 1


def best_paths(potentials: Any, real: Any) -> tuple[Any, Any]:
    """Returns the likeliest rows of labels, by the Viterbi algorithm.

    Args:
        potentials: what `stacked` returned.
        real: bool (B, W); real positions come first.

    Returns:
        (labels int32 (B, W), arbitrary at padding; log-probabilities float32 (B,) of the rows).
    """
    emissions, transitions, start, end = unstacked(potentials)
    size = emissions.shape[-1]
    count = ops.sum(ops.cast(real, "int32"), axis=1)
    by_time = ops.swapaxes(emissions, 0, 1)
    into = ops.swapaxes(transitions, 1, 2)  # to each label, from all
    same = ops.zeros_like(ops.cast(start, "int32")) + ops.arange(size, dtype="int32")

    # 1. Forward: the best score (B, V) of a row that ends in each label, and the label before it.
    # From a row's end on, the scores stay and each label points to itself.
    def forward(carry, emission):
        time, score, _ = carry
        values, labels = ops.top_k(score[:, None] + into, 1)  # over (B, to, from)
        new = emission + ops.where(ops.equal(time, 0), start, values[..., 0])
        inside = (time < count)[:, None]
        before = ops.where(inside, ops.cast(labels[..., 0], "int32"), same)
        new = (time + 1, ops.where(inside, new, score), before)
        return new, new

    first = (ops.zeros((), "int32"), ops.zeros_like(start), same)
    (_, scores, _), (*_, pointers) = ops.scan(forward, first, by_time)
    values, labels = ops.top_k(scores + end, 1)

    # 2. Backward: from the best last label (B,) to the one before, through pointers (W, B, V).
    def follow(label, pointer):
        here = ops.equal(same, label[:, None])
        before = ops.sum(ops.where(here, pointer, 0), axis=1)
        return before, label

    last = ops.cast(labels[:, 0], "int32")
    _, paths = ops.scan(follow, last, ops.flip(pointers, 0))
    # 3. Log-probabilities: the best score, less the log of the sum over all rows.
    total = log_partition(emissions, transitions, start, end, count)
    scores = ops.where(count > 0, values[:, 0] - total, 0.0)
    return ops.swapaxes(ops.flip(paths, 0), 0, 1), scores
