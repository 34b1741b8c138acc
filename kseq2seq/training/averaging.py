"""The average of the weights over training, where the optimizer keeps one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Inside, a model compiled with `use_ema=True` has its averaged weights; else nothing changes.

    Averaged weights generate better text than the last ones. At the end of `fit` Keras itself
    leaves them in the model; this is for looking at them before.

    Args:
        model: a compiled model.

    Example:
        >>> import keras
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import averaged_weights
        >>> model = build_model("gru", source=9, target=9, hidden_dim=4)
        >>> model.compile(keras.optimizers.Adam(use_ema=True))
        >>> with averaged_weights(model):
        ...     pass

    Source:
        Polyak and Juditsky 1992; Vaswani et al. 2017, section 6.1, average checkpoints instead.
    """
    optimizer: Any = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not getattr(optimizer, "use_ema", False) or not int(optimizer.iterations):
        yield
        return
    averages = optimizer._model_variables_moving_average
    pairs = zip(optimizer._trainable_variables, averages, strict=True)
    kept = [(variable, variable.numpy()) for variable, average in pairs if average is not None]
    try:
        _assign(kept, [average for average in averages if average is not None])
        yield
    finally:
        _assign(kept, [before for _, before in kept])


def _assign(kept: list[tuple[Any, Any]], values: list[Any]) -> None:
    for (variable, _), value in zip(kept, values, strict=True):
        variable.assign(value)
