"""Compiling before training: a step in each shape of a batch, which leaves no trace."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from kseq2seq.training.averaging import warm_averages
from kseq2seq.training.state import (
    make_variables,
    optimizers,
    random_state,
    set_random_state,
    state_variables,
)

_MOST_READ = 1000


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
