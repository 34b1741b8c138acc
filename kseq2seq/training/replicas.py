"""Training on several devices that share each batch, with the result of training on one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from keras import ops, tree

from kseq2seq.training.losses import TokenCrossEntropy

_APART = 1_000_003  # between the seeds of replicas, which draw dropout of their own


def function(model: keras.Model, step: Callable) -> Callable:
    """Returns a function from an iterator of batches to metrics: one `steps_per_execution`.

    Args:
        model: compiled under a strategy.
        step: maps a batch that is dealt out to replicas to metrics, in cross-replica context.
    """

    @tf.autograph.experimental.do_not_convert
    def one_step(batches: Any) -> dict[str, Any]:
        return step(next(batches))

    traced = one_step if model.run_eagerly else tf.function(one_step, reduce_retracing=True)

    def steps(batches: Any) -> dict[str, Any]:
        logs: dict[str, Any] | None = None
        for _ in range(model.steps_per_execution):
            try:
                logs = _one_step(batches)
            except (StopIteration, tf.errors.OutOfRangeError):
                if logs is None:
                    raise
                break
        assert logs is not None  # at least one step was taken
        return logs

    def _one_step(batches: Any) -> dict[str, Any]:
        if not hasattr(batches, "element_spec"):  # from `train_on_batch`, the same for each replica
            batch = tf.nest.map_structure(tf.convert_to_tensor, next(batches))
            batches = iter(tf.data.Dataset.from_tensors(batch))
        build(model, batches.element_spec)
        return traced(batches)

    return steps


def build(model: keras.Model, spec: Any) -> None:
    """Makes the variables of losses, metrics and optimizer, outside of any graph.

    Args:
        model: compiled under a strategy.
        spec: of a batch, which may be dealt out to replicas.
    """
    parts = (model._compile_loss, model._compile_metrics, model.optimizer)
    if all(part is None or part.built for part in parts):
        return
    first = tf.nest.map_structure(lambda part: getattr(part, "_value_specs", [part])[0], spec)
    with model.distribute_strategy.scope():
        model._symbolic_build(data_batch=first)


def train_step(model: keras.Model, data: Any, reweigh: Callable) -> dict[str, Any]:
    """Learns from a batch that is dealt out to replicas; called in cross-replica context.

    Clipping, averages of weights, accumulation and loss scaling see what they would see on one
    device, since the optimizer is called once, outside of the replicas.

    Args:
        model: compiled under a strategy.
        data: the batch.
        reweigh: maps gradients and the weight of the batch to the gradients for the optimizer.

    Returns:
        The metrics so far, of all replicas.
    """
    strategy, optimizer = model.distribute_strategy, model.optimizer
    # 1. What the whole batch counts; each replica's gradients of its share of the loss.
    totals, weight = _totals(model, data)
    gradients, loss, states = strategy.run(partial(_learn, model), args=(data, totals))
    _track(model, data, _sum(strategy, loss))
    # 2. Their sum, on the first device, and one step of the optimizer.
    pairs = [
        (variable, _sum(strategy, gradient))
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        if gradient is not None
    ]
    variables, gradients = [v for v, _ in pairs], [gradient for _, gradient in pairs]
    gradients = reweigh(gradients, weight)
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer._common_apply(gradients, variables)  # `apply` wants to be called by replicas
    else:
        optimizer.apply(gradients, variables)
    # 3. States: statistics of batches are averaged, others are those of the first replica.
    for variable, value in zip(model.non_trainable_variables, states, strict=True):
        if value is None:  # unchanged, for example a frozen weight
            continue
        first = strategy.experimental_local_results(value)[0]
        average = first.dtype.is_floating and strategy.num_replicas_in_sync > 1
        variable.assign(strategy.reduce("MEAN", value, axis=None) if average else first)
    return model.get_metrics_result()


def test_step(model: keras.Model, data: Any) -> dict[str, Any]:
    """Evaluates a batch that is dealt out to replicas; called in cross-replica context."""
    strategy = model.distribute_strategy
    totals, _ = _totals(model, data)
    loss = strategy.run(partial(_evaluate, model), args=(data, totals))
    _track(model, data, _sum(strategy, loss))
    return model.get_metrics_result()


def _learn(model: keras.Model, data: Any, totals: list) -> tuple[list, tf.Tensor, list]:
    """Returns a replica's share of the gradients and of the loss, and the states that changed."""
    replica = tf.distribute.get_replica_context()
    before = [_state_of(variable, replica) for variable in model.non_trainable_variables]

    def learn(data: Any, totals: list, before: list) -> tuple[list, tf.Tensor, list]:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        states = list(zip(model.non_trainable_variables, before, strict=True))
        with tf.GradientTape() as tape:
            with keras.StatelessScope(states) as scope:  # no replica may assign to them
                y_pred = _outputs(model, x, training=True)
            batch = x, y, y_pred, sample_weight
            loss = scaled_loss(model, _factors(model, y, sample_weight, totals), *batch)
            scaled = model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, model.trainable_variables)
        gradients = [g if g is None else tf.convert_to_tensor(g) for g in gradients]
        model.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
        now = [(scope.get_current_value(variable), value) for variable, value in states]
        return gradients, loss, [None if new is old else new for new, old in now]

    return _compiled(model, learn)(data, totals, before)


