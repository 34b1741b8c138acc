"""Waiting until the disk has what was written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

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
