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
        labels = ops.cast(y_true, "int32")
        logits = ops.cast(y_pred, "float32")
        losses = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        if self.label_smoothing:
            spread = ops.logsumexp(logits, axis=-1) - ops.mean(logits, axis=-1)
            losses = losses + self.label_smoothing * (spread - losses)
        return losses

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Returns the mean loss over tokens that are not padding, weighted if asked."""
        labels = ops.convert_to_tensor(y_true)
        return super().__call__(labels, y_pred, token_weights(labels, self.padding, sample_weight))

    def get_config(self):
        """See `keras.losses.Loss`."""
        return {
            "label_smoothing": self.label_smoothing,
            "padding": self.padding,
            "name": self.name,
        }
