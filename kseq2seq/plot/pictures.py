"""Checks for all pictures: the format of the file, and that Matplotlib is installed."""

from __future__ import annotations

import os
from pathlib import Path

FORMATS = (".png", ".svg", ".pdf")


def picture_path(path: str | os.PathLike[str] | None) -> Path | None:
    """Returns where to write a picture.

    Raises:
        ValueError: the suffix is not one of `FORMATS`.
    """
    path = None if path is None else Path(path)
    if path is not None and path.suffix.lower() not in FORMATS:
        raise ValueError(
            f"`path` must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, which names the "
            f"format; got {str(path)!r}."
        )
    return path


def need_matplotlib() -> None:
    """Refuses to draw without Matplotlib.

    Raises:
        ImportError: it is not installed; the message says how to install it.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "Drawing needs Matplotlib, which is not installed. Install it with "
            "pip install 'kseq2seq[plot]'."
        ) from error
