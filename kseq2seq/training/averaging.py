"""The average of the weights over training, where the optimizer keeps one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
    optimizer = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not getattr(optimizer, "use_ema", False) or not optimizer.built:
        yield
        return
    pairs = zip(model.trainable_variables, optimizer._model_variables_moving_average, strict=True)
    pairs = [(variable, average, variable.numpy()) for variable, average in pairs]
    for variable, average, _ in pairs:
        variable.assign(average)
    try:
        yield
    finally:
        for variable, _, before in pairs:
            variable.assign(before)
