"""A model as blocks and links: the content of a drawing, without positions."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from drawing.graph import Graph, Node
from drawing.kinds import is_drawn
from drawing.repeats import Run, runs
from drawing.trace import trace

_ACRONYMS = ("rnn", "gru", "lstm", "lm")


@dataclass(frozen=True)
class Block:
    """A box of a drawing.

    Attributes:
        name: unlike all others.
        kind: "embedding", "positions", "recurrent", "convolution", "attention", "feed-forward",
            "normalization", "output", "other", or "sum", whose label is "+" or "×".
        label: what it is.
        detail: its sizes.
        width: of its output.
        size: how many weights one such layer has.
        params: how many weights it adds to the model, with all its repetitions; those that an
            earlier block has are not counted again.
    """

    name: str
    kind: str
    label: str
    detail: str
    width: int | None
    size: int
    params: int


@dataclass(frozen=True)
class Group:
    """Blocks that follow each other, and how often they are repeated.

    Attributes:
        times: at least 1.
        blocks: from the bottom upwards.
    """

    times: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Column:
    """A part of a model, such as its encoder.

    Attributes:
        title: its name.
        source: the name of the input that it reads, None if it reads none.
        shape: of a row of that input; () if it reads none. None is a length that varies.
        groups: from the bottom upwards.
        aside: blocks that do not see that input: they prepare the output of other columns.
        params: how many weights it adds to the model.
    """

    title: str
    source: str | None
    shape: tuple[int | None, ...]
    groups: tuple[Group, ...]
    aside: tuple[Group, ...]
    params: int

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks of the groups."""
        return tuple(block for group in self.groups for block in group.blocks)


@dataclass(frozen=True)
class Link:
    """An arrow.

    Attributes:
        source: name of a block or of an input.
        target: name of a block.
        kind: "data"; "start", for a state before the first step; or "feedback", for what a step
            hands to the next.
    """

    source: str
    target: str
    kind: str


@dataclass(frozen=True)
class Outline:
    """A model, ready to be drawn.

    Attributes:
        title: the architecture.
        params: how many weights the model has.
        columns: in the order in which they run.
        links: all arrows.
        output: name of the block whose output is the model's.
    """

    title: str
    params: int
    columns: tuple[Column, ...]
    links: tuple[Link, ...]
    output: str


def outline(model: keras.Model) -> Outline:
    """Returns the blocks and links of a model, found by running it symbolically.

    Args:
        model: any model of `build_model`.

    Returns:
        Its `Outline`. Layers that are not known are blocks with the names of their classes.

    Raises:
        TypeError: `model` is no model with named inputs.

    Example:
        >>> from kseq2seq import build_model
        >>> from drawing.outline import outline
        >>> lines = outline(build_model("gru", source=50, target=60, hidden_dim=8, num_layers=2))
        >>> for group in lines.columns[0].groups:
        ...     print(group.times, [block.label for block in group.blocks])
        1 ['Embedding']
        2 ['GRU']
    """
    if not isinstance(model, keras.Model) or not isinstance(getattr(model, "input", None), dict):
        raise TypeError(f"`model` must be a model that `build_model` returned; got {model!r}.")
    graph = Graph(trace(model, is_drawn))
    drawn = _Drawn(graph, {name: tuple(x.shape[1:]) for name, x in model.input.items()})
    columns = [drawn.column(part) for part in dict.fromkeys(node.column for node in graph.nodes)]
    return Outline(
        title=_words(model.name),
        params=model.count_params(),
        columns=tuple(columns),
        links=tuple(drawn.links()),
        output=drawn.names[graph.output],
    )


def _words(name: str) -> str:
    words = name.replace("_", " ").split()
    words = [word.upper() if word in _ACRONYMS else word for word in words]
    return " ".join(words)[:1].upper() + " ".join(words)[1:]


class _Drawn:
    """The blocks drawn so far."""

    def __init__(self, graph: Graph, shapes: dict[str, tuple[int | None, ...]]):
        self.nodes, self.output = graph.nodes, graph.output
        self.shapes = shapes
        self.names: dict[Node, str] = {}
        self.copies: dict[Node, tuple[Run, int]] = {}
        self.counted: set[int] = set()

    def column(self, part: keras.layers.Layer | None) -> Column:
        title = _words(part.name) if part is not None else "Model"
        nodes = [node for node in self.nodes if node.column is part]
        inputs = [x for node in nodes for x, _ in node.feeds if isinstance(x, str)]
        spine = _reached(nodes)
        aside = _alike([node for node in nodes if node not in spine])
        up = runs([node for node in nodes if node in spine], self.nodes)
        groups = tuple(self.group(title, run) for run in up)
        besides = tuple(self.group(title, run) for run in aside)
        params = sum(b.params for g in (*groups, *besides) for b in g.blocks)
        source = inputs[0] if inputs else None
        shape = () if source is None else self.shapes[source]
        return Column(title, source, shape, groups, besides, params)

    def group(self, title: str, run: Run) -> Group:
        period = len(run.first)
        for i, node in enumerate(run.nodes):
            self.copies[node] = run, i // period
        blocks = [self.block(title, run.nodes[i::period]) for i in range(period)]
        return Group(run.times, tuple(blocks))

    def block(self, title: str, copies: list[Node]) -> Block:
        name = f"{title}/{len(set(self.names.values()))}"
        params = 0
        for copy in copies:
            self.names[copy] = name
            new = [w for w in copy.part.weights if id(w) not in self.counted]
            self.counted.update(map(id, new))
            params += copy.part._replace(weights=new).size
        part, width = copies[0].part, copies[0].width
        kind = "output" if self.output in copies and part.kind == "feed-forward" else part.kind
        return Block(name, kind, part.label, part.detail, width, part.size, params)

    def links(self) -> list[Link]:
        """The links between blocks; none from one repetition to the next."""
        found: dict[Link, None] = {}
        for node in self.nodes:
            name = self.names[node]
            if node.part.kind == "recurrent":
                found[Link(name, name, "feedback")] = None
            for x, kind in node.feeds:
                if isinstance(x, str):
                    found[Link(x, name, kind)] = None
                elif not self.successive(x, node):
                    found[Link(self.names[x], name, kind)] = None
        between = {(link.source, link.target) for link in found if link.kind == "data"}
        return [
            link
            for link in found
            if link.kind != "feedback" or (link.source, link.target) not in between
        ]

    def successive(self, one: Node, other: Node) -> bool:
        (run, time), (also, later) = self.copies[one], self.copies[other]
        return run is also and time != later


def _reached(nodes: list[Node]) -> set[Node]:
    """The nodes that depend on more than the output of other columns."""
    reached = {
        node for node in nodes if not node.feeds or any(isinstance(x, str) for x, _ in node.feeds)
    }
    while True:
        more = {
            node
            for node in nodes
            if any(x in reached and kind != "start" for x, kind in node.feeds)
        }
        if more <= reached:
            return reached
        reached |= more


def _alike(nodes: list[Node]) -> list[Run]:
    """Groups the nodes that look alike and have the same inputs."""
    found: dict[tuple, list[Node]] = {}
    for node in nodes:
        part = node.part
        looks = part.kind, part.label, part.detail, node.width
        found.setdefault((looks, tuple(node.feeds)), []).append(node)
    return [Run(len(same), same) for same in found.values()]
