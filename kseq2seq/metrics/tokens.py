"""Scores of the next tokens that a model predicts, padding left out."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class _TokenMean(keras.metrics.Mean):
    """The mean of a value of each real target token, over batches of any length."""

    def __init__(self, padding: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.padding = padding

    def _values(self, labels: Any, logits: Any) -> Any:
        """Returns the values (B, T) to average."""
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts labels int (B, T) against logits (B, T, V)."""
        labels = ops.cast(y_true, "int32")
        values = self._values(labels, y_pred)
        weights = token_weights(labels, self.padding, sample_weight)
        # Flat, since Keras' `Mean` averages all axes but the first before it weighs.
        super().update_state(ops.reshape(values, (-1,)), ops.reshape(weights, (-1,)))

    def get_config(self):
        """See `keras.metrics.Metric`."""
        return {**super().get_config(), "padding": self.padding}


@keras.saving.register_keras_serializable(package="kseq2seq")
class TokenAccuracy(_TokenMean):
    """Share of real target tokens whose logit is the largest; of k equal ones each counts 1/k.

    Args:
        padding: the label that is not counted.
        name: the metric's name in logs.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.metrics import TokenAccuracy
        >>> metric = TokenAccuracy()
        >>> metric.update_state(np.array([[2, 1, 0]]), np.eye(3)[None, [2, 2, 2]])
        >>> float(metric.result())
        0.5
    """

    def __init__(self, padding: int = 0, name: str = "accuracy", **kwargs: Any):
        super().__init__(padding, name=name, **kwargs)

    def _values(self, labels: Any, logits: Any) -> Any:
        of_label = ops.squeeze(ops.take_along_axis(logits, labels[..., None], axis=-1), -1)
        largest = ops.max(logits, axis=-1)
        ties = ops.sum(ops.cast(logits >= largest[..., None], "float32"), axis=-1)
        return ops.cast(of_label >= largest, "float32") / ties


@keras.saving.register_keras_serializable(package="kseq2seq")
class Perplexity(_TokenMean):
    """exp of the mean negative log-likelihood, in nats, of real target tokens; at least 1.

    Args:
        padding: the label that is not counted.
        name: the metric's name in logs.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.metrics import Perplexity
        >>> metric = Perplexity()
        >>> metric.update_state(np.array([[3, 1, 0]]), np.zeros((1, 3, 8)))
        >>> round(float(metric.result()), 4)
        8.0
    """

    def __init__(self, padding: int = 0, name: str = "perplexity", **kwargs: Any):
        super().__init__(padding, name=name, **kwargs)

    def _values(self, labels: Any, logits: Any) -> Any:
        logits = ops.cast(logits, "float32")
        return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)

    def result(self) -> Any:
        """Returns the perplexity so far."""
        return ops.exp(super().result())


def token_weights(labels: Any, padding: int, sample_weight: Any = None) -> Any:
    """Returns float32 (B, T): 0 at padding, elsewhere 1 or the sample's weight ((B,) or (B, T))."""
    weights = ops.cast(ops.not_equal(labels, padding), "float32")
    if sample_weight is None:
        return weights
    sample_weight = ops.cast(sample_weight, "float32")
    if len(sample_weight.shape) == 1:
        sample_weight = sample_weight[:, None]
    return weights * sample_weight
