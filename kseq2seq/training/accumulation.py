"""Gradients of several batches as that of the one large batch: each token weighs the same."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kseq2seq.models.fitted import Fitted

UNKNOWN = -1.0


class Accumulated:
    """How many target tokens are in the gradients that an optimizer has accumulated.

    Args:
        optimizer: whose gradients they are.

    Attributes:
        count: a float32 scalar variable; below 0 where it is not known.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.count = keras.Variable(
            UNKNOWN, trainable=False, name="accumulated_tokens", aggregation="only_first_replica"
        )


def accumulating(optimizer: Any) -> Any:
    """Returns the optimizer, or the one that it scales the loss for, if it accumulates gradients.

    Example:
        >>> accumulating(keras.optimizers.Adam(gradient_accumulation_steps=4)).name
        'adam'
        >>> accumulating(keras.optimizers.Adam()) is None
        True
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return inner if getattr(inner, "gradient_accumulation_steps", None) else None


def accumulated_in(model: keras.Model) -> Accumulated | None:
    """Returns what is known of a model's accumulated gradients; None where it has none.

    Of models that are not of `build_model`, and so count no tokens, too.
    """
    optimizer = accumulating(getattr(model, "optimizer", None))
    if optimizer is None or not isinstance(model, Fitted) or not model.trainer:
        return None
    kept = getattr(model, "_accumulated", None)
    if kept is None or kept.optimizer is not optimizer:
        with tf.init_scope(), model.distribute_strategy.scope():
            model._accumulated = kept = Accumulated(optimizer)
    return kept


def weigh(
    optimizer: Any, accumulated: Accumulated, gradients: list[Any], count: tf.Tensor
) -> list[Any]:
    r"""Returns gradients with which an optimizer that takes their mean takes the mean over tokens.

    Keras adds up n gradients and divides by n. What it has added up after i of them is made

    .. math:: a_i = i\,\frac{\sum_{j \le i} c_j g_j}{\sum_{j \le i} c_j}

    with c tokens in a batch, so that the last division gives the gradient of all n batches as one.
    Batches of equally many tokens are added up as Keras does it, bit for bit.

    Args:
        optimizer: built, of which `accumulating` is an optimizer.
        accumulated: what is known of the batches before.
        gradients: of the mean over the tokens of this batch; None where there is none.
        count: its tokens, a float32 scalar.
    """
    inner = accumulating(optimizer)
    steps = inner.gradient_accumulation_steps
    before = tf.cast(inner._iterations.value % steps, tf.float32)
    known = tf.convert_to_tensor(accumulated.count.value)
    # Of a model that was loaded between two batches only the sum of gradients is known.
    known = tf.where(known < 0, before * count, known)
    known = tf.where(before > 0, known, 0.0)
    total, number = known + count, before + 1
    kept = tf.math.divide_no_nan(known * number, total * before)
    share = tf.math.divide_no_nan(count * number, total)
    if optimizer is not inner:  # such a step is not taken, and its batch not counted
        finite = optimizer.check_finite(gradients)
        kept, total = tf.where(finite, kept, 1.0), tf.where(finite, total, known)
    kept = tf.where(before > 0, kept, 1.0)
    for gradient in inner._accumulated_gradients:
        gradient.assign(gradient.value * tf.cast(kept, gradient.dtype))
    accumulated.count.assign(total)
    return [g if g is None else g * tf.cast(share, g.dtype) for g in gradients]
