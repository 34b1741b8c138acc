"""Whether a checkpoint is of the model, the optimizer and the data that training is given."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from kseq2seq.training.accumulation import UNKNOWN, accumulated_in
from kseq2seq.training.contents import read_state
from kseq2seq.training.state import check_frozen, comparable, make_variables, state_variables

if TYPE_CHECKING:
    from kseq2seq.training.loop import Loop


def matching(loop: Loop, path: Path) -> dict[str, Any]:
    """Reads a checkpoint, which must be of this model, optimizer and data.

    Args:
        loop: what would continue from it.
        path: of the checkpoint.

    Returns:
        What was written.

    Raises:
        ValueError: if it is of something else.
    """
    nest = read_state(path)
    if nest["data"] != spec_of(loop.batches):
        raise ValueError(
            f"{path} is of a run on other data: its batches were {nest['data']}, these are "
            f"{spec_of(loop.batches)}. Go on with the same data, or name another directory."
        )
    if nest["steps_per_epoch"] != loop.steps_per_epoch:
        raise ValueError(
            f"The run in {loop.run.directory} has steps_per_epoch={nest['steps_per_epoch']}; "
            f"got {loop.steps_per_epoch}. Go on with the former, or name another directory."
        )
    check_frozen(path, loop.model, nest)
    if len(state_variables(loop.model)) != len(nest["described"]):
        make_variables(loop.model, loop.batches)
    here, there = comparable(state_variables(loop.model), nest)
    if here[:-1] == there and accumulated_in(loop.model):
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
