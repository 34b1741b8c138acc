"""What is in the way on disk, and may be someone's, is kept under another name."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path


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
