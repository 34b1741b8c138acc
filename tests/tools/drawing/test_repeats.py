from __future__ import annotations

from itertools import pairwise

from drawing.graph import Node
from drawing.kinds import Part
from drawing.repeats import runs


def chain(labels, extra=()):
    """Nodes that feed each other in turn, and the extra links (source, target)."""
    nodes = [Node(Part("other", label, "", []), None, 8) for label in labels]
    for below, above in pairwise(nodes):
        above.feeds.append((below, "data"))
    for source, target in extra:
        nodes[target].feeds.append((nodes[source], "data"))
    return nodes


def found(nodes):
    made = runs(nodes, nodes)
    return [(run.times, "".join(node.part.label for node in run.first)) for run in made]


def test_longest_repetition_of_the_shortest_run():
    assert found(chain("eaaaa")) == [(1, "e"), (4, "a")]
    assert found(chain("eabababo")) == [(1, "e"), (3, "ab"), (1, "o")]
    assert found(chain("eaabbb")) == [(1, "e"), (2, "a"), (3, "b")]
    assert found(chain("eabco")) == [(1, "eabco")]
    assert found([]) == []


def test_a_bypass_within_every_run_repeats_with_it():
    # e a+ a+ a+ : each sum takes what its run was given
    nodes = chain("ea+a+a+", [(0, 2), (2, 4), (4, 6)])
    assert found(nodes) == [(1, "e"), (3, "a+")]


def test_a_link_from_below_all_runs_repeats_with_them():
    nodes = chain("ea+a+a+", [(0, 2), (0, 4), (0, 6)])
    assert found(nodes) == [(1, "e"), (3, "a+")]


def test_what_is_read_from_outside_does_not_repeat():
    # the top reads the first a, which a frame around both would hide
    nodes = chain("eaao", [(1, 3)])
    assert found(nodes) == [(1, "eaao")]


def test_different_widths_do_not_repeat():
    nodes = chain("aaa")
    nodes[0].width = 4
    assert found(nodes) == [(1, "a"), (2, "a")]
