"""R-Drop: two passes with different dropout must agree."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.models import Seq2Seq
from kseq2seq.training.losses import TokenCrossEntropy
from kseq2seq.training.views import View, check


def r_drop(model: Seq2Seq) -> keras.Model:
    """Returns a view that runs each example twice, each time with other dropout, for `RDrop`.

    A step costs about two of the model's: halve the batch if memory is short. Metrics of single
    logits, for example `TokenAccuracy`, can't be compiled into it.

    Args:
        model: from `build_model`, with dropout above 0.

    Returns:
        A model of the same inputs and weights whose output is logits (B, 2, T, V).

    Raises:
        TypeError: if `model` is not a `Seq2Seq`.

    Example:
        >>> import keras
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import RDrop, r_drop
        >>> view = r_drop(build_model("gru", source=9, target=9, hidden_dim=4, dropout=0.3))
        >>> view.compile(keras.optimizers.Adam(1e-3), RDrop(alpha=5.0, label_smoothing=0.1))

    Source:
        Liang et al. 2021, "R-Drop: Regularized Dropout for Neural Networks", section 2.2.
    """
    check(model)
    twice = {name: ops.repeat(x, 2, axis=0) for name, x in model.input.items()}
    pairs = Pairs(dtype=model.decoder.dtype_policy)(model(twice))
    return View(model.input, pairs, "r_drop", model=model, made_by="r_drop")


class Pairs(keras.layers.Layer):
    """Puts the logits of the two rows of an example side by side."""

    def call(self, logits):
        """Maps (2 * B, T, V) to (B, 2, T, V)."""
        return ops.reshape(logits, (-1, 2, *ops.shape(logits)[1:]))


@keras.saving.register_keras_serializable(package="kseq2seq")
class RDrop(TokenCrossEntropy):
    r"""Cross-entropy of two passes and their disagreement, in nats per real target token.

    .. math:: \tfrac12 (H(y, P_1) + H(y, P_2))
              + \tfrac{\alpha}{4} (D_{KL}(P_1 \| P_2) + D_{KL}(P_2 \| P_1))

    where H is `TokenCrossEntropy`.

    Args:
        alpha: weight of the divergence, at least 0; in the paper 5 for translation, 1 elsewhere.
        label_smoothing: epsilon, in [0, 1).
        padding: the label that does not count.
        name: the loss's name.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.training import RDrop
        >>> same = np.zeros((1, 2, 3, 8))  # both passes, three tokens, eight ids
        >>> round(float(RDrop()(np.array([[3, 5, 0]]), same)), 4)  # log 8
        2.0794

    Source:
        Liang et al. 2021, equations 2 to 4, halved: at alpha 0 it is `TokenCrossEntropy`, at the
        same learning rate.
    """

    def __init__(
        self,
        alpha: float = 5.0,
        label_smoothing: float = 0.0,
        padding: int = 0,
        name: str = "r_drop",
    ):
        super().__init__(label_smoothing, padding, name)
        if not alpha >= 0:
            raise ValueError(f"`alpha` must be at least 0, for example 5; got {alpha!r}.")
        self.alpha = alpha

    def call(self, y_true, y_pred):
        """Returns the losses (B, T) of labels int (B, T) under logits (B, 2, T, V)."""
        one, two = (super(RDrop, self).call(y_true, y_pred[:, index]) for index in range(2))
        logs = ops.log_softmax(ops.cast(y_pred, "float32"))
        difference = ops.exp(logs[:, 0]) - ops.exp(logs[:, 1])
        divergences = ops.sum(difference * (logs[:, 0] - logs[:, 1]), axis=-1)  # the sum of both
        return (one + two) / 2 + self.alpha / 4 * divergences

    def get_config(self):
        """See `keras.losses.Loss`."""
        return {**super().get_config(), "alpha": self.alpha}
