"""How far training is in steps and minutes: a line that shows it, and a limit that ends it."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import IO, Any

import keras
import numpy as np

_NAMES = {"val_bleu": "BLEU", "val_chrf": "chrF"}
_ONE_DECIMAL = (*_NAMES, "val_ter")
_SILENCE = 60.0  # seconds after which a log gets a line within an epoch


class Progress(keras.callbacks.Callback):
    """Shows steps and minutes of training, the time left, the loss and scores of validation.

    A line stays for each epoch. In a terminal the last line is rewritten during training; in a log
    there is at least one line a minute. The time left is until steps or minutes end training,
    whichever comes first, at the pace of the latter half of this process's training.

    `Run.fit` uses it in place of Keras' bar, which shows the time left in an epoch.

    Args:
        steps: how many there are in all; None if only `limit` ends training.
        limit: the `TimeLimit` among the callbacks, if there is one; it must come before this.
        rewrite: whether to rewrite the last line; if None, where `file` is a terminal.
        file: where to write; standard output if None.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.training import Progress
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x = y = np.zeros((8, 1))
        >>> _ = model.fit(x, y, batch_size=2, callbacks=[Progress(steps=4)], verbose=0)
        step 4 of 4  loss 0.000  0:00 left
    """

    def __init__(
        self,
        steps: int | None,
        limit: TimeLimit | None = None,
        rewrite: bool | None = None,
        file: IO[str] | None = None,
    ):
        super().__init__()
        self.steps = steps
        self.limit = limit if limit and math.isfinite(limit.minutes) else None
        self.at: Callable[[], int] | None = None  # returns the step; set by a `Run`
        self._file = file
        self._rewrite = rewrite
        self._step = 0
        self._shown = 0
        self._shown_at = 0.0
        self._scores: dict[str, float] = {}
        self._since = 0.0
        self._marks: deque[tuple[float, int, float]] = deque()  # when; steps and seconds used then

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts again."""
        self._step, self._shown, self._shown_at = 0, 0, time.monotonic()
        self._scores = {}
        self._marks.clear()
        if self._rewrite is None:
            self._rewrite = (self._file or sys.stdout).isatty()

    def get_state(self) -> dict[str, Any]:
        """Returns the step and the last scores, for a checkpoint of a `Run`."""
        return {"step": self._step, "scores": self._scores}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from there; the earlier pace says nothing about this process."""
        self._step, self._scores = state["step"], state["scores"]
        self._marks.clear()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Shows the line now and then."""
        self._step = self.at() if self.at else self._step + self.model.steps_per_execution
        now = time.monotonic()
        self._mark(now)
        if now - self._shown_at >= (1.0 if self._rewrite else _SILENCE):
            self._show(logs or {}, stays=not self._rewrite)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Leaves a line."""
        logs = dict(logs or {})
        values = {name: np.asarray(logs[name]) for name in logs if name.startswith("val_")}
        scores = {name: float(value) for name, value in values.items() if not value.ndim}
        self._scores = scores or self._scores  # not every epoch is scored
        self._mark(time.monotonic())
        self._show(logs, stays=True)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Leaves no line half written."""
        if self._shown:
            self._write("", stays=True)

    def _mark(self, now: float) -> None:
        """Notes the pace of the latter half; a hundred marks are enough."""
        marks = self._marks
        if not marks:
            self._since = now
        if not marks or now - marks[-1][0] >= (now - self._since) / 100:
            marks.append((now, self._step, self.limit.used if self.limit else 0.0))
        while len(marks) > 2 and marks[1][0] <= (self._since + now) / 2:
            marks.popleft()

    def _left(self) -> float | None:
        """Seconds until training ends; None if there is no pace yet."""
        if self.model.stop_training or (self.steps and self._step >= self.steps):
            return 0.0
        if not self._marks:
            return None
        (then, steps, used), now = self._marks[0], time.monotonic()
        ahead = []
        if self.steps and self._step > steps:
            ahead.append((self.steps - self._step) / (self._step - steps))
        if self.limit and self.limit.used > used:
            ahead.append((60 * self.limit.minutes - self.limit.used) / (self.limit.used - used))
        return max(0.0, min(ahead) * (now - then)) if ahead else None

    def _show(self, logs: dict, stays: bool) -> None:
        parts = [f"step {self._step:,}" + (f" of {self.steps:,}" if self.steps else "")]
        if self.limit:
            parts.append(f"{self.limit.used / 60:.1f} of {self.limit.minutes:g} min")
        shown = {"loss": logs["loss"]} if "loss" in logs else {}
        for name, value in {**shown, **self._scores}.items():
            digits = 1 if name in _ONE_DECIMAL else 3
            parts.append(f"{_NAMES.get(name, name)} {float(value):.{digits}f}")
        left = self._left()
        if left is not None:
            parts.append(f"{_clock(left)} left")
        self._write("  ".join(parts), stays)

    def _write(self, line: str, stays: bool) -> None:
        file = self._file or sys.stdout
        if self._rewrite and not stays:  # a line that wraps can't be rewritten
            line = line[: shutil.get_terminal_size().columns - 1]
        before = "\r" if self._rewrite and self._shown else ""
        file.write(f"{before}{line:<{self._shown}}" + "\n" * stays)
        file.flush()
        self._shown = 0 if stays else len(line)
        self._shown_at = time.monotonic()


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class TimeLimit(keras.callbacks.Callback):
    """Ends training after some minutes, between two batches.

    The minutes begin when the first step has ended: tracing and compiling before it don't count
    (see `compile_ahead` for models that compile each shape of a batch); validation and other
    callbacks do. In a `Run`, training before the checkpoint from which it resumes counts, too.

    Args:
        minutes: how long, above 0.
        clock: returns seconds. `time.process_time` counts the seconds that processors spent on
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
        self.begin = math.inf  # of uninterrupted training
        self._before = 0.0

    @property
    def used(self) -> float:
        """Seconds of training until now."""
        return self._before if math.isinf(self.begin) else self.clock() - self.begin

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Waits for the first step."""
        self.begin, self._before = math.inf, 0.0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Ends training if the time is over."""
        if math.isinf(self.begin):
            self.begin = self.clock() - self._before
        self._end_if_over()

    def get_state(self) -> dict:
        """Returns the seconds used, for a checkpoint of a `Run`."""
        return {"seconds": self.used}

    def set_state(self, state: dict) -> None:
        """Counts the seconds used before; stops immediately if none remain."""
        self._before = max(self._before, state["seconds"])
        if not math.isinf(self.begin):  # a roll-back takes time, too
            self.begin = min(self.begin, self.clock() - state["seconds"])
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self.used >= 60 * self.minutes:
            self.model.stop_training = True
