"""A picture of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import keras

from kseq2seq.plot.layout import layout
from kseq2seq.plot.outline import outline
from kseq2seq.plot.pictures import need_matplotlib, picture_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    path = picture_path(path)
    need_matplotlib()
    from kseq2seq.plot.pen import draw

    figure = draw(layout(outline(model)))
    if path is not None:
        figure.savefig(path, facecolor="white")
    return figure
