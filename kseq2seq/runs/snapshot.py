"""Whether a checkpoint is of the model, the optimizer and the data that training is given."""

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
from kseq2seq.training.state import make_variables, state_variables
from kseq2seq.training.steps import UNKNOWN, accumulated_in

_NUMBER = re.compile(r"_\d+(?![^_/])")


def matching(
    path: Path, model: keras.Model, batches: tf.data.Dataset, steps_per_epoch: int
) -> dict[str, Any]:
    """Reads a checkpoint, which must be of this model, optimizer and data.

    Args:
        path: of the checkpoint.
        model: what would continue from it.
        batches: what it would be trained on.
        steps_per_epoch: of these batches.

    Returns:
        What was written.

    Raises:
        ValueError: if it is of something else.
    """
    nest = read_state(path)
    if nest["data"] != spec_of(batches):
        raise ValueError(
            f"{path} is of a run on other data: its batches were {nest['data']}, these are "
            f"{spec_of(batches)}. Go on with the same data, or name another directory."
        )
    if nest["steps_per_epoch"] != steps_per_epoch:
        raise ValueError(
            f"The run in {path.parent.parent} has steps_per_epoch={nest['steps_per_epoch']}; "
            f"got {steps_per_epoch}. Go on with the former, or name another directory."
        )
    check_frozen(path, model, nest)
    if len(state_variables(model)) != len(nest["described"]):
        make_variables(model, batches)
    here, there = comparable(state_variables(model), nest)
    if here[:-1] == there and accumulated_in(model):
        # Written before tokens were counted: how many have been accumulated is not known.
        there.append(here[-1])
        nest["variables"].append(np.array(UNKNOWN, "float32"))
    if here != there:
        pairs = [(h, t) for h, t in zip(here, there, strict=False) if h != t]
        first = f", such as {pairs[0][0]} in place of {pairs[0][1]}" if pairs else ""
        raise ValueError(
            f"{path} is of another model, optimizer or list of metrics: {len(there)} variables "
            f"there, {len(here)} here, {len(pairs)} of them unlike{first}. Build and compile "
            "the model as when the run was begun, or name another directory."
        )
    if nest["seed"] != global_seed():
        warnings.warn(
            f"TensorFlow's global seed was {nest['seed']} when it was begun and is {global_seed()} "
            "now: shuffled data will come in another order. For the same one, call "
            "keras.utils.set_random_seed with the same seed before the data is made.",
            stacklevel=2,
        )
    return nest


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
    if all(text.startswith(PATHLESS) for text in there):
        here, there = ([text.split(" ", 1)[1] for text in side] for side in (here, there))
    return here, there


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