def _evaluate(model: keras.Model, data: Any, totals: list) -> tf.Tensor:
    """Returns a replica's share of the loss."""

    def evaluate(data: Any, totals: list) -> tf.Tensor:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = _outputs(model, x, training=False)
        factors = _factors(model, y, sample_weight, totals)
        loss = scaled_loss(model, factors, x, y, y_pred, sample_weight, training=False)
        model.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
        return loss

    return _compiled(model, evaluate)(data, totals)


def _outputs(model: keras.Model, x: Any, training: bool) -> Any:
    """Returns the outputs for a replica's rows; the last batch of all may leave it none.

    A row of ones stands in then, since layers need not work without rows.
    """
    rows = rows_of(x)
    missing = tf.maximum(1 - rows, 0)

    def padded(value: tf.Tensor) -> tf.Tensor:
        shape = tf.concat([[missing], tf.shape(value)[1:]], axis=0)
        return tf.concat([value, tf.ones(shape, value.dtype)], axis=0)

    outputs = model(tf.nest.map_structure(padded, x), training=training)
    return tf.nest.map_structure(lambda value: value[:rows], outputs)


def rows_of(x: Any) -> tf.Tensor:
    """Returns how many rows a batch of inputs has."""
    return tf.shape(next(leaf for leaf in tf.nest.flatten(x) if leaf is not None))[0]


def _totals(model: keras.Model, data: Any) -> tuple[list, tf.Tensor]:
    """Returns the divisor of each term of the loss, and the weight, of the whole batch."""

    def local(data: Any) -> tuple[list, tf.Tensor]:
        _, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        parts = [tf.constant(1.0) if d is None else d for d in divisors(model, y, sample_weight)]
        return parts, batch_weight(model, y, sample_weight)

    strategy = model.distribute_strategy
    local_values = strategy.run(local, args=(data,))
    return tf.nest.map_structure(lambda x: strategy.reduce("SUM", x, axis=None), local_values)


def _factors(model: keras.Model, y: Any, sample_weight: Any, totals: list) -> list[Any]:
    """Returns the factors of a replica's terms of the loss, which make means those of the batch.

    Keras divides each mean by the number of replicas, and leaves sums as they are.
    """
    replicas = model.distribute_strategy.num_replicas_in_sync
    return [
        1.0 if part is None else replicas * tf.math.divide_no_nan(part, total)
        for part, total in zip(divisors(model, y, sample_weight), totals, strict=True)
    ]


def _sum(strategy: tf.distribute.Strategy, value: Any) -> tf.Tensor:
    """Adds up the values of replicas, on the first device."""
    return strategy.extended.reduce_to("SUM", value, strategy.extended.worker_devices[0])


