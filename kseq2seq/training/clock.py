"""The time of a `fit`: what goes by before its first step has ended, and training."""

from __future__ import annotations

import time
from collections.abc import Callable


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
