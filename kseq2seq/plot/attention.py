"""Where in a picture a model looked, word by word."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kseq2seq.plot.pictures import need_matplotlib, picture_path
from kseq2seq.plot.words import find_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK = "#23272e"
_PANEL = 1.5  # inches
_ACROSS = 6  # panels


def attention(
    picture: Any,
    target_tokens: Sequence[str],
    alignment: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    grid: tuple[int, int] | None = None,
    words: bool = True,
    font: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draws a picture, and again for each word, lighter where the model looked when it wrote that.

    In each panel the cell with the most attention is as bright as the picture itself, and what was
    not looked at is dark. The tokens of a word are averaged.

    Args:
        picture: uint8 (H, W, 1 or 3), as the model saw it: `source.pixels(raw)`.
        target_tokens: T strings, `Prediction.target_tokens`.
        alignment: float (T, S), `Prediction.alignment`: of S cells, row by row.
        path: a file to save the drawing to: .png, .svg or .pdf.
        grid: the rows and columns of cells; by default those whose product is S and whose
            proportions are nearest to the picture's.
        words: put the tokens of a word together.
        font: the path of a font file, or the name of an installed font family; by default the
            first that has the characters.

    Returns:
        A `matplotlib.figure.Figure`, which notebooks show.

    Raises:
        ImportError: Matplotlib is not installed.
        ValueError: shapes do not agree, or `path` has another suffix, or there is no such `font`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import plot
        >>> picture = np.zeros((32, 32, 3), "uint8")
        >>> figure = plot.attention(picture, ["a", "cat"], np.full((2, 16), 1 / 16))
        >>> [axes.get_title() for axes in figure.axes]
        ['', 'a', 'cat']

    Source:
        Xu et al. 2015, "Show, Attend and Tell", figure 3.
    """
    path = picture_path(path)
    pixels, tokens = np.asarray(picture), list(target_tokens)
    weights = _checked(pixels, tokens, alignment)
    need_matplotlib()
    from matplotlib.figure import Figure

    from kseq2seq.plot.fonts import font_for

    rows, columns = grid or _grid(weights.shape[1], pixels.shape[:2])
    if rows * columns != weights.shape[1]:
        raise ValueError(f"`grid` must have {weights.shape[1]} cells; got {rows} x {columns}.")
    if words:
        tokens, starts = find_words(tokens)
        sizes = np.diff([*starts, len(weights)])
        weights = np.add.reduceat(weights, starts, axis=0) / sizes[:, None]
    style: dict[str, Any] = {"font": font_for("".join(tokens), font), "size": 9, "color": _INK}
    across = min(_ACROSS, len(tokens) + 1)
    down = math.ceil((len(tokens) + 1) / across)
    high = _PANEL * pixels.shape[0] / pixels.shape[1]
    size = (across * (_PANEL + 0.1), down * (high + 0.35))
    figure = Figure(figsize=size, dpi=200, facecolor="white", layout="constrained")
    shown = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    height, width = pixels.shape[:2]
    box = (-0.5, width - 0.5, height - 0.5, -0.5)
    for number in range(len(tokens) + 1):
        axes = figure.add_subplot(down, across, number + 1)
        axes.imshow(shown, cmap="gray", vmin=0, vmax=255)
        if number:
            cells = weights[number - 1].reshape(rows, columns)
            dark = 0.85 * (1 - cells / (cells.max() or 1.0))
            veil = np.zeros((rows, columns, 4))
            veil[..., 3] = dark
            axes.imshow(veil, extent=box, interpolation="bilinear")
            axes.set_title(tokens[number - 1], parse_math=False, pad=3, **style)
        axes.set(xticks=[], yticks=[], xlim=box[:2], ylim=box[2:])
        axes.spines[:].set(color=_INK, linewidth=0.4)
    with warnings.catch_warnings():  # Matplotlib's own, one for each character that no font has
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        if path is not None:
            figure.savefig(path, facecolor="white")
    return figure


def _checked(pixels: np.ndarray, tokens: list[str], alignment: Any) -> np.ndarray:
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or pixels.dtype != np.uint8:
        raise ValueError(
            f"`picture` must be uint8 (H, W, 1 or 3), as `source.pixels(raw)` gives it; got "
            f"{pixels.dtype} {pixels.shape}."
        )
    if alignment is None:
        raise ValueError(
            "`alignment` must be probabilities (target tokens, cells); got None. Call "
            "`pipeline(pictures, alignments=True)`."
        )
    weights = np.asarray(alignment, float)
    if weights.ndim != 2 or len(weights) != len(tokens) or not tokens:
        raise ValueError(
            f"`alignment` must be (target tokens, cells), here {len(tokens)} tokens; got "
            f"{weights.shape}."
        )
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise ValueError(
            "`alignment` must hold probabilities; got negative numbers, NaN or infinities."
        )
    return weights


def _grid(cells: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of so many cells, in the proportions of a picture."""
    pairs = [(rows, cells // rows) for rows in range(1, cells + 1) if cells % rows == 0]
    wanted = math.log(shape[0] / shape[1])
    return min(pairs, key=lambda pair: abs(math.log(pair[0] / pair[1]) - wanted))
