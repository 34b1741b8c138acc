"""Links within a column that pass blocks by, or lead from one step to the next."""

from __future__ import annotations

from collections.abc import Iterable

from drawing.geometry import LANE, Area, Wire, lanes
from drawing.outline import Link
from drawing.stack import MARGIN, WIDTH, Stack, steps

_Span = tuple[float, float]


def bypass(laid: Stack, links: Iterable[Link]) -> None:
    """Draws the bypasses of a column on its outer side, and widens its frames around them.

    Args:
        laid: a column that has not been moved.
        links: of the outline, all of them.
    """
    flows = steps(laid.column, links)
    nets: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        straight = link.kind == "data" and (link.source, link.target) in flows
        if link.source in laid.boxes and link.target in laid.boxes and not straight:
            nets.setdefault((link.source, link.kind), []).append(link)
    meet = _meetings(laid, [link for net in nets.values() for link in net])
    starts = {
        net: meet[net[0], "out"] if net[1] == "feedback" else _tap(laid, flows, net[0])
        for net in nets
    }
    spans = {}
    for net, members in nets.items():
        ends = [meet[link.target, (link.source, link.kind)] for link in members]
        spans[net] = (min(starts[net], *ends), max(starts[net], *ends))
    outward = _outward(laid, spans)
    for (source, kind), members in nets.items():
        box, start = laid.boxes[source], starts[source, kind]
        root = [(0.0, box.top), (0.0, start)]
        if kind == "feedback":
            root = [(box.side(laid.outer), start)]
        x = laid.outer * outward[source, kind]
        for link in members:
            end = meet[link.target, (source, kind)]
            head = (laid.boxes[link.target].side(laid.outer, end), end)
            laid.wires.append(Wire([*root, (x, start), (x, end), head], kind))


def _outward(laid: Stack, spans: dict[tuple, _Span]) -> dict[tuple, float]:
    """How far out each bypass runs: those within a frame inside of it, others outside."""
    inside: list[tuple] = []
    beside: list[tuple] = []
    beyond: list[tuple] = []
    for net, (low, high) in spans.items():
        meets = [f for f in laid.frames if f.bottom < high and low < f.top]
        within = any(f.bottom < low and high < f.top for f in meets)
        (inside if within else beyond if meets else beside).append(net)
    near = WIDTH / 2 + LANE
    found = dict(zip(inside, lanes([spans[net] for net in inside], near), strict=True))
    edge = max([WIDTH / 2, *found.values()]) + MARGIN
    found.update(zip(beside, lanes([spans[net] for net in beside], near), strict=True))
    far = max([edge if laid.frames else 0.0, *found.values()]) + LANE
    found.update(zip(beyond, lanes([spans[net] for net in beyond], far), strict=True))
    sides = sorted((laid.outer * edge, -laid.outer * (WIDTH / 2 + MARGIN)))
    laid.frames = [Area(sides[0], f.bottom, sides[1], f.top, f.times) for f in laid.frames]
    laid.reach = max([laid.reach, edge if laid.frames else 0.0, *found.values()])
    return found


def _tap(laid: Stack, flows: set[tuple[str, str]], source: str) -> float:
    """The height at which a bypass leaves the output of a block."""
    above = next((high for low, high in flows if low == source), None)
    return laid.boxes[above].bottom - 0.15 if above else laid.boxes[source].top + 0.15


def _meetings(laid: Stack, links: list[Link]) -> dict[tuple, float]:
    """The heights at which bypasses meet sides: by (target, (source, kind)) or (source, "out").

    At each box they are in the order of the other ends, so that fewer cross.
    """
    far: dict[str, dict] = {}
    for link in links:
        source, target = laid.boxes[link.source], laid.boxes[link.target]
        far.setdefault(link.target, {})[link.source, link.kind] = source.y
        if link.kind == "feedback":
            out = far.setdefault(link.source, {})
            own = 0.01 if link.source == link.target else 0.0
            out["out"] = min(target.y + own, out.get("out", target.y + own))
    found = {}
    for name, others in far.items():
        heights = laid.boxes[name].ports(len(others))
        for key, y in zip(sorted(others, key=lambda key: others[key]), heights, strict=True):
            found[name, key] = y
    return found
