"""Learning curves of a training run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kseq2seq.plot.pictures import need_matplotlib, picture_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK, _GRID = "#23272e", "#e6e9ee"
# Color-blind readers can tell blue and vermilion apart; dashes and markers do it in gray.
_STYLES: dict[str, dict[str, Any]] = {
    "": {"label": "training", "color": "#0072b2", "marker": "o"},
    "val_": {"label": "validation", "color": "#d55e00", "marker": "s", "linestyle": "--"},
}


def curves(
    history: Any, path: str | os.PathLike[str] | None = None, *, title: str = "Learning curves"
) -> Figure:
    """Draws every metric by epoch: one panel each, with its training and validation values.

    Args:
        history: the `History` that `fit` returns; a dict of lists, one number an epoch; or the
            directory of a `Run`, whose `history.jsonl` is read.
        path: a file to save the picture to: .png, .svg or .pdf.
        title: written above.

    Returns:
        A `matplotlib.figure.Figure`, which notebooks show.

    Raises:
        ImportError: Matplotlib is not installed.
        FileNotFoundError: the directory has no `history.jsonl`.
        TypeError: `history` is of another kind.
        ValueError: `history` has no numbers, or not one an epoch; or `path` has another suffix.

    Example:
        >>> from kseq2seq import plot
        >>> figure = plot.curves({"loss": [2.5, 1.5], "val_loss": [2.6, 1.9], "val_bleu": [9, 17]})
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['loss', 'bleu']
    """
    path = picture_path(path)
    logs = _logs(history)
    names = dict.fromkeys(name for of_epoch in logs.values() for name in of_epoch)
    metrics = list(dict.fromkeys(name.removeprefix("val_") for name in names))
    if not metrics:
        raise ValueError("`history` must have a number for at least one epoch; got none.")
    need_matplotlib()
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    from kseq2seq.plot.fonts import font_for

    columns = 2 if len(metrics) == 4 else min(3, len(metrics))
    rows = -(-len(metrics) // columns)
    size = (3.4 * columns, 0.4 + 2.6 * rows)
    figure = Figure(figsize=size, dpi=200, facecolor="white", layout="constrained")
    figure.suptitle(title, font=font_for(title), size=11, color=_INK, parse_math=False)
    for panel, metric in enumerate(metrics, start=1):
        axes = figure.add_subplot(rows, columns, panel)
        for prefix, style in _STYLES.items():
            name = prefix + metric
            points = [(epoch, values[name]) for epoch, values in logs.items() if name in values]
            if points:
                axes.plot(*zip(*points, strict=True), **style, markersize=3, linewidth=1.5)
        axes.set(xlabel="epoch", ylabel=metric.replace("_", " "))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(color=_GRID, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    if path is not None:
        figure.savefig(path)
    return figure


def _logs(history: Any) -> dict[int, dict[str, Any]]:
    """Returns the numbers of each epoch, counted from 1, by the names of their metrics.

    A run writes null where a number is not finite: None here, and a gap in the curve.
    """
    if isinstance(history, str | os.PathLike):
        file = Path(history, "history.jsonl")
        if not file.is_file():
            raise FileNotFoundError(
                f"{file} is missing. Give the directory of a `Run`, or what `fit` returned."
            )
        lines = file.read_bytes().split(b"\n")[:-1]  # the last one may be half written
        logs = {line["epoch"]: line["logs"] for line in map(json.loads, lines)}
    else:
        lists = getattr(history, "history", history)
        if not isinstance(lists, Mapping):
            raise TypeError(
                "`history` must be what `fit` returns, a dict of lists, or the directory of a Run; "
                f"got {type(history).__name__}."
            )
        sizes = {name: len(values) for name, values in lists.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(
                f"`history` must have one number an epoch for each metric; got {sizes}. Put NaN "
                "where there is none."
            )
        rows = zip(*lists.values(), strict=True)
        logs = {epoch: dict(zip(lists, row, strict=True)) for epoch, row in enumerate(rows, 1)}
    return {
        epoch: {name: x for name, x in values.items() if isinstance(x, Real | None)}
        for epoch, values in logs.items()
    }
