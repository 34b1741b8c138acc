"""Equal runs of layers that follow each other."""

from __future__ import annotations

from typing import NamedTuple

from drawing.graph import Node


class Run(NamedTuple):
    """A run of nodes and how often it is repeated.

    Attributes:
        times: of which all but the first are left out of a drawing.
        nodes: all of them, `len(nodes) // times` at a time.
    """

    times: int
    nodes: list[Node]

    @property
    def first(self) -> list[Node]:
        """The nodes that are drawn."""
        return self.nodes[: len(self.nodes) // self.times]


def runs(nodes: list[Node], everything: list[Node]) -> list[Run]:
    """Splits a column into runs, so that as many nodes as can be are repetitions.

    Args:
        nodes: one column, in order.
        everything: all nodes of the model, which may look at these.
    """
    place = {node: i for i, node in enumerate(nodes)}
    readers: dict[Node, list[Node]] = {node: [] for node in nodes}
    for node in everything:
        for source, _ in node.feeds:
            if source in readers:
                readers[source].append(node)

    def equal(a: int, b: int, start: int) -> bool:
        """Whether nodes a < b look alike and have like inputs, in runs that begin at start."""
        one, other = nodes[a], nodes[b]
        if _looks(one) != _looks(other) or len(one.feeds) != len(other.feeds):
            return False
        return all(
            kind == also and _same(x, y, a, b, start)
            for (x, kind), (y, also) in zip(one.feeds, other.feeds, strict=True)
        )

    def _same(x: str | Node, y: str | Node, a: int, b: int, start: int) -> bool:
        if x in place and y in place:
            return place[x] - a == place[y] - b or (x is y and place[x] < start)
        return _origin(x) == _origin(y) and x not in place and y not in place

    def closed(start: int, period: int, times: int) -> bool:
        """Whether only the last of the runs, or the next one, is read from outside a run."""
        for i in range(start, start + period * (times - 1)):
            this = (i - start) // period
            for reader in readers[nodes[i]]:
                at = place.get(reader)
                if at is not None and (at - start) // period not in (this, this + 1):
                    return False
        return True

    def split(low: int, high: int) -> list[Run]:
        best = (0, 0, low)  # nodes covered, minus the period, where
        for start in range(low, high):
            for period in range(1, (high - start) // 2 + 1):
                count = 0
                while start + period + count < high and equal(
                    start + count, start + period + count, start
                ):
                    count += 1
                times = 1 + count // period
                covers = (period * times, -period, start)
                if times > 1 and covers[:2] > best[:2] and closed(start, period, times):
                    best = covers
        covered, period, start = best[0], -best[1], best[2]
        if not covered:
            return [Run(1, nodes[low:high])] if low < high else []
        run = Run(covered // period, nodes[start : start + covered])
        return [*split(low, start), run, *split(start + covered, high)]

    return split(0, len(nodes))


def _looks(node: Node) -> tuple:
    part = node.part
    return part.kind, part.label, part.detail, node.width, part.size


def _origin(x: str | Node) -> object:
    return x if isinstance(x, str) else (x.column, x.part.kind)
