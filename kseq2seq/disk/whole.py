"""A directory, a file, or some files of a directory, that appear whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from kseq2seq.disk.hidden import DONE, NEW, OLD, held, hidden, left_behind, remove, renamed

_SAVED = "saved"


@contextmanager
def whole_directory(directory: Path, may_hold: Collection[str] = ()) -> Iterator[Path]:
    """Gives an empty directory to write to, which takes the place of `directory` at the end.

    So `directory` appears whole or not at all, even if the process is killed or the machine loses
    power: what was there before stays until all of the new is on disk. Where two directories can't
    be swapped in one step, `restore` mends what a kill between two steps leaves. What a kill left
    half written is removed.

    Args:
        directory: where to write in the end.
        may_hold: names of what may be there before and not after.

    Raises:
        FileExistsError: if `directory` is a file.
        ValueError: at the end, if `directory` holds something that was not written anew: then it is
            some other directory, and is left alone.

    Example:
        >>> import tempfile
        >>> from kseq2seq.disk import whole_directory
        >>> path = Path(tempfile.mkdtemp(), "saved")
        >>> for text in ("old", "new"):
        ...     with whole_directory(path) as scratch:
        ...         _ = (scratch / "part").write_text(text)
        >>> (path / "part").read_text()
        'new'
    """
    directory = directory.resolve()
    if directory.exists() and not directory.is_dir():
        raise FileExistsError(f"{directory} is a file; name a directory, or move the file away.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    restore(directory)
    _clean(directory)
    with hidden(directory) as scratch:
        yield scratch
        scratch.chmod(0o755)
        foreign = _names(directory) - _names(scratch) - set(may_hold)
        if foreign:
            raise ValueError(
                f"{directory} holds {', '.join(sorted(foreign)[:3])}, which is no part of what is "
                "saved; it is left alone. Save to a new directory."
            )
        synchronize_all(scratch)
        _replace(directory, scratch)
        synchronize(directory.parent)


@contextmanager
def whole_file(path: Path, *, wait: bool = True) -> Iterator[Path]:
    """Gives an empty file to write to, which takes the place of `path` at the end.

    The file appears whole or not at all, as `whole_directory` says.

    Args:
        path: where to write in the end; its directory is made where needed.
        wait: until the disk has the file. False is faster, for what can be made again: after a
            loss of power the file may be damaged.

    Raises:
        IsADirectoryError: at the end, if `path` is one.

    Example:
        >>> import tempfile
        >>> from kseq2seq.disk import whole_file
        >>> path = Path(tempfile.mkdtemp(), "model")
        >>> with whole_file(path) as scratch:
        ...     _ = scratch.write_text("whole")
        >>> path.read_text()
        'whole'
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    _clean(path)
    with hidden(path, file=True) as scratch:
        yield scratch
        scratch.chmod(0o644)  # a temporary file is its owner's alone
        if wait:
            synchronize(scratch)
        os.replace(scratch, path)
        if wait:
            synchronize(path.parent)


@contextmanager
def whole_files(directory: Path) -> Iterator[Path]:
    """Gives an empty directory to write to, whose files go into `directory` at the end.

    Either all of them do or none, and what else `directory` holds stays. A kill may end it while
    they are put in their places, one by one: `settle` puts the rest there.

    Args:
        directory: where the files are to be; made where needed.

    Raises:
        IsADirectoryError: at the end, if there is a directory in the place of a file.

    Example:
        >>> import tempfile
        >>> from kseq2seq.disk import whole_files
        >>> directory = Path(tempfile.mkdtemp())
        >>> with whole_files(directory) as scratch:
        ...     _ = (scratch / "tokenizer.json").write_text("{}")
        >>> [path.name for path in directory.iterdir()]
        ['tokenizer.json']
    """
    directory.mkdir(parents=True, exist_ok=True)
    settle(directory)
    at = directory / _SAVED
    _clean(at)
    with hidden(at) as scratch:
        yield scratch
        for path in _files(scratch):
            if (directory / path.relative_to(scratch)).is_dir():
                raise IsADirectoryError(
                    f"{directory / path.relative_to(scratch)} is a directory, where a file is to "
                    "be saved. Move it away, or save to another directory."
                )
        synchronize_all(scratch)
        done = renamed(scratch, at, DONE)
        scratch.rename(done)  # from here on all of it is saved
        synchronize(directory)
        _spread(done, directory)


