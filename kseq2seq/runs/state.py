"""The state of a run outside of its model: its position in the data, and its callbacks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

_CANT_BE_SAVED = (tf.errors.FailedPreconditionError, tf.errors.UnimplementedError, ValueError)


class ResumableIterator:
    """An iterator over batches that is saved and continues where it was.

    A tf.data pipeline of TensorFlow operations saves its own state, buffers included, and continues
    at once. Of one that can't (Python generators, `py_function`, unseeded random numbers,
    distributed data) only the number of batches taken is known: to continue, that many are read
    again and thrown away, and they must come in the same order.

    Args:
        model: its distribution strategy deals out the batches.
        batches: the data.

    Attributes:
        iterator: what `model.train_function` takes.

    Example:
        >>> import tempfile
        >>> model, folder = keras.Sequential(), Path(tempfile.mkdtemp())
        >>> batches = tf.data.Dataset.range(100).shuffle(100, seed=1)
        >>> data = ResumableIterator(model, batches)
        >>> _ = [next(data.iterator) for _ in range(30)]
        >>> data.save(folder)
        >>> resumed = ResumableIterator(model, batches)
        >>> resumed.restore(folder, taken=30)
        >>> int(next(resumed.iterator)) == int(next(data.iterator))
        True
    """

    def __init__(self, model: keras.Model, batches: tf.data.Dataset):
        self.batches = batches
        self._strategy = model.distribute_strategy
        self._can_be_saved = True
        self.iterator: Any = self._begin(batches)

    def save(self, folder: Path) -> None:
        """Writes the iterator's state, where it can be saved.

        Args:
            folder: an existing directory; the names of the files begin with "data".

        Warns:
            UserWarning: once, if it can't be saved.
        """
        if not self._can_be_saved:
            return
        try:
            tf.train.Checkpoint(iterator=self.iterator).write(str(folder / "data"))
        except _CANT_BE_SAVED as error:
            self._can_be_saved = False
            for path in folder.glob("data*"):
                path.unlink()
            warnings.warn(
                "The position in this data can't be saved "
                f"({getattr(error, 'message', error)}): to resume, a run reads all batches before "
                "it again, in the same order, and throws them away.",
                stacklevel=2,
            )

    def restore(self, folder: Path, taken: int) -> None:
        """Goes to where it was saved.

        Args:
            folder: of `save`.
            taken: how many batches had been taken.

        Raises:
            ValueError: if the checkpoint was made with different data.
        """
        if not (folder / "data.index").exists():
            self.iterator = self._begin(self.batches.skip(taken))
            return
        try:
            status = tf.train.Checkpoint(iterator=self.iterator).read(str(folder / "data"))
            status.assert_existing_objects_matched()
        except (tf.errors.OpError, AssertionError, ValueError) as error:
            raise ValueError(
                f"The checkpoint in {folder} was made with different data. Use the data that the "
                "run began with, made in the same way, or another directory."
            ) from error

    def _begin(self, batches: tf.data.Dataset) -> Any:
        return iter(self._strategy.experimental_distribute_dataset(batches))


# Callbacks of Keras have no `get_state`; these of their attributes change during training.
_REMEMBERED: dict[type, str] = {
    keras.callbacks.EarlyStopping: "wait stopped_epoch best best_epoch best_weights",
    keras.callbacks.ReduceLROnPlateau: "wait best cooldown_counter",
    keras.callbacks.ModelCheckpoint: "best _batches_seen_since_last_saving _last_batch_seen",
    keras.callbacks.SwapEMAWeights: "_ema_weights_in_model",
    keras.callbacks.TensorBoard: "_global_train_batch",
}


def callback_states(callbacks: Sequence[keras.callbacks.Callback]) -> list[dict[str, Any]]:
    """Returns what callbacks remember, for a checkpoint.

    A callback that has `get_state()` (a dict of numbers, strings, lists and arrays) and
    `set_state(state)` is asked. Keras' own `EarlyStopping`, `ReduceLROnPlateau`, `ModelCheckpoint`,
    `SwapEMAWeights` and `TensorBoard` are read by attribute. Any other callback starts anew after a
    restart.

    Args:
        callbacks: in their order.

    Example:
        >>> callback_states([keras.callbacks.ReduceLROnPlateau(), keras.callbacks.TerminateOnNaN()])
        [{'class': 'ReduceLROnPlateau', 'state': {'wait': 0, 'best': None, 'cooldown_counter': 0}}]
    """
    states = []
    for callback in callbacks:
        names = _attributes(callback)
        state: dict[str, Any] = {name: getattr(callback, name) for name in names}
        if hasattr(callback, "get_state"):
            state = callback.get_state()
        elif not names:
            continue
        states.append({"class": type(callback).__name__, "state": state})
    return states


def restore_callbacks(
    callbacks: Sequence[keras.callbacks.Callback], states: list[dict[str, Any]]
) -> None:
    """Gives callbacks what they remembered, by class and order; new callbacks start anew.

    Args:
        callbacks: those of this call of `fit`.
        states: from `callback_states`.
    """
    left = list(states)
    for callback in callbacks:
        saved = next((each for each in left if each["class"] == type(callback).__name__), None)
        if saved is None:
            continue
        left.remove(saved)
        if hasattr(callback, "set_state"):
            callback.set_state(saved["state"])
        else:
            for name in _attributes(callback):
                setattr(callback, name, saved["state"][name])
        if isinstance(callback, keras.callbacks.EarlyStopping) and callback.stopped_epoch:
            if callback.wait >= callback.patience:
                callback.model.stop_training = True
            else:  # it has been given more patience since
                callback.stopped_epoch = 0


def _attributes(callback: keras.callbacks.Callback) -> list[str]:
    names = (names for kind, names in _REMEMBERED.items() if isinstance(callback, kind))
    return next(names, "").split()