def _state_of(variable: Any, replica: Any) -> tf.Tensor:
    """The value of a variable for a replica: the same for all, except seeds."""
    value = tf.convert_to_tensor(variable.value)
    if variable.name != "seed_generator_state":
        return value
    number = tf.cast(replica.replica_id_in_sync_group, value.dtype)
    return value + tf.stack([number * _APART, tf.zeros_like(number)])


def _compiled(model: keras.Model, step: Callable) -> Callable:
    """Compiles what one replica does, if the model is compiled; sums of replicas stay outside."""
    if model.run_eagerly or not model.jit_compile:
        return step
    return tf.function(step, jit_compile=True, autograph=False)


def _track(model: keras.Model, data: Any, loss: tf.Tensor) -> None:
    """Updates the mean loss with that of the whole batch, by its rows."""

    def local(data: Any, loss: tf.Tensor) -> None:
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        model._loss_tracker.update_state(loss, sample_weight=rows_of(x))

    model.distribute_strategy.run(local, args=(data, loss))


def divisor(loss: Any, y_true: Any, sample_weight: Any = None) -> tf.Tensor | None:
    """Returns the float32 scalar by which a loss divides its sum; None if it doesn't.

    Args:
        loss: of this package, where `weights` knows it, or any that Keras reduces.
        y_true: labels.
        sample_weight: as `fit` takes it.

    Example:
        >>> from kseq2seq import TokenCrossEntropy
        >>> float(divisor(TokenCrossEntropy(), tf.constant([[3, 2, 0], [2, 0, 0]])))
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


def divisors(model: keras.Model, y: Any, sample_weight: Any) -> list[tf.Tensor | None]:
    """Returns the `divisor` of each loss that a model was compiled with, in their order."""
    compiled = model._compile_loss
    if compiled is None:
        return []
    spread = getattr(model, "spread", lambda same: same)
    y, sample_weight = spread(y), None if sample_weight is None else spread(sample_weight)
    results = []
    for term in compiled._flat_losses:
        weight = _at(term.path, sample_weight) if tree.is_nested(sample_weight) else sample_weight
        results.append(divisor(term.loss, _at(term.path, _like_outputs(model, y)), weight))
    return results


def batch_weight(model: keras.Model, y: Any, sample_weight: Any) -> tf.Tensor:
    """Returns the weight of a batch: its target tokens, or the divisor of its first loss."""
    weights = divisors(model, y, sample_weight)
    losses = [term.loss for term in model._compile_loss._flat_losses] if weights else []
    of_tokens = [isinstance(getattr(loss, "loss", loss), TokenCrossEntropy) for loss in losses]
    weight = weights[of_tokens.index(True) if any(of_tokens) else 0] if weights else None
    return tf.constant(1.0) if weight is None else weight


def scaled_loss(model: keras.Model, factors: list[Any], *batch: Any, training: bool = True) -> Any:
    """Returns the loss that a model was compiled with, each of its terms times a factor.

    Args:
        model: compiled and built.
        factors: one for each of `divisors`.
        *batch: x, labels, outputs and sample weights, as `compute_loss` takes them.
        training: as `compute_loss` takes it.
    """
    compiled = model._compile_loss
    if compiled is None:
        return model._compute_loss(*batch, training=training)
    terms = compiled._flat_losses
    compiled._flat_losses = [
        term._replace(loss=_times(term.loss, factor))
        for term, factor in zip(terms, factors, strict=True)
    ]
    try:
        return model._compute_loss(*batch, training=training)
    finally:
        compiled._flat_losses = terms


def _times(loss: Callable, factor: Any) -> Callable:
    return lambda *batch: loss(*batch) * factor


def _at(path: Any, value: Any) -> Any:
    for part in path:
        value = value[part]
    return value


def _like_outputs(model: keras.Model, y: Any) -> Any:
    """Labels in the structure of the outputs, if they are, for example, a list."""
    leaves, outputs = tree.flatten(y), model._compile_loss._y_pred_build_structure
    other = tree.is_nested(outputs) and type(y) is not type(outputs)
    return tree.pack_sequence_as(outputs, leaves) if other else y
