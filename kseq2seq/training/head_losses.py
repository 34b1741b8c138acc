"""What a model is trained to minimise, whatever its head."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.metrics import TokenAccuracy
from kseq2seq.training.losses import TokenCrossEntropy


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
