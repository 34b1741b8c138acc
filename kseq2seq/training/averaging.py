"""Averages of weights: over training, where the optimizer keeps one, and of checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


@contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Inside, a model compiled with `use_ema=True` has its averaged weights; else nothing changes.

    Averaged weights generate better text than the last ones. At the end of `fit` Keras itself
    leaves them in the model; this is for looking at them before.

    Args:
        model: what was compiled: the view, where a view of a model is fitted.

    Raises:
        ValueError: if the model is not compiled.

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
    if optimizer is None:
        raise ValueError(
            f"{model.name!r} is not compiled, so no optimizer has averages of its weights. Give "
            f"the model that is fitted: where that is a view, such as `packed` makes, the view."
        )
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not getattr(optimizer, "use_ema", False) or not np.asarray(optimizer.iterations):
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


def average_weights(checkpoints: Iterable[Sequence[Any]]) -> list[np.ndarray]:
    """Returns the mean of several checkpoints' weights, of which it holds one at a time.

    The sums are of float64; means come in the dtypes of the first checkpoint. What is no float,
    such as a counter, is the last checkpoint's.

    Args:
        checkpoints: lists of arrays, such as `model.get_weights()`, all of one shape; a generator
            that loads each as it is asked for never has two in memory.

    Returns:
        One array for each weight, for `model.set_weights`.

    Raises:
        ValueError: if there is no checkpoint or two differ in their weights.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.training import average_weights
        >>> average_weights([np.array([1.0, 2.0])] for _ in range(3))[0].tolist()
        [1.0, 2.0]

    Source:
        Vaswani et al. 2017, section 6.1, averages the last 5 or 20 checkpoints.
    """
    sums: list[np.ndarray] = []
    dtypes: list[np.dtype] = []
    count = 0
    for count, checkpoint in enumerate(checkpoints, start=1):
        weights = [np.asarray(weight) for weight in checkpoint]
        if count == 1:
            dtypes = [weight.dtype for weight in weights]
            sums = [np.zeros(w.shape, w.dtype if _whole(w.dtype) else "float64") for w in weights]
        _check_alike(sums, weights, count)
        for total, weight in zip(sums, weights, strict=True):
            np.copyto(total, weight) if _whole(total.dtype) else np.add(total, weight, out=total)
    if not count:
        raise ValueError("There are no checkpoints to average.")
    return [
        total if _whole(dtype) else (total / count).astype(dtype)
        for total, dtype in zip(sums, dtypes, strict=True)
    ]


def _whole(dtype: np.dtype) -> bool:
    return dtype.kind in "iub"  # bfloat16, too, is another kind


def _check_alike(sums: list[np.ndarray], weights: list[np.ndarray], count: int) -> None:
    shapes, given = [w.shape for w in sums], [w.shape for w in weights]
    if shapes != given:
        pairs = enumerate(zip(shapes, given, strict=False))
        index = next((i for i, (a, b) in pairs if a != b), min(len(shapes), len(given)))
        raise ValueError(
            f"Checkpoints must be of one model, but the first has {len(shapes)} weights and number "
            f"{count} has {len(given)}; the first difference is at index {index}: "
            f"{shapes[index : index + 1]} and {given[index : index + 1]}."
        )


def _assign(kept: list[tuple[Any, Any]], values: list[Any]) -> None:
    for (variable, _), value in zip(kept, values, strict=True):
        variable.assign(np.asarray(value))
