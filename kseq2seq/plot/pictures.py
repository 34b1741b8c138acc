"""What all pictures need: a format that can be written, and Matplotlib."""

from __future__ import annotations

import os
from pathlib import Path

FORMATS = (".png", ".svg", ".pdf")


def picture_path(path: str | os.PathLike[str] | None) -> Path | None:
    """Returns where to write a picture, refusing a format that is not written."""
    path = None if path is None else Path(path)
    if path is not None and path.suffix.lower() not in FORMATS:
        raise ValueError(
            f"`path` must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, which names the "
            f"format; got {str(path)!r}."
        )
    return path


def need_matplotlib() -> None:
    """Says how to install Matplotlib where it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "Drawing needs Matplotlib, which is not installed. Install it with "
            "pip install 'kseq2seq[plot]'."
        ) from error
