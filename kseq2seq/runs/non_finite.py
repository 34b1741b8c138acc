"""What a run does about a loss or weights that are not finite: stop, skip the batch, roll back."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kseq2seq.training.state import state_variables, step_variables


class RolledBack(Exception):
    """Raised once training is at an earlier step again, to continue from there."""


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


class NonFinite:
    """Looks at the loss of each step, and decides what happens if it is not finite.

    Args:
        on_nan: "stop", "skip" or "roll_back"; see `Run`.
        limit: `nan_limit` of `Run`.

    Attributes:
        skipped: how many batches of the run were skipped.
        roll_backs: how many times the run has rolled back.
        undone: counts the steps that "skip" undid; None for the others.
    """

    def __init__(self, on_nan: str, limit: int):
        self.on_nan, self.limit = on_nan, limit
        self.skipped = self.roll_backs = 0
        self.undone: Undone | None = None

    @contextmanager
    def watching(self, model: keras.Model) -> Iterator[None]:
        """Inside, "skip" undoes steps of the model."""
        if self.on_nan != "skip":
            yield
            return
        with undoing(model) as self.undone:
            yield

    def begin(self, skipped: int, roll_backs: int) -> None:
        """Starts from the counts of a checkpoint."""
        self.skipped, self.roll_backs = skipped, roll_backs
        if self.undone is not None:
            self.undone.begin(skipped)

    def problem(self, logs: dict[str, Any], step: int) -> str | None:
        """Returns why training can't continue after a step; None if it can.

        Args:
            logs: of the step.
            step: its number.

        Warns:
            UserWarning: if the batch of the step was skipped.
        """
        if self.undone is None:
            loss = float(logs.get("loss", 0.0))
            return None if math.isfinite(loss) else f"The loss is {loss}"
        skipped = int(logs.get("skipped", 0))
        if skipped <= self.skipped:
            return None
        self.skipped = skipped
        if int(self.undone.most_in_a_row) >= self.limit:
            return f"The loss or a weight is not finite {self.limit} times in a row"
        warnings.warn(
            f"Skipped the batch at step {step}: loss or weights became non-finite. "
            f"{skipped} batches skipped so far.",
            stacklevel=2,
        )
        return None

    def roll_back(self, problem: str, step: int, rate: float, newest: Path | None) -> Path:
        """Returns the checkpoint to roll back to, and counts that.

        Args:
            problem: from `problem`, the beginning of a sentence.
            step: where it occurred.
            rate: the learning rate, for messages.
            newest: the newest checkpoint; None before the first.

        Raises:
            FloatingPointError: if the run does not roll back, or has too often.

        Warns:
            UserWarning: that the run rolls back.
        """
        problem = f"{problem} at step {step}, with a learning rate of {rate:.3g}."
        if self.on_nan == "roll_back" and newest and self.roll_backs < self.limit:
            self.roll_backs += 1
            warnings.warn(
                f"{problem} Going back to {newest} and continuing with the data after the bad "
                f"batch ({self.roll_backs} of at most {self.limit} times).",
                stacklevel=3,
            )
            return newest
        there = f"the newest checkpoint is {newest}" if newest else "there is no checkpoint yet"
        before = f" It went back {self.roll_backs} times before." if self.roll_backs else ""
        choice = ' To leave out single batches: Run(..., on_nan="skip") or "roll_back".'
        raise FloatingPointError(
            f"{problem}{before} This state was not saved; {there}. Lower the learning rate or "
            "warm up for longer, clip gradients (global_clipnorm=1.0), and look for infinite or "
            "empty inputs; then run again. Use float32 or bfloat16 in place of float16: changing "
            "the dtype, or replacing a fixed rate by a schedule, requires a new run directory."
            f"{choice if self.on_nan == 'stop' else ''}"
        )


@contextmanager
def undoing(model: keras.Model) -> Iterator[Undone]:
    """Inside, a step that makes the loss or a weight infinite or NaN changes nothing.

    Weights, optimizer, metrics and seeds are then what they were before it, as if its batch had not
    been in the data. The loss in the logs, the trainable weights and the variables of optimizers
    are looked at. It costs one copy of them in memory. The logs give the number of undone steps as
    "skipped".

    Args:
        model: a compiled model on one device, all of whose variables exist.

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
        # 1. Copy all that the step may change. Variables that the step itself makes when it is
        #    first traced are not among them: TensorFlow then traces it again.
        variables = state_variables(model)
        before = [tf.identity(variable.value) for variable in variables]
        # 2. Take the step, and see whether its loss and all that it learned are finite.
        logs = step(data)
        watched = [variable.value for variable in step_variables(model)]
        if "loss" in logs:
            watched.append(logs["loss"])
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(value)) for value in watched])
        # 3. Keep the new values, or put the old ones back.
        for variable, value in zip(variables, before, strict=True):
            variable.assign(tf.where(finite, variable.value, value))
        # 4. Count.
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
