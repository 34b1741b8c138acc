"""Where training is in its data, kept and found again."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

_UNSAVABLE = (tf.errors.FailedPreconditionError, tf.errors.UnimplementedError, ValueError)


class Position:
    """An iterator over batches whose place can be written down.

    A tf.data pipeline of TensorFlow operations writes down its own state, buffers included, and
    goes on at once. Of one that can't (Python generators, `py_function`, unseeded random numbers,
    distributed data) only the number of batches taken is kept: to go on, that many are read again
    and thrown away, and they must come in the same order.

    Args:
        model: whose distribution strategy deals out the batches.
        batches: the data.

    Example:
        >>> import tempfile
        >>> model, folder = keras.Sequential(), Path(tempfile.mkdtemp())
        >>> batches = tf.data.Dataset.range(100).shuffle(100, seed=1)
        >>> position = Position(model, batches)
        >>> _ = [next(position.iterator) for _ in range(30)]
        >>> position.write(folder)
        >>> there = Position(model, batches)
        >>> there.read(folder, taken=30)
        >>> int(next(there.iterator)) == int(next(position.iterator))
        True
    """

    def __init__(self, model: keras.Model, batches: tf.data.Dataset):
        self.batches = batches
        self._strategy = model.distribute_strategy
        self._counts = False
        self.iterator: Any = self._begin(batches)

    def write(self, folder: Path) -> None:
        """Writes the iterator's state, where it has one that can be written.

        Args:
            folder: an existing directory; the names of the files begin with "data".

        Warns:
            UserWarning: once, where it can't.
        """
        if self._counts:
            return
        try:
            tf.train.Checkpoint(iterator=self.iterator).write(str(folder / "data"))
        except _UNSAVABLE as error:
            self._counts = True
            for path in folder.glob("data*"):
                path.unlink()
            warnings.warn(
                "The position in this data can't be saved "
                f"({getattr(error, 'message', error)}): a run that goes on will read the batches "
                "that it had, in the same order, and throw them away.",
                stacklevel=2,
            )

    def read(self, folder: Path, taken: int) -> None:
        """Goes to the place that was written.

        Args:
            folder: where it was written.
            taken: how many batches had been taken there.

        Raises:
            ValueError: if the checkpoint was made with different data.
        """
        if not (folder / "data.index").exists():
            self.iterator = self._begin(self.batches.skip(taken))
            return
        try:
            state = tf.train.Checkpoint(iterator=self.iterator).read(str(folder / "data"))
            state.assert_existing_objects_matched()
        except (tf.errors.OpError, AssertionError, ValueError) as error:
            raise ValueError(
                f"The checkpoint in {folder} was made with different data. Go on with the data "
                "that the run was begun with, made in the same way, or name another directory."
            ) from error

    def _begin(self, batches: tf.data.Dataset) -> Any:
        return iter(self._strategy.experimental_distribute_dataset(batches))
