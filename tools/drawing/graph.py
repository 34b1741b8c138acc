"""Which drawn layer feeds which, found by walking back from each layer's inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import keras

from drawing.kinds import Part, describe
from drawing.trace import Call, Carried, Trace

_SUMS = {"Add": "+", "Multiply": "×"}
_TOLD = {"Tanh": "tanh", "Relu": "relu", "Gelu": "gelu", "Silu": "swish", "Max": "maxout"}
_CONSTANT = ("ZerosLike", "OnesLike")


@dataclass(eq=False)
class Node:
    """A drawn layer, or a sum of the outputs of several.

    Attributes:
        part: what is drawn.
        column: the part of the model that it stands in.
        width: of its output, None for ids.
        summary: whether it makes one vector of a whole sequence.
        feeds: its inputs: the name of a model's input, or a node; and the kind of the link.
    """

    part: Part
    column: keras.layers.Layer | None
    width: int | None
    summary: bool = False
    feeds: list[tuple[str | Node, str]] = field(default_factory=list)


class Graph:
    """The drawn layers of a model, each after all that feed it within a step.

    Attributes:
        nodes: in order.
        output: the node whose output is the model's.
    """

    def __init__(self, traced: Trace):
        units = _units(traced.calls)
        self.nodes: list[Node] = []
        self._names = {id(x): name for name, x in traced.inputs.items()}
        self._carried = {id(x.given): x for x in traced.carried}
        self._made = {id(x): (call, i) for call in traced.calls for i, x in enumerate(call.outputs)}
        self._drawn = {id(call): unit.nodes[-1] for unit in units for call in unit.calls}
        self._sums: dict[int, Node] = {}
        for unit in units:
            for x in [x for call in unit.calls for x in call.inputs]:
                sources = self._sources(x, None, unit.nodes[-1])
                self._feed(unit.nodes[0], sources, unit.nodes[-1])
            for below, above in pairwise(unit.nodes):
                above.feeds.append((below, "data"))
            self.nodes.extend(unit.nodes)
        self.output = self._sources(keras.tree.flatten(traced.output)[0], None, None)[-1]
        self._prune()
        self._settle()

    def _prune(self) -> None:
        """Removes nodes without weights that no other reads."""
        read = {source for node in self.nodes for source, _ in node.feeds}
        kept = [x for x in self.nodes if x.part.weights or x in read or x is self.output]
        if len(kept) < len(self.nodes):
            self.nodes = kept
            self._prune()

    def _settle(self) -> None:
        """Moves summaries to the column that reads them, and columns without an input to others."""
        for node in self.nodes:
            readers = [x for x in self.nodes if any(source is node for source, _ in x.feeds)]
            if node.summary and readers:
                node.column = readers[0].column
        for column in dict.fromkeys(node.column for node in self.nodes):
            nodes = [node for node in self.nodes if node.column is column]
            feeds = [x for node in nodes for x, _ in node.feeds]
            others = [x.column for x in feeds if isinstance(x, Node) and x.column is not column]
            if others and not any(isinstance(x, str) for x in feeds):
                for node in nodes:
                    node.column = others[0]

    def _feed(self, node: Node, sources: list, own: Node | None = None) -> None:
        """Adds the inputs of a node; `own` does not feed itself."""
        for source in sources:
            if isinstance(source, Carried):
                found = [(x, "start") for x in self._sources(source.first, None, node)]
                found += [(x, "feedback") for x in self._sources(source.left, None, node)]
            else:
                found = [(source, "data")] if source is not own else []
            for x, kind in found:
                if not isinstance(x, Carried) and (x, kind) not in node.feeds:
                    node.feeds.append((x, kind))

    def _sources(self, x: Any, features: range | None, reader: Node | None) -> list:
        """The origins of `x`, or of some features of its last axis: names, nodes and states."""
        if id(x) in self._names:
            return [self._names[id(x)]]
        if id(x) in self._carried:
            return [self._carried[id(x)]]
        if id(x) not in self._made:
            history = getattr(x, "_keras_history", None)
            if history is None or history.operation is None:
                return []
            operation = history.operation
            arguments = operation._inbound_nodes[history.node_index].arguments
            inputs = [given for given in arguments.keras_tensors if given.dtype != "bool"]
            if type(operation).__name__ == "GetItem":
                features = _sliced(inputs[0], arguments.args[1], features)
                return self._sources(inputs[0], features, reader)
            return self._through(operation, x, inputs, features, reader)
        call, index = self._made[id(x)]
        if id(call) in self._drawn:
            return [self._drawn[id(call)]]
        alike = len(call.inputs) == len(call.outputs)
        inputs = [call.inputs[index]] if alike else call.inputs
        return self._through(call.layer, x, inputs, features, reader)

    def _through(
        self, operation: Any, x: Any, inputs: list, features: range | None, reader: Node | None
    ) -> list:
        """The origins of the output of an operation that is not drawn; a sum of several is one."""
        name = type(operation).__name__
        if name in _CONSTANT:
            return []
        if name == "Concatenate" and operation.axis in (-1, len(x.shape) - 1) and features:
            inputs, features = _overlapping(inputs, features), None
        found = []
        for given in inputs:
            kept = features if given.shape[-1:] == x.shape[-1:] else None
            found.append(self._sources(given, kept, reader))
        found = [sources for sources in found if sources]
        union = list(dict.fromkeys(source for sources in found for source in sources))
        if reader in union:  # in the midst of a drawn layer
            return union
        if name in _TOLD:
            _tell(union, _TOLD[name], x.shape[-1])
        if name in _SUMS and any(set(sources) != set(found[0]) for sources in found):
            return [self._sum(x, _SUMS[name], union, reader)]
        return union

    def _sum(self, x: Any, sign: str, sources: list, reader: Node | None) -> Node:
        if id(x) not in self._sums:
            columns = [source.column for source in sources if isinstance(source, Node)]
            here = reader is not None and reader.column in columns
            home = reader.column if reader is not None and here else columns[-1]
            node = Node(Part("sum", sign, "", []), home, x.shape[-1])
            self._feed(node, sources)
            self.nodes.append(node)
            self._sums[id(x)] = node
        return self._sums[id(x)]


@dataclass(eq=False)
class _Unit:
    """The calls of a drawn layer and of those it holds, in one use, and the nodes it becomes."""

    calls: list[Call] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)


def _units(calls: list[Call]) -> list[_Unit]:
    """Collects calls into units, in the order of their last calls."""
    open_: dict[tuple, _Unit] = {}
    units: list[_Unit] = []
    for call in calls:
        parts = describe(call.owner, call.causal, call.reverse)
        if not parts:
            continue
        parts[-1] = parts[-1]._replace(weights=[*parts[-1].weights, *call.around])
        key = (call.column, call.owner, call.reverse)
        if key in open_ and all(call.layer is not other.layer for other in open_[key].calls):
            units.remove(open_[key])
        else:
            open_[key] = _Unit()
        unit = open_[key]
        unit.calls.append(call)
        made = call.outputs[0]
        width = None if "int" in made.dtype else made.shape[-1]
        summary = not call.causal and len(made.shape) == 2 and width is not None
        unit.nodes = [Node(part, call.column, width, summary) for part in parts]
        units.append(unit)
    return units


def _tell(sources: list, operation: str, width: int) -> None:
    """Adds an operation on a layer's output to the description of that layer."""
    for node in sources:
        if isinstance(node, Node) and operation not in node.part.detail:
            told = " · ".join(filter(None, (node.part.detail, operation)))
            node.part, node.width = node.part._replace(detail=told), width


def _sliced(x: Any, key: Any, features: range | None) -> range | None:
    """The features of `x` that `x[key]` is made of, or that the given features of it are."""
    keys = [k for k in (key if isinstance(key, tuple) else (key,)) if k is not None]
    last = keys[-1] if Ellipsis in keys or len(keys) == len(x.shape) else slice(None)
    if not isinstance(last, slice):
        return None
    part = range(x.shape[-1])[last]
    return part if features is None else part[features.start : features.stop]


def _overlapping(inputs: list, features: range) -> list:
    """Those of the concatenated inputs that hold some of the features."""
    kept, start = [], 0
    for x in inputs:
        stop = start + x.shape[-1]
        if features.start < stop and features.stop > start:
            kept.append(x)
        start = stop
    return kept
