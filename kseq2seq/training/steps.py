"""Steps of training that weigh target tokens alike, in batches that are parts of a larger one."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kseq2seq.models.fitted import Fitted
from kseq2seq.training import replicas
from kseq2seq.training.accumulation import accumulated_in, weigh
from kseq2seq.training.counts import count


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
            return replicas.train_step(model, data)
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
    accumulated = accumulated_in(model)
    assert accumulated is not None  # or Keras' own step would do
    weight = count(model, y, sample_weight)
    optimizer.apply(weigh(optimizer, accumulated, gradients, weight), variables)
    return model.compute_metrics(x, y, y_pred, sample_weight=sample_weight)


if keras.backend.backend() == "tensorflow":
    Fitted.trainer = Steps()