def restore(directory: Path) -> None:
    """Puts back a directory that a kill left under a hidden name and nothing in its place.

    Args:
        directory: as given to `whole_directory`. Nothing is done if it is there.
    """
    directory = directory.resolve()
    if not directory.exists():
        left_behind(directory, OLD, lambda old: directory.exists() or old.rename(directory))


def settle(directory: Path) -> None:
    """Puts the files in their places that `whole_files` had saved when a kill ended it.

    Args:
        directory: as given to `whole_files`.
    """
    left_behind(directory / _SAVED, DONE, lambda done: _spread(done, directory))


def _clean(path: Path) -> None:
    """Removes what processes that are gone left beside a path."""
    kinds = (NEW, OLD) if path.exists() else (NEW,)
    for kind in kinds:
        left_behind(path, kind, remove)


def _replace(directory: Path, scratch: Path) -> None:
    """Puts `scratch` in the place of `directory`, which keeps its content if that fails."""
    if not directory.exists():
        scratch.rename(directory)
        return
    if exchange(scratch, directory):
        return
    old = renamed(scratch, directory, OLD)
    with held(directory):  # for as long as it has the other name
        try:
            directory.rename(old)
            scratch.rename(directory)
        except BaseException as error:
            if not directory.exists():
                old.rename(directory)
            if isinstance(error, OSError) and error.errno in (errno.EBUSY, errno.EXDEV):
                raise OSError(
                    error.errno,
                    f"{directory} can't be replaced, since something is mounted there. Save to a "
                    "directory inside it",
                ) from error
            raise
        remove(old)


def _spread(done: Path, directory: Path) -> None:
    """Moves each file of `done` to its place in `directory`."""
    changed = {directory: None}  # in their order
    for path in _files(done):
        place = directory / path.relative_to(done)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, place)
        changed[place.parent] = None
    for parent in changed:
        synchronize(parent)
    remove(done)


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def _names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} if directory.is_dir() else set()


_HERE = -100  # AT_FDCWD: paths are as the process sees them
_EXCHANGE = 2  # RENAME_EXCHANGE


def exchange(one: Path, other: Path) -> bool:
    """Swaps what two paths name, so that at no moment either of them names nothing.

    Linux does so (renameat2), on most of its file systems.

    Args:
        one: an existing file or directory.
        other: another one on the same file system.

    Returns:
        False where it can't be done; then both are as they were.

    Example:
        >>> import tempfile
        >>> from kseq2seq.disk.whole import exchange
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("a", "b"):
        ...     _ = (folder / name).write_text(name)
        >>> swapped = exchange(folder / "a", folder / "b")
        >>> swapped == ((folder / "a").read_text() == "b")
        True
    """
    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError, TypeError):  # another system, or an old one
        return False
    paths = os.fsencode(one.absolute()), os.fsencode(other.absolute())
    return rename(_HERE, paths[0], _HERE, paths[1], ctypes.c_uint(_EXCHANGE)) == 0


_NEVER = (errno.EINVAL, errno.ENOTSUP)  # of file systems that can't wait


def synchronize(path: Path) -> None:
    """Waits until the disk has the bytes of a file, or the names in a directory.

    Args:
        path: of a file or directory; nothing is done for a directory where the system or the file
            system has no such call.

    Raises:
        OSError: if the disk could not take them.

    Example:
        >>> import tempfile
        >>> from kseq2seq.disk import synchronize
        >>> synchronize(Path(tempfile.mkdtemp()))
    """
    if path.is_dir() and os.name == "nt":  # which can't open directories
        return
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NEVER:
            raise
    finally:
        os.close(descriptor)


def synchronize_all(directory: Path) -> None:
    """Does so for all that is in a directory, and for the directory itself."""
    for path in sorted(directory.rglob("*"), reverse=True):
        synchronize(path)
    synchronize(directory)
