"""Draws a matrix of probabilities with the words that it relates, by Matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

_INK, _GRID = "#23272e", "#e6e9ee"
_CELL = (0.1, 0.3)  # the least and the most, in inches
_SIDE = 6.8  # what a matrix may take at most, unless its cells would be too small
_PAD = 0.06
_DPI = 200


def draw(
    matrix: np.ndarray,
    columns: Sequence[str],
    rows: Sequence[str],
    font: FontProperties,
    title: str | None,
    colorbar: bool,
) -> Figure:
    """Returns a figure of a matrix, white where it is 0 and black where it is greatest.

    Args:
        matrix: float (rows, columns), not negative.
        columns: their labels, written above.
        rows: their labels, written at the left.
        font: has the characters of all of them.
        title: written on top.
        colorbar: also draw which gray is which value.
    """
    cell = min(_CELL[1], max(_CELL[0], _SIDE / max(matrix.shape)))
    height, width = (cell * size for size in matrix.shape)
    size = min(9.0, 72 * cell * 0.6)
    figure = Figure(figsize=(width, height), dpi=_DPI, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    greatest = float(matrix.max()) or 1.0
    mesh = axes.pcolormesh(
        matrix, cmap="gray_r", vmin=0, vmax=greatest, edgecolors=_GRID, linewidth=0.3
    )
    axes.set(xlim=(0, matrix.shape[1]), ylim=(matrix.shape[0], 0), aspect="equal")
    axes.spines[:].set(color=_INK, linewidth=0.6)
    style: dict[str, Any] = {"font": font, "size": size, "color": _INK, "parse_math": False}
    axes.tick_params(length=0, pad=4, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, **style)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, va="center_baseline", **style)
    _turn(axes.get_xticklabels(), figure, cell)
    if title is not None:
        axes.set_title(title, font=font, size=11, color=_INK, parse_math=False, pad=8)
    if colorbar:
        bar = figure.add_axes((1 + 0.15 / width, 0, 0.12 / width, 1))
        figure.colorbar(mesh, cax=bar)
        bar.tick_params(labelsize=min(8.0, size), colors=_INK, width=0.6, length=2.5)
        bar.spines[:].set(color=_INK, linewidth=0.6)
    _fit(figure)
    return figure


def _turn(labels: list[Text], figure: Figure, cell: float) -> None:
    """Turns labels that would touch each other side by side."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    wide = [label.get_window_extent(renderer).width / figure.dpi for label in labels]
    if any((one + other) / 2 > 0.9 * cell for one, other in pairwise(wide)):
        for label in labels:
            label.set(rotation=45, ha="left", va="center", rotation_mode="anchor")


def _fit(figure: Figure) -> None:
    """Makes the page as large as what is drawn, which keeps its size."""
    page = figure.get_size_inches()
    drawn = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer()).get_points()
    low, high = drawn[0] - _PAD, drawn[1] + _PAD
    for axes in figure.axes:
        start, end = axes.get_position(original=True).get_points() * page
        axes.set_position((*(start - low) / (high - low), *(end - start) / (high - low)))
    figure.set_size_inches(high - low)
