"""Losses: what training minimizes, whatever a model's head."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.metrics import TokenAccuracy, token_weights


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


def loss_for(model: Any, label_smoothing: float = 0.0) -> Any:
    """Returns the loss to compile a model of `build_model` with.

    Args:
        model: with any head.
        label_smoothing: in [0, 1), where the head's loss has it.

    Returns:
        The cross-entropy of tokens, or what the head says; for a "joint" head one for each output.

    Raises:
        ValueError: the head has no label smoothing.

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
    """Returns the metrics to compile a model of `build_model` with: how many labels are right.

    CTC has none, since its labels have no positions: compare what `decode` gives.

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
    """Another loss of this package, times a number.

    Args:
        loss: for example a `TokenCrossEntropy`.
        weight: the number.
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
        made = self.loss(y_true, y_pred, sample_weight)
        return ops.cast(self.weight, made.dtype) * made

    def weights(self, y_true: Any, sample_weight: Any = None) -> Any:
        """Returns what each label or row weighs in the mean, before the number."""
        return self.loss.weights(y_true, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """See `keras.losses.Loss`."""
        loss = keras.saving.serialize_keras_object(self.loss)
        return {"loss": loss, "weight": self.weight, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Weighted:
        """See `keras.losses.Loss`."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})
