"""The history of a run, a line of JSON for each epoch."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np


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
        self._lines: list[bytes] = []
        if path.exists():  # a last line that a kill cut short is none
            lines = path.read_bytes().splitlines(keepends=True)
            self._lines = [line for line in lines if line.endswith(b"\n")]
        self._written = len(self._lines)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Notes the logs; `write` is what writes them."""
        super().on_epoch_end(epoch, logs)
        values = {name: _plain(value) for name, value in (logs or {}).items()}
        line = {"epoch": epoch + 1, **self._progress(), "logs": values}
        self._lines.append(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def rewind(self, epochs: int) -> None:
        """Forgets all but the first `epochs` epochs, in the file too."""
        lines = [json.loads(line) for line in self._lines]
        lines = [line for line in lines if line["epoch"] <= epochs]
        del self._lines[len(lines) :]
        self._written = min(self._written, len(lines))
        with open(self.path, "ab") as file:
            file.truncate(sum(map(len, self._lines[: self._written])))
        self.epoch: list[int] = []
        self.history.clear()
        for line in lines:
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


def _plain(value: Any) -> Any:
    if isinstance(value, float | int):
        return value if math.isfinite(value) else None
    return np.asarray(value).tolist()
