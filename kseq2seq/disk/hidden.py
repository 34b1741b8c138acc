"""Names beside a path: hidden ones while something is written, one for what is in the way."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

NEW, OLD, DONE = "new", "old", "done"  # states of a file or directory under a hidden name
_LONGEST = 200  # bytes of a name; file systems take 255
_DRAWN = re.compile(r"[a-z0-9_]{8}")


@contextmanager
def hidden(path: Path, *, file: bool = False) -> Iterator[Path]:
    """Gives a new hidden directory, or file, beside a path; what is left of it at the end goes.

    It is locked until the block ends or the process does: see `left_behind`.

    Args:
        path: whose directory exists.
        file: give a file.
    """
    while True:
        made = _made(path, file)
        lock = _locked(made, wait=True)
        if made.exists():
            break
        _unlocked(lock)  # it was taken for one that was left behind
    try:
        yield made
    finally:
        try:
            remove(made)
        finally:
            _unlocked(lock)


def left_behind(path: Path, kind: str, act: Callable[[Path], Any]) -> None:
    """Does something with each hidden name of a kind beside a path whose process is gone.

    A system or file system without locks can't tell, so there they stay.

    Args:
        path: as it was given to `hidden`.
        kind: `NEW`, `OLD` or `DONE`.
        act: what to do; no other process does it at the same time.
    """
    prefix = _prefix(path, kind)
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:  # there is no such directory, or it may not be read
        return
    for name in names:
        if name.startswith(prefix) and _DRAWN.fullmatch(name.removeprefix(prefix)):
            with held(path.with_name(name)) as lock:
                if lock is not None:
                    act(path.with_name(name))


@contextmanager
def held(path: Path) -> Iterator[int | None]:
    """Holds the lock of a file or directory; gives None where that can't be had."""
    lock = _locked(path, wait=False)
    try:
        yield lock
    finally:
        _unlocked(lock)


def renamed(hidden: Path, path: Path, kind: str) -> Path:
    """Returns the hidden name beside a path that says what has become of another."""
    return path.with_name(_prefix(path, kind) + hidden.name[-8:])


def remove(path: Path) -> None:
    """Removes a file, or a directory with all that is in it, as far as that can be done."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _prefix(path: Path, kind: str) -> str:
    name = os.fsencode(path.name)
    short = path.name if len(name) <= _LONGEST else hashlib.sha256(name).hexdigest()
    return f".{short}.kseq2seq-{kind}-"


def _made(path: Path, file: bool) -> Path:
    prefix = _prefix(path, NEW)
    if not file:
        return Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=path.parent)
    os.close(descriptor)
    return Path(name)


def _locked(path: Path, wait: bool) -> int | None:
    """The descriptor that locks a file or directory; None where that can't be had."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return None
    try:
        lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), os.stat(path)):
            return lock
    except OSError:  # held by another, without locks, or gone
        pass
    os.close(lock)
    return None


def _unlocked(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def put_aside(path: Path) -> Path:
    """Renames a file, link or directory that can't be used, and returns its new name.

    Args:
        path: what is in the way.

    Returns:
        The name with ".damaged" behind it, and a number where that is taken.

    Example:
        >>> import tempfile
        >>> from kseq2seq.disk import put_aside
        >>> path = Path(tempfile.mkdtemp(), "run.json")
        >>> _ = path.write_text("{")
        >>> put_aside(path).name
        'run.json.damaged'
    """
    names = (f"{path.name}.damaged{number if number > 1 else ''}" for number in count(1))
    aside = next(
        path.with_name(name) for name in names if not os.path.lexists(path.with_name(name))
    )
    path.rename(aside)
    return aside
