"""The weights that training ends with: averaged or raw, whichever score higher."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras

from kseq2seq.training.averaging import assign, averages_of, warm_averages


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
