"""What callbacks remember from epoch to epoch, taken out of them and put back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

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
