"""What happens beside training: scores of generated text, and a limit on its time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

import keras

from kseq2seq.checks import check_whole, raw_texts
from kseq2seq.metrics import Scores, TextMetric
from kseq2seq.metrics.references import Reference, checked_references
from kseq2seq.metrics.text import chosen, scored
from kseq2seq.training.averaging import averaged_weights, warm_averages


class GenerationScore(keras.callbacks.Callback):
    """Scores generated texts after an epoch and adds the scores to its logs.

    Where the optimizer averages the weights (`use_ema=True`), the averaged ones generate, and the
    average starts warm; see `warm_averages`.

    Put it before `EarlyStopping(monitor="val_chrf", mode="max")` or `ModelCheckpoint`, which then
    find its scores there. They keep the weights as they are: to keep the averaged ones, put
    `keras.callbacks.SwapEMAWeights(swap_on_epoch=True)` between it and them.

    The logs of an epoch that is not scored have no scores, so that the patience of `EarlyStopping`
    counts scorings. `ModelCheckpoint(save_best_only=True)` warns and saves in such an epoch: use
    it with `every=1`.

    Args:
        generate: maps a list of source texts to a list of target texts with the model as it is;
            a `Pipeline`'s `texts` method does.
        sources: N source texts.
        references: N target texts, or N lists of some.
        metrics: names, without "val_", and functions (hypotheses, references) -> float; BLEU and
            chrF if None.
        every: score each `every`-th epoch, the first included.

    Attributes:
        scores: the last ones by their names in the logs. Printing them shows how they were
            computed; BLEU's tokenizer is chosen by the scripts of the references, so it is the same
            in each epoch.

    Raises:
        TypeError: if something else than texts is given.
        ValueError: if sources and references differ in number, or `every` is less than 1.

    Example:
        >>> from kseq2seq.training import GenerationScore
        >>> callback = GenerationScore(lambda texts: [t.upper() for t in texts], ["a"], ["A"])
        >>> model = keras.Sequential()  # `fit` does what follows
        >>> model.compile()
        >>> callback.set_model(model)
        >>> logs = {}
        >>> callback.on_epoch_end(0, logs)
        >>> round(logs["val_chrf"])
        100
    """

    def __init__(
        self,
        generate: Callable[[list[str]], Sequence[str]],
        sources: Sequence[str],
        references: Sequence[Reference],
        metrics: Mapping[str, TextMetric] | None = None,
        every: int = 1,
    ):
        super().__init__()
        self.sources, self.references = checked_pairs(sources, references, every)
        self.generate = generate
        self.metrics = chosen(metrics)
        self.every = every
        self.scores: dict[str, float] = {}

    def set_model(self, model: keras.Model) -> None:
        """Is called by `fit`."""
        super().set_model(model)
        warm_averages(model)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Scores, and adds `val_<name>` to the logs."""
        if epoch % self.every:
            return
        with averaged_weights(self.model):
            found = self.measure()
        self.scores = Scores({f"val_{name}": score for name, score in found.items()})
        if logs is not None:
            logs.update(self.scores)

    def measure(self) -> Scores:
        """Returns the score of each metric, with the model's weights as they are now."""
        return scored(self.metrics, list(self.generate(self.sources)), self.references)

    def get_state(self) -> dict:
        """Returns the last scores, for a checkpoint of a `Run`."""
        return {"scores": self.scores}

    def set_state(self, state: dict) -> None:
        """Takes back the last scores."""
        self.scores = state["scores"]


def checked_pairs(
    sources: Sequence[str], references: Sequence[Reference], every: int
) -> tuple[list[str], list]:
    """Returns sources and references; refuses those that are no pairs, and epochs that never come.

    Raises:
        TypeError: if something else than texts is given.
        ValueError: if they differ in number, or `every` is less than 1.
    """
    check_whole("every", every)
    texts, wanted = raw_texts(sources, "sources"), checked_references(references)
    if len(texts) != len(wanted) or not texts:
        raise ValueError(
            f"There must be one reference for each source, or one list of some, and at least one "
            f"source; got {len(texts)} sources and {len(wanted)} references."
        )
    return texts, wanted


class TimeLimit(keras.callbacks.Callback):
    """Ends training after some minutes of it, between two batches.

    They begin when the first step has ended: tracing and compiling, which come before, don't count
    (see `compile_ahead` for models that compile each shape of a batch); validation and whatever
    other callbacks do counts. In a `Run` the training until the checkpoint that it continues from
    counts too.

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
        self.begin = math.inf  # when training would have begun, had it not been interrupted
        self._before = 0.0

    @property
    def used(self) -> float:
        """Seconds of training until now."""
        return self._before if math.isinf(self.begin) else self.clock() - self.begin

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Waits for the first step."""
        self.begin, self._before = math.inf, 0.0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks at the clock."""
        if math.isinf(self.begin):
            self.begin = self.clock() - self._before
        self._end_if_over()

    def get_state(self) -> dict:
        """Returns the seconds used up, for a checkpoint of a `Run`."""
        return {"seconds": self.used}

    def set_state(self, state: dict) -> None:
        """Counts seconds that were used up before; stops immediately if none remain."""
        self._before = max(self._before, state["seconds"])
        if not math.isinf(self.begin):  # a roll-back takes time, too
            self.begin = min(self.begin, self.clock() - state["seconds"])
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self.used >= 60 * self.minutes:
            self.model.stop_training = True
