"""What the mean of a loss is taken over, so that means of parts make that of the whole."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops, tree

from kseq2seq.training.losses import TokenCrossEntropy


def counted(loss: Any, y_true: Any, sample_weight: Any = None) -> tf.Tensor | None:
    """Returns what a loss divides its sum by, a float32 scalar; None where it is a sum.

    Args:
        loss: of this package, which know it (`weights`), or any that Keras reduces.
        y_true: labels.
        sample_weight: as `fit` takes it.

    Example:
        >>> from kseq2seq import TokenCrossEntropy
        >>> float(counted(TokenCrossEntropy(), tf.constant([[3, 2, 0], [2, 0, 0]])))
        3.0
    """
    if hasattr(loss, "weights"):
        return ops.sum(loss.weights(y_true, sample_weight))
    reduction = getattr(loss, "reduction", "mean")
    if reduction in ("sum", "none", None):
        return None
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return ops.sum(ops.cast(sample_weight, "float32"))
    return tf.cast(tf.size(y_true), tf.float32)


def counts(model: keras.Model, y: Any, sample_weight: Any) -> list[tf.Tensor | None]:
    """Returns `counted` of each loss that a model was compiled with, in their order."""
    compiled = model._compile_loss
    if compiled is None:
        return []
    found, spread = [], getattr(model, "spread", lambda same: same)
    y, sample_weight = spread(y), None if sample_weight is None else spread(sample_weight)
    for term in compiled._flat_losses:
        weight = _at(term.path, sample_weight) if tree.is_nested(sample_weight) else sample_weight
        found.append(counted(term.loss, _at(term.path, _like_outputs(model, y)), weight))
    return found


def count(model: keras.Model, y: Any, sample_weight: Any) -> tf.Tensor:
    """Returns how much a batch weighs: its target tokens, or what the first loss counts."""
    found = counts(model, y, sample_weight)
    losses = [term.loss for term in model._compile_loss._flat_losses] if found else []
    of_tokens = [isinstance(getattr(loss, "loss", loss), TokenCrossEntropy) for loss in losses]
    weight = found[of_tokens.index(True) if any(of_tokens) else 0] if found else None
    return tf.constant(1.0) if weight is None else weight


def scaled_loss(model: keras.Model, factors: list[Any], *batch: Any, training: bool = True) -> Any:
    """Returns the loss that a model was compiled with, each of its terms times a factor.

    Args:
        model: compiled and built.
        factors: as many as `counts` gives.
        *batch: x, labels, outputs and weights of samples, as `compute_loss` takes them.
        training: as there.
    """
    compiled = model._compile_loss
    if compiled is None:
        return model._compute_loss(*batch, training=training)
    terms = compiled._flat_losses
    compiled._flat_losses = [
        term._replace(loss=_Scaled(term.loss, factor))
        for term, factor in zip(terms, factors, strict=True)
    ]
    try:
        return model._compute_loss(*batch, training=training)
    finally:
        compiled._flat_losses = terms


class _Scaled:
    """A loss times a factor."""

    def __init__(self, loss: Any, factor: Any):
        self.loss, self.factor = loss, factor

    def __call__(self, *args: Any) -> Any:
        return self.loss(*args) * self.factor


def _at(path: Any, value: Any) -> Any:
    for part in path:
        value = value[part]
    return value


def _like_outputs(model: keras.Model, y: Any) -> Any:
    """Labels in the structure of the outputs, where they were given as a list, say."""
    leaves, outputs = tree.flatten(y), model._compile_loss._y_pred_build_structure
    alike = tree.is_nested(outputs) and type(y) is not type(outputs)
    return tree.pack_sequence_as(outputs, leaves) if alike else y
