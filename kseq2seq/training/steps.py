"""Training steps in which each target token weighs the same, however batches are cut."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from kseq2seq.models.fitted import Fitted
from kseq2seq.training import replicas

UNKNOWN = -1.0  # tokens


class Steps:
    """The `Trainer` of `kseq2seq.models.fitted`, with TensorFlow."""

    def prepare(self, model: keras.Model) -> None:
        """See `Trainer`."""
        accumulated_in(model)
        several = model.distribute_strategy.num_replicas_in_sync > 1
        alone = model._distribute_strategy is None and not several
        for variable in model.variables:
            shared = isinstance(variable.value, tf.distribute.DistributedValues)
            if (several and not shared) or (alone and shared):
                raise ValueError(
                    "The model and its strategy are on different devices. Build the model, make "
                    "views of it and compile inside `with strategy.scope():`, all of one strategy."
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
            return replicas.train_step(model, data, partial(mean_over_tokens, model))
        return _accumulated_step(model, data)

    def test_step(self, model: keras.Model, data: Any) -> dict[str, Any]:
        """See `Trainer`."""
        return replicas.test_step(model, data)

    def function(self, model: keras.Model, step: Any) -> Any:
        """See `Trainer`."""
        return replicas.function(model, step)


def _accumulated_step(model: keras.Model, data: Any) -> dict[str, Any]:
    """Keras' step, but for the weight of the batch among those that make one update."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    optimizer, variables = model.optimizer, model.trainable_variables
    with tf.GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = model._compute_loss(x, y, y_pred, sample_weight, training=True)
        scaled = optimizer.scale_loss(loss)
    model._loss_tracker.update_state(loss, sample_weight=replicas.rows_of(x))
    gradients = tape.gradient(scaled, variables)
    if not optimizer.built:
        with keras.name_scope(optimizer.name, caller=optimizer):
            optimizer.build(variables)
    weight = replicas.batch_weight(model, y, sample_weight)
    optimizer.apply(mean_over_tokens(model, gradients, weight), variables)
    return model.compute_metrics(x, y, y_pred, sample_weight=sample_weight)


class Accumulated:
    """How many target tokens an optimizer's accumulated gradients are of.

    Args:
        optimizer: the one that accumulates.

    Attributes:
        count: a float32 scalar variable; below 0 if the number is not known.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.count = keras.Variable(
            UNKNOWN, trainable=False, name="accumulated_tokens", aggregation="only_first_replica"
        )


def accumulating(optimizer: Any) -> Any:
    """Returns the optimizer, or the one inside a loss scale, if it accumulates gradients.

    Example:
        >>> adam = keras.optimizers.Adam(gradient_accumulation_steps=4)
        >>> accumulating(adam) is adam
        True
        >>> accumulating(keras.optimizers.Adam()) is None
        True
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return inner if getattr(inner, "gradient_accumulation_steps", None) else None


def accumulated_in(model: keras.Model) -> Accumulated | None:
    """Returns the count of a model's accumulated tokens, made on first use.

    None if its optimizer does not accumulate, or if it is not of `build_model` and counts no
    tokens.
    """
    optimizer = accumulating(getattr(model, "optimizer", None))
    if optimizer is None or not isinstance(model, Fitted) or not model.trainer:
        return None
    accumulated = getattr(model, "_accumulated", None)
    if accumulated is None or accumulated.optimizer is not optimizer:
        with tf.init_scope(), model.distribute_strategy.scope():
            model._accumulated = accumulated = Accumulated(optimizer)
    return accumulated


def mean_over_tokens(model: keras.Model, gradients: list[Any], count: tf.Tensor) -> list[Any]:
    r"""Returns gradients from which an optimizer that averages batches gets the mean over tokens.

    Keras adds up the gradients of n batches and divides by n. After i of them its sum becomes

    .. math:: a_i = i\,\frac{\sum_{j \le i} c_j g_j}{\sum_{j \le i} c_j}

    with c tokens in a batch, so that the last division gives the gradient of all n batches as one.
    Batches with equally many tokens are added up as Keras does it, bit for bit.

    Args:
        model: of which the optimizer is built; without accumulation nothing changes.
        gradients: of the mean over the tokens of this batch; None where there is none.
        count: its tokens, a float32 scalar.
    """
    accumulated, optimizer = accumulated_in(model), model.optimizer
    if accumulated is None:
        return gradients
    # 1. How many batches, and tokens, the sum is of: none after an update. If a model was loaded
    #    between two batches the tokens are not known, and each of its batches counts like this one.
    inner = accumulating(optimizer)
    batches = tf.cast(inner._iterations.value % inner.gradient_accumulation_steps, tf.float32)
    tokens = tf.convert_to_tensor(accumulated.count.value)
    tokens = tf.where(tokens < 0, batches * count, tokens)
    tokens = tf.where(batches > 0, tokens, 0.0)
    # 2. What the sum and this batch's gradients are multiplied by.
    total, number = tokens + count, batches + 1
    sum_factor = tf.math.divide_no_nan(tokens * number, total * batches)
    factor = tf.math.divide_no_nan(count * number, total)
    # 3. A loss scale takes no step of gradients that are not finite: their batch does not count.
    if optimizer is not inner:
        finite = optimizer.check_finite(gradients)
        sum_factor = tf.where(finite, sum_factor, 1.0)
        total = tf.where(finite, total, tokens)
    sum_factor = tf.where(batches > 0, sum_factor, 1.0)
    for gradient in inner._accumulated_gradients:
        gradient.assign(gradient.value * tf.cast(sum_factor, gradient.dtype))
    accumulated.count.assign(total)
    return [g if g is None else g * tf.cast(factor, g.dtype) for g in gradients]


if keras.backend.backend() == "tensorflow":
    Fitted.trainer = Steps()
