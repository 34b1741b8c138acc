"""Training steps in which each target token weighs the same, however batches are cut."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from kseq2seq.models.fitted import Fitted
from kseq2seq.training import replicas

UNKNOWN = -1.0


class Steps:
    """What `Fitted` asks of training with TensorFlow; see `kseq2seq.models.fitted.Trainer`."""

    def prepare(self, model: keras.Model) -> None:
        """See `Trainer`."""
        accumulated_in(model)
        several = model.distribute_strategy.num_replicas_in_sync > 1
        alone = model._distribute_strategy is None and not several
        for variable in model.variables:
            shared = isinstance(variable.value, tf.distribute.DistributedValues)
            if (several and not shared) or (alone and shared):
                raise ValueError(
                    "The model and what trains it are on unlike devices. Build the model, make "
                    "views of it and compile inside of `with strategy.scope():`, all of one "
                    "strategy."
                )

    def accumulates(self, model: keras.Model) -> bool:
        """See `Trainer`."""
        return accumulated_in(model) is not None and bool(model.trainable_variables)

    def replicated(self, model: keras.Model) -> bool:
        """See `Trainer`."""
        strategy = model.distribute_strategy
        return isinstance(strategy, tf.distribute.MirroredStrategy) or (
            strategy.num_replicas_in_sync > 1
        )

    def train_step(self, model: keras.Model, data: Any) -> dict[str, Any]:
        """See `Trainer`."""
        if self.replicated(model):
            return replicas.train_step(model, data, partial(_weighed, model))
        return _accumulated_step(model, data)

    def test_step(self, model: keras.Model, data: Any) -> dict[str, Any]:
        """See `Trainer`."""
        return replicas.test_step(model, data)

    def function(self, model: keras.Model, step: Any) -> Any:
        """See `Trainer`."""
        return replicas.function(model, step)


def _accumulated_step(model: keras.Model, data: Any) -> dict[str, Any]:
    """Keras' step, but for the weight of the batch among those that make one step."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    optimizer, variables = model.optimizer, model.trainable_variables
    with tf.GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = model._compute_loss(x, y, y_pred, sample_weight, training=True)
        scaled = optimizer.scale_loss(loss)
    rows = tf.shape(next(leaf for leaf in tf.nest.flatten(x) if leaf is not None))[0]
    model._loss_tracker.update_state(loss, sample_weight=rows)
    gradients = tape.gradient(scaled, variables)
    if not optimizer.built:
        with keras.name_scope(optimizer.name, caller=optimizer):
            optimizer.build(variables)
    weight = replicas.count(model, y, sample_weight)
    optimizer.apply(_weighed(model, gradients, weight), variables)
    return model.compute_metrics(x, y, y_pred, sample_weight=sample_weight)


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


def _weighed(model: keras.Model, gradients: list[Any], count: tf.Tensor) -> list[Any]:
    """Returns the gradients of a batch as the optimizer takes them; see `weigh`."""
    accumulated = accumulated_in(model)
    return weigh(model.optimizer, accumulated, gradients, count) if accumulated else gradients


if keras.backend.backend() == "tensorflow":
    Fitted.trainer = Steps()
