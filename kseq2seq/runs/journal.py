"""The history of a run, a line of JSON for each epoch, and the clock of its minutes."""

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
    """Keras' `History`, of all processes of a run, kept in a file as well.

    Each line has the number of the epoch from 1 on, the step at its end, the minutes until then,
    how many of them passed before a first step had ended, as "compiling", and its logs. A number
    that is not finite is null.

    Args:
        path: the file.
        progress: returns the step and both kinds of minutes.

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
        """Notes the logs; `write` puts them in the file."""
        super().on_epoch_end(epoch, logs)
        values = {name: _json_value(value) for name, value in (logs or {}).items()}
        line = {"epoch": epoch + 1, **self._progress(), "logs": values}
        self._lines.append(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def rewind(self, epochs: int) -> None:
        """Forgets all but the first `epochs` epochs, in the file too."""
        lines = [line for line in self._lines if json.loads(line)["epoch"] <= epochs]
        if lines != self._lines[: len(lines)]:  # someone put them in another order
            self._written = 0
        self._lines = lines
        self._written = min(self._written, len(lines))
        with open(self.path, "ab") as file:
            file.truncate(sum(map(len, lines[: self._written])))
        self.epoch: list[int] = []
        self.history.clear()
        for record in map(json.loads, lines):
            logs = {k: math.nan if v is None else v for k, v in record["logs"].items()}
            super().on_epoch_end(record["epoch"] - 1, logs)

    def write(self) -> None:
        """Appends the lines that are not in the file yet.

        Raises:
            OSError: if it can't; the file still ends with a whole line.
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
    """The lines of a history; a last one that a kill cut short does not count.

    Warns:
        UserWarning: if some can't be read; the file is then put aside whole.
    """
    if not os.path.lexists(path):
        return []
    try:
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else None
    except OSError:
        lines = None
    complete = [line for line in lines or () if line.endswith(b"\n")]
    readable = [line for line in complete if _is_an_epoch(line)]
    if lines is None or len(readable) < len(complete):
        first = next((i for i, line in enumerate(complete, 1) if not _is_an_epoch(line)), 0)
        what = f"line {first} is" if first else "it is"
        aside = put_aside(path)
        warnings.warn(
            f"{path} can't be read: {what} not the history of an epoch. It is kept as "
            f"{aside.name}; the history continues with the {len(readable)} epochs that can be "
            "read.",
            stacklevel=3,
        )
        with whole_file(path) as scratch:
            scratch.write_bytes(b"".join(readable))
    return readable


def _is_an_epoch(line: bytes) -> bool:
    try:
        record = json.loads(line)
        epoch, logs = record["epoch"], record["logs"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    numbers = isinstance(logs, dict) and all(
        isinstance(value, int | float | list | None) for value in logs.values()
    )
    return type(epoch) is int and epoch > 0 and numbers


def _json_value(value: Any) -> Any:
    if isinstance(value, float | int):
        return value if math.isfinite(value) else None
    return np.asarray(value).tolist()


class Clock:
    """Counts the seconds of a run from now on, and those before a first step has ended.

    Until a first step has ended a model is traced and compiled and buffers of data are filled,
    which on a busy machine takes minutes; only what follows is training. A model that compiles each
    shape of a batch does so later, too, unless `compile_ahead` did it before.

    Attributes:
        seconds_before: of the run, until this `fit`.
        compiling_before: of these, before first steps had ended.

    Example:
        >>> clock = Clock()
        >>> clock.step()
        >>> 0 <= clock.compiling <= clock.seconds < 60
        True
    """

    def __init__(self) -> None:
        self.seconds_before = self.compiling_before = 0.0
        self._began = time.monotonic()
        self._first_step: float | None = None

    def step(self) -> None:
        """Is called after each step."""
        if self._first_step is None:
            self._first_step = time.monotonic()

    def catch_up(self, seconds: float, compiling: float = 0.0) -> None:
        """Counts at least the seconds of a checkpoint; a roll-back does not turn time back."""
        self.seconds_before += max(0.0, seconds - self.seconds)
        self.compiling_before += max(0.0, compiling - self.compiling)

    @property
    def compiling(self) -> float:
        """Seconds before first steps had ended; until now, if this one has not."""
        first = time.monotonic() if self._first_step is None else self._first_step
        return self.compiling_before + first - self._began

    @property
    def seconds(self) -> float:
        """All seconds until now."""
        return self.seconds_before + time.monotonic() - self._began

    def minutes(self) -> dict[str, float]:
        """Returns both in minutes, rounded, by their names in records."""
        seconds = {"minutes": self.seconds, "compiling": self.compiling}
        return {name: round(value / 60, 3) for name, value in seconds.items()}
