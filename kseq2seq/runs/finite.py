"""A step that leaves no trace if it breaks the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from kseq2seq.training.state import state_variables, step_variables


class Undone:
    """How many steps have been undone.

    Attributes:
        total: of all, a scalar int64 variable, as the others.
        in_a_row: current number of consecutive undone steps.
        most_in_a_row: the most that `in_a_row` has been.
    """

    def __init__(self) -> None:
        self.total, self.in_a_row, self.most_in_a_row = (
            keras.Variable(0, dtype="int64", trainable=False) for _ in range(3)
        )

    def begin(self, total: int) -> None:
        """Starts from a checkpoint, before which `total` steps were undone."""
        self.total.assign(total)
        self.in_a_row.assign(0)
        self.most_in_a_row.assign(0)


@contextmanager
def undoing(model: keras.Model) -> Iterator[Undone]:
    """Inside, a step that makes the loss or a weight infinite or NaN changes nothing.

    Weights, optimizer, metrics and seeds are then as they were before it, as if its batch had not
    been in the data. What is looked at is the loss in the logs, the trainable weights and all that
    optimizers keep. It costs one copy of them in memory. The logs tell as "skipped" how many steps
    were undone.

    Args:
        model: a compiled model on one device, all of whose variables are there.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> _ = model.train_on_batch(np.ones((1, 1)), np.ones((1, 1)))
        >>> with undoing(model) as undone:
        ...     _ = model.train_on_batch(np.ones((1, 1)), np.full((1, 1), np.nan))
        >>> int(undone.total), bool(np.isfinite(model.get_weights()[0]).all())
        (1, True)
    """
    undone = Undone()
    step = model.train_step

    def train_step(data: Any) -> dict[str, Any]:
        # What the step itself makes, the first time it is traced, is not among them: TensorFlow
        # traces it again then.
        variables = state_variables(model)
        before = [tf.identity(variable.value) for variable in variables]
        logs = step(data)
        looked_at = [variable.value for variable in step_variables(model)]
        if "loss" in logs:
            looked_at.append(logs["loss"])
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(value)) for value in looked_at])
        for variable, value in zip(variables, before, strict=True):
            variable.assign(tf.where(finite, variable.value, value))
        broken = tf.cast(~finite, tf.int64)
        undone.total.assign_add(broken)
        undone.in_a_row.assign((undone.in_a_row + 1) * broken)
        undone.most_in_a_row.assign(tf.maximum(undone.most_in_a_row.value, undone.in_a_row.value))
        return {**logs, "skipped": tf.cast(undone.total, tf.float32)}

    model.train_step = train_step
    model.make_train_function(force=True)
    try:
        yield undone
    finally:
        del model.train_step
        model.train_function = None
