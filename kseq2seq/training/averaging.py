"""Averages of weights: over training, where the optimizer keeps one, and of checkpoints."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import MethodType
from typing import Any

import keras
import numpy as np
from keras import ops

_UPDATE = "_update_model_variables_moving_average"  # Keras' own name of it


def warm_averages(model: keras.Model) -> None:
    r"""Makes averages of weights (`use_ema=True`) good in short runs too.

    Keras begins with the weights after the first step, of which its average still holds
    :math:`m^{t}` after t more: with a momentum m of 0.998, 36 % after 505 steps, and such a model
    generates noise. A warm average forgets its beginning:

    .. math:: A_t = k_t A_{t-1} + (1 - k_t) w_t, \quad k_t = \min(m, (1 + t) / (10 + t)),
              \quad k_0 = 0

    Here t counts what the optimizer has done before, so a resumed run continues exactly; with
    `gradient_accumulation_steps`, batches that only add to the gradients change no average. All
    else stays Keras': where averages are kept, `ema_overwrite_frequency`, `SwapEMAWeights`, what is
    saved. A saved model is warm again when this is called after loading it.

    `Run.fit`, `GenerationScore`, `Samples` and `BetterWeights` call this. A second call changes
    nothing, and neither does one for a model whose optimizer keeps no averages.

    Args:
        model: compiled, with any optimizer of Keras or derived from one, also inside a
            `LossScaleOptimizer` or `MultiOptimizer`.

    Warns:
        UserWarning: if weights are of float16 or bfloat16, where an average can't move: it is then
            the weights themselves.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import warm_averages
        >>> model = build_model("gru", source=9, target=9, hidden_dim=4)
        >>> model.compile(keras.optimizers.Adam(use_ema=True, ema_momentum=0.998))
        >>> warm_averages(model)

    Source:
        The warm-up is that of `tf.train.ExponentialMovingAverage` with `num_updates`.
    """
    for optimizer in _averaging(getattr(model, "optimizer", None)):
        if _UPDATE in vars(optimizer):
            continue
        setattr(optimizer, _UPDATE, MethodType(_update, optimizer))
        model.train_function = None  # one that was traced has Keras' own update
        if any(_is_short(variable) for variable in model.trainable_variables):
            warnings.warn(
                f"Weights of {model.name!r} are of {model.dtype_policy.name}, in which an average "
                "can't move by small steps: it will be the last weights. Build the model in "
                "float32, mixed_float16 or mixed_bfloat16.",
                stacklevel=2,
            )


def _averaging(optimizer: Any) -> list[Any]:
    """The optimizers in an optimizer, itself included, that keep averages."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    parts = getattr(optimizer, "optimizers", None)  # of a MultiOptimizer
    if parts is not None:
        return [found for part in parts for found in _averaging(part)]
    return [optimizer] if getattr(optimizer, "use_ema", False) else []


def _update(optimizer: Any, variables: list[Any]) -> None:
    """Stands in an optimizer for Keras' own update of averages, under the same name."""
    gathered = optimizer.gradient_accumulation_steps or 1
    batches = optimizer._iterations.value
    before = ops.cast(ops.floor_divide(batches, gathered), "float32")
    stepped = ops.equal(ops.mod(batches + 1, gathered), 0)
    warm = ops.minimum(optimizer.ema_momentum, (1.0 + before) / (10.0 + before))
    momentum = ops.where(ops.equal(before, 0.0), 0.0, ops.where(stepped, warm, 1.0))
    pairs = zip(variables, optimizer._model_variables_moving_average, strict=True)
    for variable, average in pairs:
        if average is None:
            continue
        share = ops.cast(0.0 if _is_short(variable) else momentum, variable.dtype)
        average.assign(share * average + (1 - share) * variable)


def _is_short(variable: Any) -> bool:
    return keras.backend.standardize_dtype(variable.dtype) in ("float16", "bfloat16")


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
    if getattr(model, "optimizer", None) is None:
        raise ValueError(
            f"{model.name!r} is not compiled, so no optimizer has averages of its weights. Pass "
            f"the compiled model. If you trained a view (for example from `packed`), pass the view."
        )
    pairs = averages_of(model)
    kept = [(variable, variable.numpy()) for variable, _ in pairs]
    try:
        assign((variable, average) for variable, average in pairs)
        yield
    finally:
        assign(kept)


def averages_of(model: keras.Model) -> list[tuple[Any, Any]]:
    """Returns each weight that is averaged and its average; nothing before the first step.

    Args:
        model: a compiled model.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(use_ema=True))
        >>> averages_of(model)
        []
    """
    return [
        (variable, average)
        for optimizer in _averaging(model.optimizer)
        if optimizer.built and np.asarray(optimizer.iterations)
        for variable, average in zip(
            optimizer._trainable_variables,
            optimizer._model_variables_moving_average,
            strict=True,
        )
        if average is not None
    ]


def assign(pairs: Iterable[tuple[Any, Any]]) -> None:
    """Gives each variable its value.

    Args:
        pairs: variables and values.

    Example:
        >>> variable = keras.Variable(1.0)
        >>> assign([(variable, 2.0)])
        >>> float(variable)
        2.0
    """
    for variable, value in pairs:
        variable.assign(np.asarray(value))


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


class BetterWeights(keras.callbacks.Callback):
    """Ends training with the averaged or the raw weights, whichever score higher.

    Where the optimizer averages the weights (`use_ema=True`), Keras leaves the averages in the
    model at the end of `fit`, good or bad. This scores both then, and leaves the better ones; of
    equal ones, the averaged. In a `Run`, which may train on, checkpoints hold both. The average
    starts warm; see `warm_averages`.

    Put it before `EarlyStopping(restore_best_weights=True)`, whose choice then stays.

    Args:
        score: scores the model with the weights that it has, higher for better.

    Attributes:
        chosen: "averaged" or "raw" after training; None where there is nothing to choose from.
        scores: of both, by these names.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.training import BetterWeights
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
        >>> x = y = np.ones((8, 1))
        >>> better = BetterWeights(lambda: -model.evaluate(x, y, verbose=0))
        >>> _ = model.fit(x, y, epochs=3, callbacks=[better], verbose=0)
        >>> better.chosen
        'raw'
    """

    def __init__(self, score: Callable[[], float]):
        super().__init__()
        self.score = score
        self.chosen: str | None = None
        self.scores: dict[str, float] = {}
        self._raw: list[Any] = []

    def set_model(self, model: keras.Model) -> None:
        """Is called by `fit`."""
        super().set_model(model)
        warm_averages(model)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Forgets the choice of an earlier `fit`."""
        self.chosen, self.scores, self._raw = None, {}, []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keeps the raw weights, which Keras overwrites after the last epoch."""
        self._raw = [(variable, variable.numpy()) for variable, _ in averages_of(self.model)]

    def on_train_end(self, logs: dict | None = None) -> None:
        """Scores both and leaves the better weights in the model."""
        if not self._raw:
            return
        averaged = [(variable, variable.numpy()) for variable, _ in self._raw]
        self.scores["averaged"] = float(self.score())
        assign(self._raw)
        self.scores["raw"] = float(self.score())
        self.chosen = max(self.scores, key=self._rank)
        if self.chosen == "averaged":
            assign(averaged)
        self._raw = []

    def get_state(self) -> dict[str, Any]:
        """Returns nothing to keep: a checkpoint of a `Run` has all weights."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Keeps the raw weights of a checkpoint, which may be the last."""
        self.on_epoch_end(0)

    def _rank(self, name: str) -> float:
        return -math.inf if math.isnan(self.scores[name]) else self.scores[name]
