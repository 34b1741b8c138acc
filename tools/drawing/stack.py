"""The layout of a column: its blocks on top of each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from drawing.geometry import Area, Box, Wire, Words
from drawing.outline import Block, Column, Link

WIDTH = 1.9
TALL, FLAT, ROUND = 0.42, 0.27, 0.2  # of a box of two lines, of one line, of a circle
GAP, TAP, TOLD = 0.2, 0.3, 0.15  # between boxes; where a link leaves; more, where a shape is told
MARGIN = 0.14  # inside and outside a frame
SIGN = 1.05  # how far out the name of positions reaches


@dataclass
class Stack:
    """A column, its boxes around x = 0 and above y = 0 until it is moved.

    Attributes:
        column: what it shows.
        outer: the side of its bypasses, left (-1) or right (1).
        boxes: by name, from the bottom upwards.
        frames: around what comes several times.
        wires: between its boxes.
        words: where the width of what flows changes.
        reach: how far it goes out on its outer side.
        top: of its highest box or frame.
        panel: what lies behind it.
    """

    column: Column
    outer: int
    boxes: dict[str, Box] = field(default_factory=dict)
    frames: list[Area] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    reach: float = WIDTH / 2
    top: float = 0.0
    panel: Area = field(default_factory=lambda: Area(0, 0, 0, 0))

    @property
    def letter(self) -> str:
        """The length of its sequences: S for a source, T for a target."""
        return (self.column.source or "t")[0].upper()

    def move(self, x: float, y: float) -> None:
        """Moves all of it."""
        for box in self.boxes.values():
            box.x, box.y = box.x + x, box.y + y
        self.frames = [
            Area(f.left + x, f.bottom + y, f.right + x, f.top + y, f.times) for f in self.frames
        ]
        self.wires = [
            Wire([(px + x, py + y) for px, py in wire.points], wire.kind) for wire in self.wires
        ]
        self.words = [words._replace(x=words.x + x, y=words.y + y) for words in self.words]
        self.top += y


def steps(column: Column, links: Iterable[Link]) -> set[tuple[str, str]]:
    """Returns the pairs of neighbors of which the lower feeds the upper."""
    names = [block.name for block in column.blocks]
    flows = {(link.source, link.target) for link in links if link.kind == "data"}
    return flows & set(pairwise(names))


def stack(column: Column, links: Iterable[Link], outer: int) -> Stack:
    """Stacks a column's blocks; links that pass some of them by are not drawn yet.

    Args:
        column: of an outline.
        links: of the outline, all of them.
        outer: the side of the bypasses, left (-1) or right (1).
    """
    laid = Stack(column, outer)
    flows = steps(column, links)
    names = {block.name for block in column.blocks}
    tapped = {
        link.source
        for link in links
        if link.kind == "data" and link.target in names and (link.source, link.target) not in flows
    }
    below: Block | None = None
    y, told = 0.0, None
    for group in column.groups:
        for block in group.blocks:
            fed = below is not None and (below.name, block.name) in flows
            if below is not None and fed and below.width not in (None, told):
                told = below.width
                shape = f"(B, {laid.letter}, {told})"
                align = "left" if outer < 0 else "right"
                laid.words.append(Words(shape, -outer * 0.08, y + 0.13, align))
                y += TOLD
            if block is group.blocks[0] and group.times > 1:
                y += MARGIN
                start = y
            y += TAP if below is not None and below.name in tapped else GAP
            high = _height(block)
            width = ROUND if high == ROUND else WIDTH
            laid.boxes[block.name] = Box(block, 0.0, y + high / 2, width, high)
            if below is not None and fed:
                laid.wires.append(Wire([(0.0, laid.boxes[below.name].top), (0.0, y)]))
            if block.kind == "positions":
                laid.reach = SIGN
            y += high
            below = block
        if group.times > 1:
            y += MARGIN
            laid.frames.append(Area(0.0, start, 0.0, y, group.times))
    laid.top = y
    return laid


def _height(block: Block) -> float:
    if block.kind in ("sum", "positions"):
        return ROUND
    flat = block.kind == "normalization" or not (block.detail or block.size)
    return FLAT if flat else TALL
