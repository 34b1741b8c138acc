"""The content of a checkpoint: taken from training, compared with it, put back."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kseq2seq.formats import FORMAT
from kseq2seq.runs.contents import PATHLESS, UPGRADES, read_state
from kseq2seq.runs.state import callback_states, restore_callbacks
from kseq2seq.training.state import make_variables, random_state, set_random_state, state_variables
from kseq2seq.training.steps import UNKNOWN, accumulated_in

_COUNTED = re.compile(r"_\d+(?![^_/])")  # numbers that Keras appends to names


def take_snapshot(
    model: keras.Model, values: list[np.ndarray], batches: tf.data.Dataset, callbacks: list
) -> dict[str, Any]:
    """Returns the state of a model, its random numbers, data and callbacks, for a checkpoint.

    Args:
        model: a compiled model.
        values: of `state_variables(model)`.
        batches: what it is trained on.
        callbacks: see `callback_states`.
    """
    return {
        "data": spec_of(batches),
        "seed": global_seed(),
        FORMAT: len(UPGRADES) + 1,
        "described": signatures(state_variables(model)),
        "frozen": _frozen(model),
        "variables": values,
        "random": random_state(),
        "callbacks": callback_states(callbacks),
    }


def put_back(snapshot: Mapping[str, Any], model: keras.Model, callbacks: list) -> None:
    """Gives a model, random numbers and callbacks the state of a snapshot.

    Args:
        snapshot: from `read_matching`.
        model: the model of that call.
        callbacks: see `restore_callbacks`.
    """
    for variable, value in zip(state_variables(model), snapshot["variables"], strict=True):
        variable.assign(value)
    set_random_state(snapshot["random"])
    restore_callbacks(callbacks, snapshot["callbacks"])


def read_matching(
    path: Path, model: keras.Model, batches: tf.data.Dataset, steps_per_epoch: int
) -> dict[str, Any]:
    """Reads a checkpoint, which must fit the model, the optimizer and the data.

    Args:
        path: of the checkpoint.
        model: what continues from it; makes its missing variables.
        batches: what it is trained on.
        steps_per_epoch: batches in an epoch.

    Returns:
        The content of the checkpoint.

    Raises:
        ValueError: if one of them differs.

    Warns:
        UserWarning: if TensorFlow's global seed differs.
    """
    snapshot = read_state(path)
    # 1. The data, and its epochs.
    if snapshot["data"] != spec_of(batches):
        raise ValueError(
            f"{path} is of a run on other data: its batches were {snapshot['data']}, these are "
            f"{spec_of(batches)}. Use the same data, or another directory."
        )
    if snapshot["steps_per_epoch"] != steps_per_epoch:
        raise ValueError(
            f"The run in {path.parent.parent} has steps_per_epoch={snapshot['steps_per_epoch']}; "
            f"got {steps_per_epoch}. Pass the former, or use another directory."
        )
    # 2. The model, its optimizer and its metrics, by their variables.
    _check_frozen(path, model, snapshot)
    if len(state_variables(model)) != len(snapshot["described"]):
        make_variables(model, batches)
    here, there = both_signatures(state_variables(model), snapshot)
    if here[:-1] == there and accumulated_in(model):
        # From before tokens were counted: how many have been accumulated is not known.
        there.append(here[-1])
        snapshot["variables"].append(np.array(UNKNOWN, "float32"))
    if here != there:
        pairs = [(h, t) for h, t in zip(here, there, strict=False) if h != t]
        first = f", for example {pairs[0][0]} in place of {pairs[0][1]}" if pairs else ""
        raise ValueError(
            f"{path} is of another model, optimizer or list of metrics: {len(there)} variables "
            f"there, {len(here)} here, {len(pairs)} of them unlike{first}. Build and compile "
            "the model as when the run began, or use another directory."
        )
    # 3. The seed, by which data is shuffled.
    if snapshot["seed"] != global_seed():
        warnings.warn(
            f"TensorFlow's global seed was {snapshot['seed']} when the run began and is "
            f"{global_seed()} now: shuffled data will come in another order. For the same order, "
            "call keras.utils.set_random_seed with the same seed before making the data.",
            stacklevel=2,
        )
    return snapshot


def both_signatures(variables: list, snapshot: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Returns the signatures of variables here and in a checkpoint, to be compared.

    Where the checkpoint has no paths, both are without.
    """
    here, there = signatures(variables), list(snapshot["described"])
    if all(text.startswith(PATHLESS) for text in there):
        here, there = ([text.split(" ", 1)[1] for text in side] for side in (here, there))
    return here, there


def signatures(variables: list) -> list[str]:
    """Returns path, dtype and shape of each variable, without the numbers that Keras appends.

    Keras counts layers of a kind through a process: the same layer is `dense` here and `dense_7`
    there.

    Args:
        variables: of Keras.

    Example:
        >>> signatures([keras.Variable(np.zeros((2, 3), "float32"), name="kernel_7")])
        ['kernel float32 (2, 3)']
    """
    return [f"{_COUNTED.sub('', v.path)} {v.dtype} {tuple(v.shape)}" for v in variables]


def _check_frozen(path: Path, model: keras.Model, snapshot: Mapping[str, Any]) -> None:
    """Refuses a checkpoint of a model in which other weights were frozen; names one."""
    here, there = _frozen(model), snapshot.get("frozen")
    if there is None or here == there or len(here) != len(there):
        return
    index = next(index for index, frozen in enumerate(here) if frozen != there[index])
    raise ValueError(
        f"{path} has {sum(there)} frozen weights and this model {sum(here)}: "
        f"{model.weights[index].path} is frozen {'there' if there[index] else 'here'} only. Freeze "
        "the same layers before model.compile(...), or use another directory."
    )


def _frozen(model: keras.Model) -> list[bool]:
    trained = {id(weight) for weight in model.trainable_weights}
    return [id(weight) not in trained for weight in model.weights]


def spec_of(batches: tf.data.Dataset) -> list[str]:
    """Returns dtypes and shapes of a dataset's elements, as text.

    Example:
        >>> spec_of(tf.data.Dataset.range(3).batch(2))
        ['int64 (None,)']
    """
    parts = tf.nest.flatten(batches.element_spec, expand_composites=True)
    return [f"{part.dtype.name} {part.shape}" for part in parts]


def global_seed() -> int:
    """Returns TensorFlow's global seed.

    Example:
        >>> tf.random.set_seed(3)
        >>> global_seed()
        3
    """
    return tf.compat.v1.get_seed(1)[0]
