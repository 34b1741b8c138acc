"""Everything that a training step changes: read, put back, and compiled ahead of training."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from keras.src.random import seed_generator

from kseq2seq.models import Fitted
from kseq2seq.training import replicas
from kseq2seq.training.averaging import warm_averages
from kseq2seq.training.steps import accumulated_in

_MOST_READ = 1000


def state_variables(model: keras.Model) -> list[Any]:
    """Returns all variables that training changes, each once.

    These are weights, seeds of dropout, states of metrics, and the variables of each optimizer that
    is an attribute of the model: steps taken, moments, averages of weights, accumulated gradients,
    loss scale. With accumulated gradients, the last variable is the number of their tokens.

    Args:
        model: a compiled model that has taken a step; before, some do not exist yet.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> _ = model.train_on_batch(np.ones((1, 2)), np.ones((1, 1)))
        >>> [variable.name for variable in state_variables(model)]
        ['kernel', 'bias', 'total', 'count', 'iteration', 'learning_rate']
    """
    variables = [*model.variables, *model.metrics_variables]
    for optimizer in optimizers(model):
        variables += optimizer.variables
    if accumulated := accumulated_in(model):
        variables.append(accumulated.count)
    return list({id(variable): variable for variable in variables}.values())


def make_variables(model: keras.Model, batches: tf.data.Dataset) -> None:
    """Makes the variables of a model, its optimizers and its metrics that a step needs.

    A step is traced and thrown away, which is faster than taking one, since nothing is compiled. A
    model that runs eagerly takes a step.

    Args:
        model: a compiled model.
        batches: what it is trained on.

    Example:
        >>> model = keras.Sequential([keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> make_variables(model, tf.data.Dataset.from_tensors((np.ones((1, 2)), np.ones((1, 1)))))
        >>> [variable.name for variable in state_variables(model)]
        ['kernel', 'bias', 'total', 'count', 'iteration', 'learning_rate']
    """
    if isinstance(model, Fitted) and model.trainer and model.trainer.replicated(model):
        replicas.build(model, batches.element_spec)
        return
    if model.run_eagerly:
        model.make_train_function()
        model.train_function(iter(batches.take(1)))
        return
    run = model.distribute_strategy.run
    step = tf.function(lambda batch: run(model.train_step, args=(batch,)), autograph=False)
    step.get_concrete_function(batches.element_spec)


def number(value: Any) -> float:
    """Returns the value of a scalar variable or tensor, on however many devices it is.

    Example:
        >>> number(keras.Variable(0.5))
        0.5
    """
    return np.asarray(value).item()


def step_variables(model: keras.Model) -> list[Any]:
    """Returns the variables that must stay finite: trainable weights and those of optimizers."""
    of_optimizers = [v for optimizer in optimizers(model) for v in optimizer.variables]
    variables = [*model.trainable_variables, *of_optimizers]
    return [variable for variable in variables if keras.backend.is_float_dtype(variable.dtype)]


def optimizers(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """Returns the optimizers that are attributes of a model, `model.optimizer` and any other."""
    return [
        value for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer)
    ]


def random_state() -> dict[str, Any]:
    """Returns the states of the global random numbers of Python, NumPy and Keras.

    The states of TensorFlow's own, for example of `tf.random.uniform`, can't be read.
    """
    version, words, gauss = random.getstate()
    generator = global_state.get_global_attribute(seed_generator.GLOBAL_SEED_GENERATOR)
    return {
        "python": [version, np.array(words, "uint64"), gauss],
        "numpy": np.random.get_state(legacy=False),
        "keras": generator and np.array(generator.state),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Restores a state from `random_state`."""
    version, words, gauss = state["python"]
    if state["keras"] is not None:
        seed_generator.global_seed_generator().state.assign(state["keras"])
    random.setstate((version, tuple(words.tolist()), gauss))
    np.random.set_state(state["numpy"])


def compile_ahead(
    model: keras.Model,
    batches: tf.data.Dataset,
    shapes: int = 1,
    stop: Callable[[], Any] = lambda: False,
) -> float:
    """Compiles the steps that training needs, and leaves the state of the model as it was.

    XLA compiles each shape of a batch when it first comes, which takes seconds, on a busy machine
    minutes. Here a step is taken in each of `shapes` shapes and undone: weights, optimizer, random
    numbers and metrics keep their values, for one copy of them in memory. `fit` then only trains.

    Args:
        model: a compiled model.
        batches: what it is trained on, for example from `train_batches`. The first ones are read,
            so their order must not depend on how often the dataset was read before.
        shapes: how many different shapes to look for, in the first thousand batches.
        stop: called between two shapes; if it returns true, the rest is left to training.

    Returns:
        The seconds it took.

    Raises:
        ValueError: if the model is not compiled.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.training import compile_ahead
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("adam", "mse", jit_compile=True)
        >>> one = tf.data.Dataset.from_tensors((np.ones((8, 1)), np.ones((8, 1))))
        >>> seconds = compile_ahead(model, one.repeat())
        >>> int(model.optimizer.iterations)
        0
    """
    if not getattr(model, "compiled", False):
        raise ValueError("The model is not compiled; call model.compile(...) first.")
    began = time.monotonic()
    # 1. Make all variables, and copy them and the random numbers.
    warm_averages(model)
    if not model.built:
        make_variables(model, batches)
    for optimizer in optimizers(model):
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
    before = [(variable, variable.numpy()) for variable in state_variables(model)]
    random_before = random_state()
    # 2. Take a step with a batch of each shape.
    examples = _one_of_each(batches, shapes)
    at_once = model.steps_per_execution
    data = tf.data.Dataset.from_generator(
        lambda: (batch for batch in examples for _ in range(at_once)),
        output_signature=batches.element_spec,
    )
    iterator = iter(model.distribute_strategy.experimental_distribute_dataset(data))
    model.make_train_function()
    try:
        for _ in examples:
            if stop():
                break
            model.train_function(iterator)
    finally:
        # 3. Put everything back; metrics may have been made in the first step.
        model.reset_metrics()
        for variable, value in before:
            variable.assign(value)
        set_random_state(random_before)
    return time.monotonic() - began


def _one_of_each(batches: tf.data.Dataset, shapes: int) -> list[Any]:
    examples: dict[tuple, Any] = {}
    for batch in batches.take(_MOST_READ):
        parts = tf.nest.flatten(batch, expand_composites=True)
        examples.setdefault(tuple(tuple(part.shape) for part in parts), batch)
        if len(examples) == shapes:
            break
    return list(examples.values())
