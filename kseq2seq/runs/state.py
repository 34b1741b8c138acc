"""What of a run is outside of its model: its place in the data, what callbacks remember."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
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


# Callbacks of Keras have no way to tell; these are the attributes that are no settings.
_KERAS: dict[type, tuple[str, ...]] = {
    keras.callbacks.EarlyStopping: (
        "wait",
        "stopped_epoch",
        "best",
        "best_epoch",
        "best_weights",
    ),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    keras.callbacks.ModelCheckpoint: (
        "best",
        "_batches_seen_since_last_saving",
        "_last_batch_seen",
    ),
    keras.callbacks.SwapEMAWeights: ("_ema_weights_in_model",),
    keras.callbacks.TensorBoard: ("_global_train_batch",),
}


def callback_states(callbacks: Sequence[keras.callbacks.Callback]) -> list[dict[str, Any]]:
    """Returns what callbacks remember, for a checkpoint.

    Those with methods `get_state()` (a dict of numbers, strings, lists and arrays) and
    `set_state(state)` are asked; of Keras' own `EarlyStopping`, `ReduceLROnPlateau`,
    `ModelCheckpoint`, `SwapEMAWeights` and `TensorBoard` it is known what they remember. Any other
    begins anew after a restart.

    Args:
        callbacks: in their order.

    Example:
        >>> callback_states([keras.callbacks.ReduceLROnPlateau(), keras.callbacks.TerminateOnNaN()])
        [{'class': 'ReduceLROnPlateau', 'state': {'wait': 0, 'best': None, 'cooldown_counter': 0}}]
    """
    states = []
    for callback in callbacks:
        names = _names(callback)
        if hasattr(callback, "get_state"):
            states.append({"class": type(callback).__name__, "state": callback.get_state()})
        elif names:
            state = {name: getattr(callback, name) for name in names}
            states.append({"class": type(callback).__name__, "state": state})
    return states


def restore_callbacks(
    callbacks: Sequence[keras.callbacks.Callback], states: list[dict[str, Any]]
) -> None:
    """Puts back what callbacks remembered, by class and order; new callbacks begin anew.

    Args:
        callbacks: those of now.
        states: from `callback_states`.
    """
    left = list(states)
    for callback in callbacks:
        found = next((kept for kept in left if kept["class"] == type(callback).__name__), None)
        if found is None:
            continue
        left.remove(found)
        if hasattr(callback, "set_state"):
            callback.set_state(found["state"])
        else:
            for name in _names(callback):
                setattr(callback, name, found["state"][name])
        if isinstance(callback, keras.callbacks.EarlyStopping) and callback.stopped_epoch:
            if callback.wait >= callback.patience:
                callback.model.stop_training = True
            else:  # it has been given more patience since
                callback.stopped_epoch = 0


def _names(callback: keras.callbacks.Callback) -> tuple[str, ...]:
    return next((names for kind, names in _KERAS.items() if isinstance(callback, kind)), ())
