"""Draws a layout, by Matplotlib."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from drawing.geometry import Area, Box, Wire, Words
from drawing.layout import Layout, count
from drawing.outline import Block
from drawing.stack import Stack

_INK, _DIM, _GRAY, _PALE = "#23272e", "#5d6570", "#7a828d", "#b9c0ca"
_LINE, _STATE = "#5a626d", "#3f78b8"
_COLORS = {  # of boxes and their edges
    "embedding": ("#fbe4ea", "#d796a8"),
    "positions": ("#fbe4ea", "#d796a8"),
    "recurrent": ("#dbe8f8", "#7ba3d0"),
    "convolution": ("#e7e1f6", "#9d8fca"),
    "attention": ("#fde8cf", "#dfa768"),
    "feed-forward": ("#d8eff0", "#6fb3b8"),
    "normalization": ("#f8f4cf", "#c9bd62"),
    "output": ("#e0f0da", "#8bb878"),
    "other": ("#eceef1", "#a3abb5"),
    "sum": ("#ffffff", _LINE),
}
_WIRES: dict[str, tuple[str, Any]] = {
    "data": (_LINE, "-"),
    "start": (_STATE, "-"),
    "feedback": (_STATE, (0, (3, 2))),
}
_WORDS: dict[str, dict[str, Any]] = {
    "title": {"fontsize": 14, "fontweight": "bold", "color": _INK},
    "head": {"fontsize": 9, "fontweight": "bold", "color": _INK},
    "note": {"fontsize": 7, "color": _GRAY},
}
_FONT = "DejaVu Sans"  # comes with Matplotlib
_PLAIN: dict[str, Any] = {"ha": "center", "va": "center", "family": _FONT, "zorder": 7}
_ROUND = 0.07  # corners of boxes and links
_Point = tuple[float, float]


def draw(page: Layout) -> Figure:
    """Returns a figure of a layout."""
    figure = Figure(figsize=(page.width, page.height), dpi=200, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, page.width), ylim=(0, page.height))
    axes.set_axis_off()
    for laid in page.stacks:
        _area(axes, laid.panel, "#f7f8fa", "#e6e9ee", 0.12, 0)
        for frame in laid.frames:
            _area(axes, frame, "white", _PALE, 0.1, 1)
            x = frame.left + 0.3 if laid.outer < 0 else frame.right - 0.3
            _times(axes, frame.times, x, frame.top)
        for box in laid.boxes.values():
            if box.block.kind in ("sum", "positions"):
                _circle(axes, box, laid.outer)
            else:
                _box(axes, box)
    for box in page.boxes:
        _box(axes, box)
    parts: list[Stack | Layout] = [*page.stacks, page]
    for part in parts:
        for wire in part.wires:
            _wire(axes, wire)
        for words in part.words:
            _words(axes, words)
    return figure


def _area(axes: Axes, area: Area, fill: str, edge: str, corner: float, order: int) -> None:
    patch = FancyBboxPatch(
        (area.left, area.bottom),
        area.right - area.left,
        area.top - area.bottom,
        boxstyle=f"round,pad=0,rounding_size={corner}",
        facecolor=fill,
        edgecolor=edge,
        linewidth=0.8,
        zorder=order,
    )
    axes.add_patch(patch)


def _box(axes: Axes, box: Box) -> None:
    area = Area(box.side(-1), box.bottom, box.side(1), box.top)
    _area(axes, area, *_COLORS[box.block.kind], _ROUND, 4)
    room = box.width - 0.1
    if box.height < 0.3:
        _fit(axes, box.block.label, box.x, box.y, 8.5, _INK, room)
    else:
        _fit(axes, box.block.label, box.x, box.y + 0.075, 8.5, _INK, room)
        notes = " · ".join(filter(None, (box.block.detail, _size(box.block))))
        _fit(axes, notes, box.x, box.y - 0.095, 6.5, _DIM, room)
    if box.times > 1:
        _times(axes, box.times, area.right - 0.1, area.top)


def _size(block: Block) -> str:
    """How many weights a block has, and whether others have them too."""
    known = "tied" if block.kind == "output" else "shared"
    if not block.params:
        return known if block.size else ""
    if block.params < block.size:
        return f"{count(block.params)} + {count(block.size - block.params)} {known}"
    return count(block.size)


def _circle(axes: Axes, box: Box, outer: int) -> None:
    """Draws a sum; one that adds positions has their wave at its side."""
    x, y, radius = box.x, box.y, box.height / 2
    axes.add_patch(Circle((x, y), radius, facecolor="white", edgecolor=_LINE, zorder=4))
    turn = math.pi / 4 if box.block.label == "×" else 0.0
    for angle in (turn, turn + math.pi / 2):
        dx, dy = 0.55 * radius * math.cos(angle), 0.55 * radius * math.sin(angle)
        axes.plot([x - dx, x + dx], [y - dy, y + dy], color=_LINE, lw=1.0, zorder=5)
    if box.block.kind != "positions":
        return
    side = x + outer * 0.38
    fill, edge = _COLORS["positions"]
    _wire(axes, Wire([(side + outer * -radius, y), (x + outer * radius, y)]))
    axes.add_patch(Circle((side, y), radius, facecolor=fill, edgecolor=edge, zorder=4))
    turns = [i / 20 - 1 for i in range(41)]
    wave = [y + 0.4 * radius * math.sin(math.pi * t) for t in turns]
    axes.plot([side + 0.7 * radius * t for t in turns], wave, color=edge, lw=1.0, zorder=5)
    note = "\n".join(filter(None, (box.block.label, _size(box.block))))
    _words(axes, Words(note, side + outer * 0.15, y, "right" if outer < 0 else "left"))


def _times(axes: Axes, times: int, x: float, y: float) -> None:
    """Writes how often something is repeated, on its upper edge."""
    _area(axes, Area(x - 0.2, y - 0.1, x + 0.2, y + 0.1), "white", _PALE, 0.08, 6)
    _fit(axes, f"× {times}", x, y, 8, _INK, 0.34, "bold")


def _wire(axes: Axes, wire: Wire) -> None:
    """Draws a link with round corners and an arrowhead."""
    color, dashes = _WIRES[wire.kind]
    points = _bends(wire.points)
    tip, tail = points[-1], points[-2]
    neck = _toward(tip, tail, 0.07)
    ways, codes = [points[0]], [Path.MOVETO]
    for (before, here), (_, after) in pairwise(pairwise(points)):
        corner = min(_ROUND, math.dist(before, here) / 2, math.dist(here, after) / 2)
        ways += [_toward(here, before, corner), here, _toward(here, after, corner)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    path = Path([*ways, neck], [*codes, Path.LINETO])
    line = {"edgecolor": color, "linestyle": dashes, "linewidth": 1.0}
    axes.add_patch(PathPatch(path, facecolor="none", zorder=3, **line))
    across = 0.45 * (tip[1] - neck[1]), 0.45 * (neck[0] - tip[0])
    wings = [(neck[0] + sign * across[0], neck[1] + sign * across[1]) for sign in (-1, 1)]
    axes.add_patch(Polygon([tip, *wings], facecolor=color, edgecolor="none", zorder=3))


def _bends(points: list[_Point]) -> list[_Point]:
    """The ends of a path and the points at which it turns."""
    kept = [points[0]]
    for here, after in pairwise([*points[1:], points[-1]]):
        (x0, y0), (x1, y1), (x2, y2) = kept[-1], here, after
        turns = abs((x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1)) > 1e-9
        if turns and here != points[-1]:
            kept.append(here)
    return [*kept, points[-1]]


def _toward(one: _Point, other: _Point, by: float) -> _Point:
    part = by / math.dist(one, other)
    return one[0] + (other[0] - one[0]) * part, one[1] + (other[1] - one[1]) * part


def _words(axes: Axes, words: Words) -> None:
    style = {**_PLAIN, "ha": words.align, **_WORDS[words.style]}
    axes.text(words.x, words.y, words.text, **style)


def _fit(
    axes: Axes,
    text: str,
    x: float,
    y: float,
    size: float,
    color: str,
    room: float,
    weight: str = "normal",
) -> None:
    """Writes centered text, smaller if it is wider than `room` inches."""
    font = FontProperties(family=_FONT, weight=weight)
    wide = TextPath((0, 0), text, size=size, prop=font).get_extents().width / 72
    size *= min(1.0, room / wide)
    axes.text(x, y, text, fontsize=size, color=color, weight=weight, **_PLAIN)
