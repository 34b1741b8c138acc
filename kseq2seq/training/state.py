"""All that a training step changes: taken out, put back, and so a step undone."""

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

    Weights, seeds of dropout, states of metrics, and of each optimizer that is an attribute of the
    model all it has: steps taken, moments, averages of weights, gathered gradients, loss scale. The
    last is, where gradients are accumulated, the number of tokens that they are of.

    Args:
        model: a compiled model that has taken a step; before, some are not there yet.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> _ = model.train_on_batch(np.ones((1, 2)), np.ones((1, 1)))
        >>> [variable.name for variable in state_variables(model)]
        ['kernel', 'bias', 'total', 'count', 'iteration', 'learning_rate']
    """
    found = [*model.variables, *model.metrics_variables]
    for optimizer in optimizers(model):
        found += optimizer.variables
    if accumulated := accumulated_in(model):
        found.append(accumulated.count)
    return list({id(variable): variable for variable in found}.values())


def make_variables(model: keras.Model, batches: tf.data.Dataset) -> None:
    """Makes a model, its optimizers and its metrics make the variables that a step needs.

    A step is traced and thrown away, which is quicker than to take one, as nothing is compiled. A
    model that runs eagerly takes one.

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
    """Returns those that must stay finite: the trainable weights and what optimizers keep."""
    kept = [variable for optimizer in optimizers(model) for variable in optimizer.variables]
    found = [*model.trainable_variables, *kept]
    return [variable for variable in found if keras.backend.is_float_dtype(variable.dtype)]


def optimizers(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """Returns the optimizers that are attributes of a model, `model.optimizer` and any other."""
    return [
        value for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer)
    ]


def random_state() -> dict[str, Any]:
    """Returns the states of Python's, NumPy's and Keras' own global random numbers.

    Those of TensorFlow's operations with a state, such as `tf.random.uniform`, can't be read.
    """
    version, words, gauss = random.getstate()
    generator = global_state.get_global_attribute(seed_generator.GLOBAL_SEED_GENERATOR)
    return {
        "python": [version, np.array(words, "uint64"), gauss],
        "numpy": np.random.get_state(legacy=False),
        "keras": generator and np.array(generator.state),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Puts back what `random_state` returned."""
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
    """Makes a model compile what training will need; it has the same state afterwards.

    XLA compiles each shape of a batch when it comes, which takes seconds, and on a busy machine
    minutes. Here a step is taken in each of `shapes` shapes and undone: weights, optimizer, random
    numbers and metrics are as they were. `fit` then only trains. Costs one copy of these in memory.

    Args:
        model: a compiled model.
        batches: what it is trained on, for example from `train_batches`. The first ones are read,
            so their order must not depend on how often a dataset was read before.
        shapes: how many different shapes to look for, in the first thousand batches.
        stop: asked between two shapes; true leaves the rest to training.

    Returns:
        The seconds that it took.

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
    warm_averages(model)
    if not model.built:
        make_variables(model, batches)
    for optimizer in optimizers(model):
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
    kept = [(variable, variable.numpy()) for variable in state_variables(model)]
    numbers = random_state()
    found = _one_of_each(batches, shapes)
    at_once = model.steps_per_execution
    data = tf.data.Dataset.from_generator(
        lambda: (batch for batch in found for _ in range(at_once)),
        output_signature=batches.element_spec,
    )
    iterator = iter(model.distribute_strategy.experimental_distribute_dataset(data))
    model.make_train_function()
    try:
        for _ in found:
            if stop():
                break
            model.train_function(iterator)
    finally:
        model.reset_metrics()  # some may have been made in the first step
        for variable, value in kept:
            variable.assign(value)
        set_random_state(numbers)
    return time.monotonic() - began


def _one_of_each(batches: tf.data.Dataset, shapes: int) -> list[Any]:
    found: dict[tuple, Any] = {}
    for batch in batches.take(_MOST_READ):
        parts = tf.nest.flatten(batch, expand_composites=True)
        found.setdefault(tuple(tuple(part.shape) for part in parts), batch)
        if len(found) == shapes:
            break
    return list(found.values())
