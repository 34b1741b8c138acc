"""All that a training step changes, taken out of a model and a process and put back."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from keras.src.random import seed_generator

from kseq2seq.formats import FORMAT
from kseq2seq.models import Fitted
from kseq2seq.training import replicas
from kseq2seq.training.accumulation import accumulated_in

_NUMBER = re.compile(r"_\d+(?![^_/])")
_PATHLESS = "? "


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


def described(variables: list[Any]) -> list[str]:
    """Says what each variable is; numbers that Keras gives to names are left out.

    Keras counts layers of a kind through a process: the same layer is `dense` here and `dense_7`
    there.

    Args:
        variables: of Keras.

    Example:
        >>> described([keras.Variable(np.zeros((2, 3), "float32"), name="kernel_7")])
        ['kernel float32 (2, 3)']
    """
    return [f"{_NUMBER.sub('', v.path)} {v.dtype} {tuple(v.shape)}" for v in variables]


def description(model: keras.Model) -> dict[str, Any]:
    """Returns what a checkpoint says of the variables it has."""
    return {
        FORMAT: len(UPGRADES) + 1,
        "described": described(state_variables(model)),
        "frozen": _frozen(model),
    }


def comparable(variables: list[Any], record: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Returns what the variables here and those of a checkpoint are, to be compared.

    Those whose paths are not known are compared by dtype and shape.
    """
    here, there = described(variables), list(record["described"])
    if all(text.startswith(_PATHLESS) for text in there):
        here, there = ([text.split(" ", 1)[1] for text in side] for side in (here, there))
    return here, there


def _without_paths(record: dict[str, Any]) -> dict[str, Any]:
    """Format 1 had shorter paths of variables, which do not tell an encoder from a decoder."""
    texts = record.get("described")
    if not isinstance(texts, list) or not all(isinstance(x, str) and " " in x for x in texts):
        return record  # damaged, which is told elsewhere
    return {**record, "described": [_PATHLESS + text.split(" ", 1)[1] for text in texts]}


UPGRADES = (_without_paths,)  # of what a checkpoint says, from format 1 on


def check_frozen(path: Any, model: keras.Model, record: Mapping[str, Any]) -> None:
    """Refuses a checkpoint of a model in which other weights were frozen.

    Raises:
        ValueError: names a weight that is frozen here or there only.
    """
    here, there = _frozen(model), record.get("frozen")
    if there is None or here == there or len(here) != len(there):
        return
    index = next(index for index, frozen in enumerate(here) if frozen != there[index])
    raise ValueError(
        f"{path} has {sum(there)} frozen weights and this model {sum(here)}: "
        f"{model.weights[index].path} is frozen {'there' if there[index] else 'here'} only. Freeze "
        "the same layers before model.compile(...), or name another directory."
    )


def _frozen(model: keras.Model) -> list[bool]:
    trained = {id(weight) for weight in model.trainable_weights}
    return [id(weight) not in trained for weight in model.weights]


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
