"""Copying: a pointer that mixes words of the source into the distribution of the next word."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.layers.prebuilt import Prebuilt, linear

# How far a logit may lie below the largest, and the logit of the switch from 0: so every
# probability is above 1e-37, which float32 holds.
LEAST, SURE = -50.0, 20.0


@keras.saving.register_keras_serializable(package="kseq2seq")
class Pointer(Prebuilt):
    r"""Mixes the generator's distribution with the words that the decoder looks at.

    .. math::
        P(w) = g\,\mathrm{softmax}(z)_w + (1 - p_{\mathrm{gen}}) \sum_{i:\,x_i = w} \alpha_i, \quad
        p_{\mathrm{gen}} = \sigma(w^\top f + b)

    where g is :math:`p_{\mathrm{gen}}` and, beside it, the share of the rest that falls on
    positions with nothing to copy. So P always sums to 1, and a source without such positions has
    the paper's mixture. The result is log P, which a log-softmax leaves unchanged: losses and
    searches take it as they take logits. All of it is computed in float32.

    Args:
        width: of the features f.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import Pointer
        >>> pointer = Pointer(width=4)
        >>> log_probs = pointer(
        ...     np.zeros((1, 1, 6)), np.ones((1, 1, 4)), np.array([[[0.5, 0.25, 0.25]]]),
        ...     np.array([[4, 5, 4]])
        ... )
        >>> float(np.exp(log_probs).sum().round(5))
        1.0

    Source:
        See et al. 2017, "Get To The Point", equations 8 and 9. Their vocabulary grows by the
        unknown words of each source; here source and target share one vocabulary, which is fixed
        and may be of subwords.
    """

    def __init__(self, width, **kwargs):
        super().__init__(autocast=False, **kwargs)  # alignments stay in float32
        with self.parts():
            self.switch = linear(width, 1, name="switch")

    def call(self, logits, features, alignment, copy_ids):
        """Returns log P, float32 (B * N, T, V).

        Args:
            logits: (B * N, T, V), z.
            features: (B * N, T, width), f.
            alignment: (B * N, T, S), whose rows sum to 1.
            copy_ids: int32 (B, S), the target id of each position; 0 where there is none.
        """
        # 1. The share to copy, and where: (B * N, T, S).
        switch = ops.clip(ops.cast(self.switch(features), "float32"), -SURE, SURE)
        alignment = ops.cast(alignment, "float32")
        folded = ops.reshape(alignment, (ops.shape(copy_ids)[0], -1, ops.shape(copy_ids)[1]))
        can = ops.cast(ops.not_equal(copy_ids, 0), "float32")[:, None]  # (B, 1, S)
        nowhere = ops.sum(folded * (1 - can), axis=-1, keepdims=True)
        nowhere = ops.reshape(nowhere, ops.shape(switch))
        copied = ops.sigmoid(-switch) * ops.reshape(folded * can, ops.shape(alignment))
        generates = ops.sigmoid(switch) + ops.sigmoid(-switch) * nowhere  # (B * N, T, 1)
        # 2. The softmax, to which the largest logit makes no difference, with its share.
        logits = ops.cast(logits, "float32")
        largest = ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
        powers = ops.exp(ops.maximum(logits - largest, LEAST))
        generated = powers * (generates / ops.sum(powers, axis=-1, keepdims=True))
        # 3. The logarithm of the sum.
        return ops.log(generated + spread(copied, copy_ids, logits.shape[-1]))


def spread(weights, ids, size: int):
    """Adds up the weights of each id.

    A scatter adds where ids repeat, in TFLite too, and nothing of a source is repeated for its N
    hypotheses. One-hot products take 10 times as long.

    Args:
        weights: float32 (B * N, T, S), of positions.
        ids: int32 (B, S), of the same positions.
        size: V, how many ids there are.

    Returns:
        float32 (B * N, T, V).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers.pointer import spread
        >>> weights = np.array([[[0.25, 0.5, 0.25]]], "float32")
        >>> np.array(spread(weights, np.array([[1, 3, 1]]), 4)).tolist()
        [[[0.0, 0.5, 0.0, 0.5]]]
    """
    rows, steps, positions = ops.shape(weights)
    sources = ops.shape(ids)[0]
    # int32 (B * N * T, S) each: the ids of the positions, and the numbers of the rows
    repeated = ops.broadcast_to(ids[:, None], (sources, rows // sources * steps, positions))
    repeated = ops.reshape(repeated, (rows * steps, positions))
    numbers = ops.broadcast_to(ops.arange(rows * steps)[:, None], (rows * steps, positions))
    indices = ops.stack([ops.cast(numbers, "int32"), ops.cast(repeated, "int32")], axis=-1)
    flat = ops.reshape(indices, (-1, 2)), ops.reshape(weights, (-1,))
    return ops.reshape(ops.scatter(*flat, (rows * steps, size)), (rows, steps, size))


def coverage_loss(alignment, counts):
    r"""Returns how much the decoder looks again at what it has looked at, in nats a token.

    .. math:: \sum_i \min(\alpha_{ti}, c_{ti}), \quad c_t = \sum_{t' < t} \alpha_{t'}

    Args:
        alignment: (B, T, S), whose rows sum to 1.
        counts: (B, T), whether a step counts.

    Returns:
        float32 scalar, the mean over the steps that count.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers.pointer import coverage_loss
        >>> alignment = np.array([[[1.0, 0.0], [0.5, 0.5]]], "float32")
        >>> float(coverage_loss(alignment, np.array([[True, True]])))
        0.25

    Source:
        See et al. 2017, equations 10 and 12; the mean is over all tokens of a batch, as in
        `TokenCrossEntropy`.
    """
    alignment = ops.cast(alignment, "float32")
    before = ops.cumsum(alignment, axis=1) - alignment
    again = ops.sum(ops.minimum(alignment, before), axis=-1)
    weights = ops.cast(counts, "float32")
    return ops.sum(again * weights) / ops.maximum(ops.sum(weights), 1)
