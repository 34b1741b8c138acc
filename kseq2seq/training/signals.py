"""Being told to end, and ending between two steps."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Inside, the first SIGTERM or SIGINT (Ctrl-C) is only noted; a second one acts as ever.

    Signals that were ignored before stay ignored. Outside of the main thread, where Python allows
    no handlers, nothing is noted.

    Example:
        >>> with Signals() as signals:
        ...     signal.raise_signal(signal.SIGINT)
        ...     signals.received.name
        'SIGINT'
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        while self._before:
            signal.signal(*self._before.popitem())

    def end(self) -> None:
        """Ends as the signal that was received ends a program of Python's.

        Raises:
            KeyboardInterrupt: after SIGINT.
            SystemExit: after SIGTERM, with 143, as shells report it; a handler that the program
                had installed is called first.
        """
        assert self.received
        handler = self._before.get(self.received)
        self.__exit__()
        if callable(handler):
            handler(self.received, None)
        raise SystemExit(128 + self.received)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.received = signal.Signals(number)
        for each, handler in self._before.items():
            signal.signal(each, handler)
        told = f"\n{self.received.name}: saving after this step; once more ends without saving.\n"
        with contextlib.suppress(OSError):
            os.write(2, told.encode())
