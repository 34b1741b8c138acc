"""When a run is saved, whether its state is on disk, and what happens if the disk is full."""

from __future__ import annotations

import errno
import os
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from kseq2seq.runs.checkpoints import Checkpoints

# No room on the disk, in a quota, or below a limit on the size of files.
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Reached(NamedTuple):
    """How far training is.

    Attributes:
        step: how many batches have been trained on.
        epoch: how many epochs have ended, with everything that belongs to their end.
        taken: how many batches have been taken from the data; after a roll-back more than `step`.
    """

    step: int = 0
    epoch: int = 0
    taken: int = 0


@dataclass
class Saving:
    """Says when the next checkpoint is due and whether the current state is on disk.

    Args:
        directory: of the run.
        keep: see `Run`, also for the other settings.
        every_steps: see `Run`.
        every_minutes: see `Run`.
        on_full_disk: see `Run`.
        first_step: whether a checkpoint is due after the first step.

    Attributes:
        checkpoints: those in the directory.
        error: why the last checkpoint was not written; None if it was.

    Example:
        >>> import tempfile
        >>> saving = Saving(Path(tempfile.mkdtemp()), 3, every_steps=10)
        >>> saving.due(9), saving.due(10)
        (False, True)
    """

    directory: Path
    keep: int
    every_steps: int | None = None
    every_minutes: float | None = None
    on_full_disk: str = "go_on"
    first_step: bool = False
    error: Exception | None = None
    _on_disk: Reached | None = None

    def __post_init__(self) -> None:
        self.checkpoints = Checkpoints(self.directory / "checkpoints", self.keep)
        self.attempt(0)

    def due(self, step: int) -> bool:
        """Whether a checkpoint is due after a step."""
        steps, minutes = self.every_steps, self.every_minutes
        return (
            (steps is not None and step // steps > self._last_step // steps)
            or (self.first_step and not self._last_step)
            or (minutes is not None and time.monotonic() - self._last_time >= 60 * minutes)
        )

    def attempt(self, step: int) -> None:
        """Notes that a checkpoint is about to be written, or was read."""
        self._last_step, self._last_time = step, time.monotonic()

    def done(self, reached: Reached) -> None:
        """Notes that a state is on disk."""
        self._on_disk, self.error = reached, None

    def on_disk(self, reached: Reached) -> bool:
        """Whether the newest checkpoint holds this state; before the first batch nothing is new."""
        return not reached.taken or reached == self._on_disk

    def lost(self, reached: Reached) -> bool:
        """Whether the disk had no room for this state."""
        return self.error is not None and self._on_disk != reached

    @contextmanager
    def watching(self, step: int, size: int = 0) -> Iterator[None]:
        """Inside, a full disk is a warning, or an error if the run stops then.

        Args:
            step: for the message.
            size: bytes of the checkpoint, for the message.

        Raises:
            OSError: if the disk is full and the run stops then; any other error as it is.
        """
        try:
            yield
        except (OSError, tf.errors.OpError) as error:
            reason = _why_full(error)
            if reason is None:
                raise
            free = shutil.disk_usage(self.directory).free
            needs = f" and a checkpoint needs at least {size / 1e6:,.1f}" if size else ""
            message = (
                f"The disk of {self.directory} is full at step {step}: {free / 1e6:,.1f} MB are "
                f"free{needs} ({reason}). Earlier checkpoints are intact."
            )
            if self.on_full_disk == "stop":
                raise OSError(errno.ENOSPC, f"{message} Make room and run again") from error
            warnings.warn(
                f"{message} Training continues; the next checkpoint is tried when it is due.",
                stacklevel=3,
            )
            self.error = error


def _why_full(error: Exception) -> str | None:
    """What an error of the system or of TensorFlow says about a full disk; None if nothing."""
    for code in _FULL:
        if getattr(error, "errno", None) == code or os.strerror(code) in str(error):
            return os.strerror(code)
    return None
