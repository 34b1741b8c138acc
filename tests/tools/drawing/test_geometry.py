from __future__ import annotations

import pytest

from drawing.geometry import Box, lanes
from drawing.layout import count
from drawing.outline import Block

BLOCK = Block("a/0", "other", "a", "", 8, 0, 0)


def test_lanes_never_meet():
    spans = [(0, 9), (1, 2), (1.5, 4), (3, 5), (5.2, 8)]
    found = lanes(spans, first=1.0)
    for i, (low, high) in enumerate(spans):
        for j, (bottom, top) in enumerate(spans[:i]):
            if bottom <= high and low <= top:
                assert found[i] != found[j]
    assert found[1] == found[3] == found[4] == 1.0  # the short ones lie innermost
    assert lanes([], first=1.0) == []


def test_ports_are_even_and_inside():
    box = Box(BLOCK, x=0.0, y=1.0, width=2.0, height=0.4)
    assert box.ports(1) == [1.0]
    assert box.ports(2) == pytest.approx([0.935, 1.065])
    many = box.ports(9)
    assert box.bottom < many[0] < many[-1] < box.top


def test_a_circle_is_narrower_off_its_middle():
    circle = Box(BLOCK, x=0.0, y=0.0, width=2.0, height=2.0)
    assert circle.side(1, 0.0) == 1.0
    assert circle.side(-1, 0.6) == pytest.approx(-0.8)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0 k"),
        (9_949, "9.9 k"),
        (9_950, "10 k"),
        (999_499, "999 k"),
        (999_500, "1.0 M"),
        (88_040_000, "88.0 M"),
    ],
)
def test_counts_are_short(params, said):
    assert count(params) == said
