"""The history of a run, a line of JSON for each epoch."""

from __future__ import annotations

import json
import math
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kseq2seq.disk import put_aside, whole_file


class Journal(keras.callbacks.History):
    """Keras' `History`, of all the processes of a run, kept in a file as well.

    Each line has the number of the epoch from 1 on, the step at its end, minutes until then, how
    many of them went by before a first step had ended, in `compiling`, and its logs. A number that
    is not finite is null.

    Args:
        path: the file.
        progress: tells the step and both kinds of minutes.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "history.jsonl")
        >>> journal = Journal(path, lambda: {"step": 500, "minutes": 1.5, "compiling": 0.5})
        >>> journal.set_model(keras.Sequential())
        >>> journal.rewind(0)
        >>> journal.on_epoch_end(0, {"loss": 2.5})
        >>> journal.write()
        >>> print(path.read_text())
        {"epoch": 1, "step": 500, "minutes": 1.5, "compiling": 0.5, "logs": {"loss": 2.5}}
    """

    def __init__(self, path: Path, progress: Callable[[], dict[str, Any]]):
        super().__init__()
        self.path = path
        self._progress = progress
        self._lines = _read(path)
        self._written = len(self._lines)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Notes the logs; `write` is what writes them."""
        super().on_epoch_end(epoch, logs)
        values = {name: _plain(value) for name, value in (logs or {}).items()}
        line = {"epoch": epoch + 1, **self._progress(), "logs": values}
        self._lines.append(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def rewind(self, epochs: int) -> None:
        """Forgets all but the first `epochs` epochs, in the file too."""
        pairs = [(line, json.loads(line)) for line in self._lines]
        kept = [line for line, told in pairs if told["epoch"] <= epochs]
        if kept != self._lines[: len(kept)]:  # someone put them in another order
            self._lines, self._written = kept, 0
        del self._lines[len(kept) :]
        self._written = min(self._written, len(kept))
        with open(self.path, "ab") as file:
            file.truncate(sum(map(len, self._lines[: self._written])))
        self.epoch: list[int] = []
        self.history.clear()
        for line in map(json.loads, kept):
            logs = {k: math.nan if v is None else v for k, v in line["logs"].items()}
            super().on_epoch_end(line["epoch"] - 1, logs)

    def write(self) -> None:
        """Appends what is not in the file yet.

        Raises:
            OSError: where it can't; the file ends with a whole line all the same.
        """
        data = b"".join(self._lines[self._written :])
        with open(self.path, "ab", buffering=0) as file:
            size = file.tell()
            try:
                while data:
                    data = data[file.write(data) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
        self._written = len(self._lines)


def _read(path: Path) -> list[bytes]:
    """The lines of a history; a last one that a kill cut short is none.

    Warns:
        UserWarning: of what can't be read, which is put aside whole.
    """
    if not os.path.lexists(path):
        return []
    try:
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else None
    except OSError:
        lines = None
    whole = [line for line in lines or () if line.endswith(b"\n")]
    kept = [line for line in whole if _tells_of_an_epoch(line)]
    if lines is None or len(kept) < len(whole):
        first = next((i for i, line in enumerate(whole, 1) if not _tells_of_an_epoch(line)), 0)
        what = f"line {first} is" if first else "it is"
        aside = put_aside(path)
        warnings.warn(
            f"{path} can't be read: {what} no history of an epoch. It is kept as {aside.name}, and "
            f"the history goes on with the {len(kept)} epochs that can be read.",
            stacklevel=3,
        )
        with whole_file(path) as scratch:
            scratch.write_bytes(b"".join(kept))
    return kept


def _tells_of_an_epoch(line: bytes) -> bool:
    try:
        told = json.loads(line)
        epoch, logs = told["epoch"], told["logs"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    numbers = isinstance(logs, dict) and all(
        isinstance(value, int | float | list | None) for value in logs.values()
    )
    return type(epoch) is int and epoch > 0 and numbers


def _plain(value: Any) -> Any:
    if isinstance(value, float | int):
        return value if math.isfinite(value) else None
    return np.asarray(value).tolist()


class Clock:
    """Tells the seconds before the first step has ended from those after it.

    Until then a model is traced and compiled and buffers of data are filled, which on a busy
    machine takes minutes; only what follows is training. A model that compiles each shape of a
    batch does so later, too, unless `compile_ahead` did it before.

    Args:
        now: tells the seconds; `time.monotonic` where None.

    Example:
        >>> ticks = iter([0.0, 40.0, 45.0])
        >>> clock = Clock(lambda: next(ticks))
        >>> clock.begin()
        >>> clock.step()
        >>> clock.compiling, clock.training
        (40.0, 5.0)
    """

    def __init__(self, now: Callable[[], float] | None = None):
        self.now = now or (lambda: time.monotonic())
        self._begun: float | None = None
        self._first: float | None = None

    def begin(self) -> None:
        """Starts with `fit`."""
        self._begun, self._first = self.now(), None

    def step(self) -> None:
        """Is called after each step."""
        if self._first is None:
            self._first = self.now()

    @property
    def compiling(self) -> float:
        """Seconds until the first step had ended; those until now, where it has not."""
        if self._begun is None:
            return 0.0
        return (self.now() if self._first is None else self._first) - self._begun

    @property
    def training(self) -> float:
        """Seconds since the first step had ended."""
        return 0.0 if self._first is None else self.now() - self._first

    @property
    def total(self) -> float:
        """Seconds of both."""
        return 0.0 if self._begun is None else self.now() - self._begun
