"""What training minimises."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.metrics import token_weights


@keras.saving.register_keras_serializable(package="kseq2seq")
class TokenCrossEntropy(keras.losses.Loss):
    r"""Cross-entropy of the next token, in nats, as the mean over real target tokens.

    .. math:: (1 - \epsilon)\,(-\log p_y) + \epsilon\,\frac{1}{V}\sum_v -\log p_v

    The mean is over the tokens of the whole batch, so that a token weighs the same in a long and
    in a short sentence. Logits are taken to float32 first; smoothing needs no one-hot targets.

    Args:
        label_smoothing: epsilon, in [0, 1).
        padding: the label that is not counted.
        name: the loss's name.

    Raises:
        ValueError: if `label_smoothing` is out of range.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.training import TokenCrossEntropy
        >>> loss = TokenCrossEntropy()
        >>> round(float(loss(np.array([[3, 0]]), np.zeros((1, 2, 8)))), 4)  # log 8
        2.0794

    Source:
        Szegedy et al. 2016, section 7; Vaswani et al. 2017, section 5.4.
    """

    def __init__(
        self, label_smoothing: float = 0.0, padding: int = 0, name: str = "token_cross_entropy"
    ):
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                f"`label_smoothing` must be in [0, 1), such as 0.1; got {label_smoothing!r}."
            )
        super().__init__(name=name, reduction="mean_with_sample_weight")
        self.label_smoothing = label_smoothing
        self.padding = padding

    def call(self, y_true, y_pred):
        """Returns the losses (B, T) of labels int (B, T) under logits (B, T, V)."""
        ids = ops.shape(y_pred)[-1]
        labels = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        losses = _smoothed(ops.reshape(y_pred, (-1, ids)), labels, ids, self.label_smoothing)
        return ops.reshape(losses, ops.shape(y_true))

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Returns the mean loss over tokens that are not padding, weighted if asked."""
        labels = ops.convert_to_tensor(y_true)
        return super().__call__(labels, y_pred, self.weights(labels, sample_weight))

    def weights(self, y_true, sample_weight=None):
        """Returns what each label weighs in the mean, float32 (B, T), 0 at padding."""
        return token_weights(y_true, self.padding, sample_weight)

    def get_config(self):
        """See `keras.losses.Loss`."""
        return {
            "label_smoothing": self.label_smoothing,
            "padding": self.padding,
            "name": self.name,
        }


def _smoothed(logits, labels, ids, smoothing):
    """Returns the losses (N,) of labels (N,) under logits (N, V), float32.

    Softmax and its gradient go over the logits as seldom as they can, since a vocabulary is wide:
    left to automatic differentiation, each of the formula's three terms has a gradient of its own
    as wide as the logits.
    """

    @ops.custom_gradient
    def losses(logits):
        # 1. The log-sum-exp, the label's own logit and the mean of all.
        wide = ops.cast(logits, "float32")
        rows = ops.arange(ops.shape(labels)[0], dtype="int32")
        own = ops.take_along_axis(wide, labels[:, None], axis=-1)[:, 0]
        top = ops.max(wide, axis=-1, keepdims=True)
        powers = ops.exp(wide - top)
        total = ops.sum(powers, axis=-1, keepdims=True)
        log_total = (top + ops.log(total))[:, 0]
        made = log_total - own
        if smoothing:
            made = made + smoothing * (own - ops.mean(wide, axis=-1))

        def backward(*given, upstream=None):
            # 2. Probability less target, of all ids and then, once more, of the label.
            slope = given[0] if upstream is None else upstream
            gradient = powers * (slope[:, None] / total)
            at_label = slope * (ops.exp(own - log_total) - 1 + smoothing)
            if smoothing:
                gradient = gradient - slope[:, None] * (smoothing / ids)
                at_label = at_label - slope * (smoothing / ids)
            places = ops.stack([rows, labels], axis=1)
            gradient = ops.cast(gradient, logits.dtype)
            return ops.scatter_update(gradient, places, ops.cast(at_label, logits.dtype))

        return made, backward

    return losses(logits)
