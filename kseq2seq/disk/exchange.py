"""Two names on disk swapped in one step."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

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
        >>> from kseq2seq.disk.exchange import exchange
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
