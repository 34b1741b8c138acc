"""Where fetched corpora are kept, and who is told what is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path


def cache_folder() -> Path:
    """Returns the folder that fetched corpora are kept in; it need not exist yet.

    Returns:
        `$KSEQ2SEQ_CACHE` where that is set, else `kseq2seq` in `$XDG_CACHE_HOME` or `~/.cache`.

    Example:
        >>> import os
        >>> from kseq2seq.data.cache import cache_folder
        >>> os.environ["KSEQ2SEQ_CACHE"] = "corpora"
        >>> cache_folder().as_posix()
        'corpora'
        >>> del os.environ["KSEQ2SEQ_CACHE"]
        >>> cache_folder().name
        'kseq2seq'
    """
    if own := os.environ.get("KSEQ2SEQ_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kseq2seq"


def folder_of(cache: str | os.PathLike | None) -> Path:
    """Returns the absolute path of a folder, or that of `cache_folder()` where it is None."""
    return (cache_folder() if cache is None else Path(cache)).absolute()


def teller(progress: Callable[[str], None] | None) -> Callable[[str], None]:
    """Returns what is called with each line of progress; prints to standard error where None."""
    return progress or (lambda line: print(line, file=sys.stderr, flush=True))
