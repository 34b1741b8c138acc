"""What happens beside training: scores of generated text, and a limit on its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import keras

from kseq2seq.metrics import TextMetric, bleu, chrf
from kseq2seq.training.averaging import averaged_weights


class GenerationScore(keras.callbacks.Callback):
    """Scores generated texts after an epoch and adds the scores to its logs.

    Where the optimizer averages the weights (`use_ema=True`), the averaged ones generate.

    Put it before `EarlyStopping(monitor="val_chrf", mode="max")` or `ModelCheckpoint`, which then
    find its scores there. They keep the weights as they are: to keep the averaged ones, put
    `keras.callbacks.SwapEMAWeights(swap_on_epoch=True)` before all three.

    Args:
        generate: maps a list of source texts to a list of target texts with the model as it is;
            a `Pipeline`'s `texts` method does.
        sources: N source texts.
        references: N target texts.
        metrics: names, without "val_", and functions (hypotheses, references) -> float.
        every: score each `every`-th epoch; between, the last scores stand.

    Raises:
        ValueError: if sources and references differ in number, or `every` is less than 1.

    Example:
        >>> from kseq2seq.training import GenerationScore
        >>> callback = GenerationScore(lambda texts: [t.upper() for t in texts], ["a"], ["A"])
        >>> logs = {}
        >>> callback.on_epoch_end(0, logs)
        >>> round(logs["val_chrf"])
        100
    """

    def __init__(
        self,
        generate: Callable[[list[str]], Sequence[str]],
        sources: Sequence[str],
        references: Sequence[str],
        metrics: Mapping[str, TextMetric] | None = None,
        every: int = 1,
    ):
        super().__init__()
        if len(sources) != len(references) or not len(sources):
            raise ValueError(
                f"There must be one reference for each source, and at least one; got "
                f"{len(sources)} sources and {len(references)} references."
            )
        if every < 1:
            raise ValueError(f"`every` must be at least 1; got {every!r}.")
        self.generate = generate
        self.sources = list(sources)
        self.references = list(references)
        self.metrics = dict(metrics or {"bleu": bleu, "chrf": chrf})
        self.every = every
        self.scores: dict[str, float] = {}

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Scores, and adds `val_<name>` to the logs."""
        if epoch % self.every == 0 or not self.scores:
            with averaged_weights(self.model):
                texts = list(self.generate(self.sources))
            self.scores = {
                f"val_{name}": metric(texts, self.references)
                for name, metric in self.metrics.items()
            }
        if logs is not None:
            logs.update(self.scores)


class TimeLimit(keras.callbacks.Callback):
    """Ends training after some minutes, between two batches.

    The clock starts with `fit` and counts compiling and whatever other callbacks do.

    Args:
        minutes: how long, above 0.
        clock: what tells the seconds. `time.process_time` counts those that processors spent on
            this process, a fair measure on a busy machine.

    Raises:
        ValueError: if `minutes` is not above 0.

    Example:
        >>> from kseq2seq.training import TimeLimit
        >>> TimeLimit(minutes=20).minutes
        20
    """

    def __init__(self, minutes: float, clock: Callable[[], float] = time.monotonic):
        super().__init__()
        if not minutes > 0:
            raise ValueError(f"`minutes` must be above 0; got {minutes!r}.")
        self.minutes = minutes
        self.clock = clock

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts the clock."""
        self.end = self.clock() + 60 * self.minutes

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks at the clock."""
        if self.clock() >= self.end:
            self.model.stop_training = True
