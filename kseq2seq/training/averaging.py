"""Averages of weights: of an optimizer over training, and of checkpoints."""

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
    r"""Makes averages of weights (`use_ema=True`) good in short runs, too.

    Keras starts from the weights after the first step, and its average still holds :math:`m^{t}` of
    them after t more steps: with a momentum m of 0.998, 36 % after 505 steps, and such a model
    generates noise. A warm average forgets its beginning:

    .. math:: A_t = k_t A_{t-1} + (1 - k_t) w_t, \quad k_t = \min(m, (1 + t) / (10 + t)),
              \quad k_0 = 0

    Here t counts earlier updates of the optimizer, so a resumed run continues exactly; with
    `gradient_accumulation_steps`, batches that only add to the gradients change no average.
    Everything else stays as in Keras: where averages are stored, `ema_overwrite_frequency`,
    `SwapEMAWeights`, the saved file. After loading a saved model, call this again.

    `Run.fit`, `GenerationScore`, `Samples` and `BetterWeights` call this. A second call changes
    nothing, and neither does one for a model whose optimizer keeps no averages.

    Args:
        model: compiled, with any optimizer of Keras or derived from one, also inside a
            `LossScaleOptimizer` or `MultiOptimizer`.

    Warns:
        UserWarning: if weights are float16 or bfloat16, in which an average can't move: it is then
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
        model.train_function = None  # if it was traced it has Keras' own update
        if any(_is_short(variable) for variable in model.trainable_variables):
            warnings.warn(
                f"Weights of {model.name!r} are {model.dtype_policy.name}, in which an average "
                "can't move by small steps: it will be the last weights. Build the model in "
                "float32, mixed_float16 or mixed_bfloat16.",
                stacklevel=2,
            )


def _averaging(optimizer: Any) -> list[Any]:
    """The optimizers in an optimizer, itself included, that keep averages."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    parts = getattr(optimizer, "optimizers", None)  # of a MultiOptimizer
    if parts is not None:
        return [each for part in parts for each in _averaging(part)]
    return [optimizer] if getattr(optimizer, "use_ema", False) else []


def _update(optimizer: Any, variables: list[Any]) -> None:
    """Replaces an optimizer's own update of averages, under the same name."""
    # 1. t, the updates before this batch; whether this batch makes one.
    per_update = optimizer.gradient_accumulation_steps or 1
    batches = optimizer._iterations.value
    updates = ops.cast(ops.floor_divide(batches, per_update), "float32")
    updated = ops.equal(ops.mod(batches + 1, per_update), 0)
    # 2. k_t; 1 for a batch without an update, which leaves the average as it is.
    warm = ops.minimum(optimizer.ema_momentum, (1.0 + updates) / (10.0 + updates))
    momentum = ops.where(ops.equal(updates, 0.0), 0.0, ops.where(updated, warm, 1.0))
    # 3. The averages.
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
    """Inside, a model compiled with `use_ema=True` has its averaged weights.

    Averaged weights generate better text than the last ones. At the end of `fit` Keras itself
    leaves them in the model; this is for a look before. Without `use_ema` nothing changes.

    Args:
        model: the compiled model; the view, if you train a view.

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
    raw = [(variable, variable.numpy()) for variable, _ in pairs]
    try:
        assign((variable, average) for variable, average in pairs)
        yield
    finally:
        assign(raw)


def averages_of(model: keras.Model) -> list[tuple[Any, Any]]:
    """Returns each averaged weight with its average; nothing before the first step.

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
    """Returns the mean of the weights of several checkpoints, holding one at a time.

    Sums are float64; means have the dtypes of the first checkpoint. Whole numbers, for example
    counters, are those of the last checkpoint.

    Args:
        checkpoints: lists of arrays like `model.get_weights()`, all of one shape; from a generator
            that loads them one by one, never two are in memory.

    Returns:
        One array for each weight, for `model.set_weights`.

    Raises:
        ValueError: if there is no checkpoint, or two differ in their shapes.

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
    first, other = [w.shape for w in sums], [w.shape for w in weights]
    if first != other:
        pairs = enumerate(zip(first, other, strict=False))
        index = next((i for i, (a, b) in pairs if a != b), min(len(first), len(other)))
        raise ValueError(
            f"Checkpoints must be of one model, but the first has {len(first)} weights and number "
            f"{count} has {len(other)}; the first difference is at index {index}: "
            f"{first[index : index + 1]} and {other[index : index + 1]}."
        )


class BetterWeights(keras.callbacks.Callback):
    """Ends training with the averaged or the raw weights, whichever score higher.

    If the optimizer averages the weights (`use_ema=True`), Keras leaves the averages in the model
    at the end of `fit`, good or bad. This callback scores both then and leaves the better ones, or
    the averaged ones if their scores are equal. In a `Run`, which may continue, checkpoints hold
    both. The average starts warm; see `warm_averages`.

    Put it before `EarlyStopping(restore_best_weights=True)`, whose choice then stays.

    Args:
        score: returns a score of the model with its current weights; higher is better.

    Attributes:
        chosen: "averaged" or "raw" after training; None if there are no averages.
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
        """Copies the raw weights, which Keras overwrites after the last epoch."""
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
        """Returns nothing: a checkpoint of a `Run` has all weights."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Copies the raw weights of a checkpoint, which may be the last."""
        self.on_epoch_end(0)

    def _rank(self, name: str) -> float:
        return -math.inf if math.isnan(self.scores[name]) else self.scores[name]
