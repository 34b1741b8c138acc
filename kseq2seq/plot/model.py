"""A picture of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import keras

from kseq2seq.plot.layout import layout
from kseq2seq.plot.outline import outline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")


def model(model: keras.Model, path: str | Path | None = None) -> Figure:
    """Draws a model: its blocks, what flows between them, and how many weights each has.

    The drawing is made from the model's own layers. Arrows that meet at a block are concatenated;
    those that meet at a circle are added. Blocks in a frame come as often as it says.

    Args:
        model: any model of `build_model`.
        path: a file to save the drawing to: .png, .svg or .pdf.

    Returns:
        A `matplotlib.figure.Figure`, which notebooks show.

    Raises:
        ImportError: Matplotlib is not installed.
        TypeError: `model` is no such model.
        ValueError: `path` has another suffix.

    Example:
        >>> from kseq2seq import build_model, plot
        >>> figure = plot.model(build_model("gru", source=50, target=60, hidden_dim=8))
        >>> type(figure).__name__
        'Figure'
    """
    path = None if path is None else Path(path)
    if path is not None and path.suffix.lower() not in FORMATS:
        raise ValueError(
            f"`path` must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, which names the "
            f"format; got {str(path)!r}."
        )
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "Drawing needs Matplotlib, which is not installed. Install it with "
            "pip install 'kseq2seq[plot]'."
        ) from error
    from kseq2seq.plot.pen import draw

    figure = draw(layout(outline(model)))
    if path is not None:
        figure.savefig(path, facecolor="white")
    return figure
