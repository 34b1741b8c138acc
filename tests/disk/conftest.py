"""Processes that end at a chosen moment, as a kill does."""

import os
import signal
from types import SimpleNamespace

import pytest

CALLS = ("rename", "replace", "fsync", "unlink", "rmdir", "mkdir", "open")


def killed(act, at):
    """Runs `act` in a child that is killed at a system call, counted from 1; True if it was."""
    child = os.fork()
    if not child:
        count = 0

        def counting(call):
            def counted(*args, **options):
                nonlocal count
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*args, **options)

            return counted

        for name in CALLS:
            setattr(os, name, counting(getattr(os, name)))
        try:
            act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def every_kill(act):
    """Kills a child at each of its system calls, and yields after each; the last one lives."""
    at = 1
    while killed(act, at):
        yield at
        at += 1
    assert at > 5


def hidden(directory):
    return sorted(path.name for path in directory.rglob(".*"))


@pytest.fixture
def kills(monkeypatch):
    """The helpers above; a kill loses nothing that the disk has not been waited for."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return SimpleNamespace(every=every_kill, hidden=hidden)


@pytest.fixture(params=["swapped", "one after the other"])
def swapping(request, monkeypatch):
    """Both ways to put a directory in the place of another."""
    from kseq2seq.disk import whole

    if request.param != "swapped":
        monkeypatch.setattr(whole, "exchange", lambda *_: False)
