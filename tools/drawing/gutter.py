"""The space between two columns: links from one to the other, and the blocks on their way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from drawing.geometry import LANE, Box, Wire, lanes
from drawing.outline import Link
from drawing.stack import TALL, Stack

WIDTH = 1.3  # of the blocks that stand here
STUB = 0.2  # how far what leaves a column at its top goes up


class Net(NamedTuple):
    """Links that leave a block together.

    Attributes:
        source: name of the block.
        kind: of the links.
        aside: whether they end at blocks that stand in the gutter.
    """

    source: str
    kind: str
    aside: bool


class Gutter:
    """The space between a column and those before it.

    Args:
        before: the columns before, at their places.
        laid: the column that the links end at.
        links: of the outline, all of them.
        left: the edge of the column before.

    Attributes:
        boxes: the blocks that stand here.
        wires: the links.
        width: from one column to the other.
    """

    def __init__(self, before: list[Stack], laid: Stack, links: Iterable[Link], left: float):
        self.laid, self.left = laid, left
        self.groups = {group.blocks[0].name: group for group in laid.column.aside}
        self.over = {list(other.boxes)[-1]: other.top + STUB for other in before}
        self.known = {name: box for other in before for name, box in other.boxes.items()}
        self.boxes: dict[str, Box] = {}
        self.wires: list[Wire] = []
        self.nets: dict[Net, list[Link]] = {}
        for link in links:
            comes = link.source in self.known or link.source in self.groups
            if comes and (link.target in laid.boxes or link.target in self.groups):
                net = Net(link.source, link.kind, link.target in self.groups)
                self.nets.setdefault(net, []).append(link)
        far = sum(net.source in self.known for net in self.nets)
        self.middle = left + (far + 1) * LANE + WIDTH / 2
        self.width = max(0.5, (far + 1) * LANE)
        if self.groups:
            self.width = (len(self.nets) + 2) * LANE + WIDTH

    def cross(self) -> None:
        """Places the blocks and draws the links, once the column is at its place."""
        self.known |= self.laid.boxes
        self._stand()
        ends, starts = self._ends(), self._starts()
        self._level(ends, starts)
        for far in (True, False):
            nets = [net for net in self.nets if (net.source in self.groups) != far]
            spans = []
            for net in nets:
                heights = [starts[net], *(ends[link.target, net] for link in self.nets[net])]
                spans.append((min(heights), max(heights)))
            first = self.left + LANE if far else self.middle + WIDTH / 2 + LANE
            if not self.groups:
                first = self.left + (self.width - (len(nets) - 1) * LANE) / 2
            for net, lane in zip(nets, lanes(spans, first, apart=0.3), strict=True):
                for link in self.nets[net]:
                    self._draw(net, link, starts[net], lane, ends[link.target, net])

    def _top(self, net: Net) -> bool:
        """Whether links leave their column at its top."""
        return net.source in self.over and net.kind == "data" and not net.aside

    def _stand(self) -> None:
        """Puts each block beside what it feeds, or below where something passes."""
        passing = [
            self.known[link.target].y
            for net, links in self.nets.items()
            for link in links
            if net.source not in self.groups and not net.aside
        ]
        waiting = dict(self.groups)
        while waiting:
            fed = {name: self._fed(name) for name in waiting}
            name = next(x for x in waiting if not any(link.target in waiting for link in fed[x]))
            group = waiting.pop(name)
            starts = [link for link in fed[name] if link.kind == "start"] or fed[name]
            kinds = {link.target: self.known[link.target].block.kind for link in starts}
            beside = [x for x in kinds if kinds[x] == "recurrent"] or list(kinds)
            # what feeds nothing, as a second output does, stands at the top
            top = max(box.y for box in self.known.values())
            y = min((self.known[x].y for x in beside), default=top)
            while any(abs(y - other) < TALL / 2 + 0.12 for other in passing) or any(
                abs(y - box.y) < TALL + 0.3 for box in self.boxes.values()
            ):
                y -= 0.05
            box = Box(group.blocks[0], self.middle, y, WIDTH, TALL, group.times)
            self.boxes[name] = self.known[name] = box

    def _fed(self, name: str) -> list[Link]:
        return [link for net, links in self.nets.items() if net.source == name for link in links]

    def _ends(self) -> dict[tuple[str, Net], float]:
        """The heights at which links meet the left sides of boxes."""
        met: dict[str, list[Net]] = {}
        for net, links in self.nets.items():
            for link in links:
                met.setdefault(link.target, []).append(net)
        found = {}
        for name, nets in met.items():
            order = {net: self._order(net, self.known[name].y) for net in nets}
            heights = self.known[name].ports(len(nets))
            for net, y in zip(sorted(nets, key=lambda net: order[net]), heights, strict=True):
                found[name, net] = y
        return found

    def _order(self, net: Net, y: float) -> tuple[int, int]:
        """From below, level, from above; of these the nearer to the outside, so none cross."""
        rise = self.known[net.source].y - y
        up = (rise > 0.2) - (rise < -0.2)
        return up, up * (net.source in self.groups)

    def _starts(self) -> dict[Net, float]:
        """The heights at which links leave the right sides of boxes, or run above a column."""
        found = {net: self.over[net.source] for net in self.nets if self._top(net)}
        for name in dict.fromkeys(net.source for net in self.nets):
            nets = [net for net in self.nets if net.source == name and not self._top(net)]
            if nets:
                found.update(zip(nets, self.known[name].ports(len(nets)), strict=True))
        return found

    def _level(self, ends: dict[tuple[str, Net], float], starts: dict[Net, float]) -> None:
        """Levels links that are almost level."""
        for net, links in self.nets.items():
            near = [x.target for x in links if abs(ends[x.target, net] - starts[net]) < 0.16]
            if self._top(net) or not near:
                continue
            if len(links) == 1 and sum(name == near[0] for name, _ in ends) == 1:
                ends[near[0], net] = starts[net]
            elif sum(other.source == net.source for other in starts) == 1:
                starts[net] = ends[near[0], net]

    def _draw(self, net: Net, link: Link, start: float, lane: float, end: float) -> None:
        source, target = self.known[link.source], self.known[link.target]
        if link.source in self.groups and net.aside:
            self.wires.append(Wire([(source.x, source.top), (source.x, target.bottom)], link.kind))
            return
        root = [(source.side(1, start), start)]
        if self._top(net):
            root = [(source.x, source.top), (source.x, start)]
        points = [*root, (lane, start), (lane, end), (target.side(-1, end), end)]
        self.wires.append(Wire(points, link.kind))
