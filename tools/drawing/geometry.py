"""The shapes of a drawing: boxes, areas, wires and words, in inches, y upward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from drawing.outline import Block

LANE = 0.15  # between links that run side by side


@dataclass(eq=False)
class Box:
    """A block and its place.

    Attributes:
        block: what it shows.
        x: of its middle.
        y: of its middle.
        width: of the box.
        height: of the box.
        times: how often it is repeated, where no frame says so.
    """

    block: Block
    x: float
    y: float
    width: float
    height: float
    times: int = 1

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.y + self.height / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y - self.height / 2

    def side(self, sign: int, y: float | None = None) -> float:
        """Its left (-1) or right (1) edge; a circle's at height `y`."""
        half = self.width / 2
        if self.width == self.height and y is not None:
            half = max(0.0, half**2 - (y - self.y) ** 2) ** 0.5
        return self.x + sign * half

    def ports(self, count: int) -> list[float]:
        """The heights at which `count` links meet one of its sides, from the lowest."""
        step = min(0.13, 0.8 * self.height / count)
        return [self.y + (i - (count - 1) / 2) * step for i in range(count)]


class Area(NamedTuple):
    """A panel, or a frame around blocks that are repeated.

    Attributes:
        left: its edge.
        bottom: its edge.
        right: its edge.
        top: its edge.
        times: how often a frame's blocks are repeated.
    """

    left: float
    bottom: float
    right: float
    top: float
    times: int = 1


class Wire(NamedTuple):
    """The path of a link.

    Attributes:
        points: its corners; the last is its head.
        kind: of the link.
    """

    points: list[tuple[float, float]]
    kind: str = "data"


class Words(NamedTuple):
    """A line of text.

    Attributes:
        text: what it says.
        x: where it begins, has its middle, or ends.
        y: of its middle.
        align: "left", "center" or "right".
        style: "title", "head" or "note".
    """

    text: str
    x: float
    y: float
    align: str = "center"
    style: str = "note"


def lanes(spans: Sequence[tuple[float, float]], first: float, apart: float = 0.05) -> list[float]:
    """Returns how far out each of several upright lines runs, so that none meets another.

    Args:
        spans: lowest and highest points.
        first: where the innermost runs; short lines come first.
        apart: lines nearer to each other than this meet.

    Example:
        >>> from drawing.geometry import lanes
        >>> lanes([(0.0, 9.0), (1.0, 2.0), (4.0, 5.0)], first=1.0)
        [1.15, 1.0, 1.0]
    """
    found: dict[int, float] = {}
    for i in sorted(range(len(spans)), key=lambda i: spans[i][1] - spans[i][0]):
        low, high = spans[i]
        near = [j for j in found if spans[j][0] < high + apart and spans[j][1] > low - apart]
        taken = {found[j] for j in near}
        found[i] = next(x for x in (first + k * LANE for k in range(len(spans))) if x not in taken)
    return [found[i] for i in range(len(spans))]
