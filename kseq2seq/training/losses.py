"""Losses and metrics of all heads, and the weight of labels in them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.metrics import TokenAccuracy


@keras.saving.register_keras_serializable(package="kseq2seq")
class TokenCrossEntropy(keras.losses.Loss):
    r"""Cross-entropy of the next token, in nats, as the mean over real target tokens.

    .. math:: (1 - \epsilon)\,(-\log p_y) + \epsilon\,\frac{1}{V}\sum_v -\log p_v

    The mean is over the tokens of the whole batch, so that a token weighs the same in a long and
    in a short sentence. Logits are cast to float32 first; smoothing makes no one-hot targets.

    Args:
        label_smoothing: epsilon, in [0, 1).
        padding: the label that does not count.
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
                f"`label_smoothing` must be in [0, 1), for example 0.1; got {label_smoothing!r}."
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
        """Returns the mean loss over tokens that are not padding."""
        labels = ops.convert_to_tensor(y_true)
        return super().__call__(labels, y_pred, self.weights(labels, sample_weight))

    def weights(self, y_true, sample_weight=None):
        """Returns the weight of each label in the mean, float32 (B, T), 0 at padding."""
        return weigh(ops.not_equal(y_true, self.padding), sample_weight)

    def get_config(self):
        """See `keras.losses.Loss`."""
        return {
            "label_smoothing": self.label_smoothing,
            "padding": self.padding,
            "name": self.name,
        }


def _smoothed(logits, labels, ids, smoothing):
    """Returns the losses (N,) of labels (N,) under logits (N, V), float32.

    A vocabulary is wide, so softmax and its gradient pass over the logits as seldom as possible:
    automatic differentiation would make a gradient as wide as the logits for each of the formula's
    three terms.
    """

    @ops.custom_gradient
    def losses(logits):
        # 1. The log-sum-exp (N,) less the label's own logit, of which smoothing moves a share to
        #    the mean of all logits.
        wide = ops.cast(logits, "float32")
        rows = ops.arange(ops.shape(labels)[0], dtype="int32")
        own = ops.take_along_axis(wide, labels[:, None], axis=-1)[:, 0]
        top = ops.max(wide, axis=-1, keepdims=True)
        powers = ops.exp(wide - top)
        total = ops.sum(powers, axis=-1, keepdims=True)
        log_total = (top + ops.log(total))[:, 0]
        loss = log_total - own
        if smoothing:
            loss = loss + smoothing * (own - ops.mean(wide, axis=-1))

        def backward(*gradients, upstream=None):
            # 2. Probability less target: of all ids (N, V), then the label's own put in its place.
            slope = gradients[0] if upstream is None else upstream
            gradient = powers * (slope[:, None] / total)
            at_label = slope * (ops.exp(own - log_total) - 1 + smoothing)
            if smoothing:
                gradient = gradient - slope[:, None] * (smoothing / ids)
                at_label = at_label - slope * (smoothing / ids)
            indices = ops.stack([rows, labels], axis=1)
            gradient = ops.cast(gradient, logits.dtype)
            return ops.scatter_update(gradient, indices, ops.cast(at_label, logits.dtype))

        return loss, backward

    return losses(logits)


def weigh(counts, sample_weight=None):
    """Returns the weights of labels in a mean, float32 (B, T).

    Args:
        counts: bool (B, T), whether a label counts.
        sample_weight: (B,) or (B, T); None for 1.

    Example:
        >>> import numpy as np
        >>> weigh(np.array([[True, False], [True, True]]), np.array([1.0, 0.5])).numpy().tolist()
        [[1.0, 0.0], [0.5, 0.5]]
    """
    weights = ops.cast(counts, "float32")
    if sample_weight is None:
        return weights
    sample_weight = ops.cast(sample_weight, "float32")
    return weights * (sample_weight[:, None] if len(sample_weight.shape) == 1 else sample_weight)


def loss_for(model: Any, label_smoothing: float = 0.0) -> Any:
    """Returns the loss to compile a model of `build_model` with.

    Args:
        model: a model with any head.
        label_smoothing: in [0, 1), if the head's loss has it.

    Returns:
        The cross-entropy of tokens, or the loss of the head; for a "joint" head one per output.

    Raises:
        ValueError: if the head has no label smoothing.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import loss_for
        >>> loss_for(build_model("gru", 9, 4, head="ctc", hidden_dim=4)).name
        'ctc'
    """
    head = model.head
    if not getattr(head, "with_decoder", False):
        own = head.loss(label_smoothing) if hasattr(head, "loss") else None
        return own or TokenCrossEntropy(label_smoothing)
    return {
        "decoder": Weighted(TokenCrossEntropy(label_smoothing), 1 - head.weight),
        "ctc": Weighted(head.loss(), head.weight),
    }


def metrics_for(model: Any) -> Any:
    """Returns the metrics to compile a model of `build_model` with: the share of correct labels.

    CTC has none, since its labels have no positions: compare the results of `decode`.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import metrics_for
        >>> metrics_for(build_model("gru", 9, 4, head="ctc", hidden_dim=4))
        []
    """
    if getattr(model.head, "with_decoder", False):
        return {"decoder": [TokenAccuracy()], "ctc": []}
    return [TokenAccuracy()] if getattr(model.head, "by_position", True) else []


@keras.saving.register_keras_serializable(package="kseq2seq")
class Weighted(keras.losses.Loss):
    """Another loss of this package times a weight.

    Args:
        loss: the loss, for example a `TokenCrossEntropy`.
        weight: the factor.
        name: the loss's name.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import TokenCrossEntropy
        >>> from kseq2seq.training import Weighted
        >>> loss = Weighted(TokenCrossEntropy(), 0.5)
        >>> round(float(loss(np.array([[3, 0]]), np.zeros((1, 2, 8)))), 4)  # log 8 / 2
        1.0397
    """

    def __init__(self, loss: keras.losses.Loss, weight: float, name: str = "weighted"):
        super().__init__(name=name, reduction="mean_with_sample_weight")
        self.loss = loss
        self.weight = weight

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Returns the weighted mean."""
        loss = self.loss(y_true, y_pred, sample_weight)
        return ops.cast(self.weight, loss.dtype) * loss

    def weights(self, y_true: Any, sample_weight: Any = None) -> Any:
        """Returns the weight of each label or row in the mean, without the factor."""
        return self.loss.weights(y_true, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """See `keras.losses.Loss`."""
        loss = keras.saving.serialize_keras_object(self.loss)
        return {"loss": loss, "weight": self.weight, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Weighted:
        """See `keras.losses.Loss`."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})
