"""Signals that ask a process to end, and ending between two steps."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_HEARD = (
    "\n{name}: training ends and saves after this step. A step may have to be compiled first; a "
    "second signal ends at once, without saving.\n"
)
_GRACE = 1.0  # seconds that the main thread has to end by itself after a second signal


class Signals:
    """Inside, the first SIGTERM or SIGINT (Ctrl-C) is only noted; a second one acts as usual.

    Python calls handlers between two steps of the interpreter, so not while XLA compiles or a long
    step runs. A thread therefore says on standard error, at once, that a signal was received, and
    ends the process after a second one if Python does not do so within a second.

    Signals that were ignored before stay ignored. Outside of the main thread, where Python allows
    no handlers, nothing is noted.

    Attributes:
        received: the first signal; None until then.

    Example:
        >>> with Signals() as signals:
        ...     signal.raise_signal(signal.SIGTERM)
        ...     signals.received.name
        'SIGTERM'
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._watch: _Watch | None = None

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._note)
            self._watch = _Watch(frozenset(self._before))
        return self

    def __exit__(self, *_: object) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        while self._before:
            signal.signal(*self._before.popitem())

    def end(self) -> None:
        """Ends as the received signal ends a Python program.

        Raises:
            KeyboardInterrupt: after SIGINT.
            SystemExit: after SIGTERM, with 143, as shells report it; a handler of the program is
                called first.
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


class _Watch:
    """A thread that reads the numbers of signals as they arrive, whatever the main thread does."""

    def __init__(self, numbers: frozenset[int]) -> None:
        self._numbers = numbers
        self._reads, self._writes = socket.socketpair()
        self._writes.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writes.fileno(), warn_on_full_buffer=False)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; from the main thread."""
        signal.set_wakeup_fd(self._before, warn_on_full_buffer=self._before != -1)
        self._closed.set()
        self._writes.close()  # ends the reading
        self._thread.join()
        self._reads.close()

    def _run(self) -> None:
        count = 0
        while numbers := self._reads.recv(64):
            if self._before != -1:  # an earlier listener hears them too
                with contextlib.suppress(OSError):
                    os.write(self._before, numbers)
            for number in numbers:
                if number not in self._numbers:
                    continue
                count += 1
                if count == 1:
                    _print(_HEARD.format(name=signal.Signals(number).name))
                elif not self._closed.wait(_GRACE):
                    _print(f"\n{signal.Signals(number).name} again: ended without saving.\n")
                    os._exit(128 + number)


def _print(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(2, text.encode())
