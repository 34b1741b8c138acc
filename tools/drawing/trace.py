"""The calls of a model's layers on symbolic tensors: its data flow."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import tree

from kseq2seq.decoders import Decoder
from kseq2seq.layers import PrefixBlock


@dataclass(eq=False)
class Call:
    """One call of a layer that is drawn, or of a layer that such a one holds.

    Attributes:
        layer: what was called.
        owner: the drawn layer: `layer` itself, or the one that holds it.
        column: the outermost part of the model around the call, None if there is none.
        causal: whether no later step is seen, as in a decoder.
        reverse: whether an embedding was called to give logits.
        inputs: its tensors, masks left out.
        outputs: what it made.
        around: weights of the entered layers around it, which are no drawn layer's own.
    """

    layer: keras.layers.Layer
    owner: keras.layers.Layer
    column: keras.layers.Layer | None
    causal: bool
    reverse: bool
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]
    around: list[keras.Variable] = field(default_factory=list)


@dataclass(eq=False)
class Carried:
    """One tensor of a decoder's state.

    Attributes:
        given: what the step read.
        first: what the first step reads.
        left: what the next step reads.
    """

    given: keras.KerasTensor
    first: Any
    left: Any


@dataclass(eq=False)
class Trace:
    """All calls of a model, in their order.

    Attributes:
        inputs: the model's inputs by name.
        calls: what was called.
        carried: the states of its decoders.
        output: what the model gave.
    """

    inputs: dict[str, keras.KerasTensor]
    calls: list[Call] = field(default_factory=list)
    carried: list[Carried] = field(default_factory=list)
    output: Any = None


def trace(model: keras.Model, drawn: Callable[[keras.layers.Layer], bool]) -> Trace:
    """Runs a model on symbolic tensors of one token and records the layers that are drawn.

    Layers for which `drawn` is false are entered. One token is enough: a decoder's step is the
    same for every token, and recurrences are unrolled. The model's layers keep nothing of it.

    Args:
        model: a functional model with named inputs.
        drawn: whether a layer is drawn whole.
    """
    made = Trace({name: _one(x) for name, x in model.input.items()})
    tracer = _Tracer(made, _owners(model, drawn))
    with _calls_of(tracer.owners, tracer.enter), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras doubts a softmax over one token
        made.output = model.call(made.inputs)
    return made


class _Tracer:
    def __init__(self, made: Trace, owners: dict[int, keras.layers.Layer | None]):
        self.made = made
        self.owners = owners
        self.inside: list[keras.layers.Layer] = []

    def enter(self, layer: keras.layers.Layer, args: tuple, kwargs: dict) -> Any:
        """Calls a layer, and records the call."""
        owner = self.owners[id(layer)]
        if owner is not None:
            return self.record(layer, owner, args, kwargs)
        calls = self.made.calls
        known = len(calls)
        self.inside.append(layer)
        try:
            call = self.step if isinstance(layer, Decoder) else type(layer).call
            made = call(layer, *args, **kwargs)
        except Exception:
            if any(isinstance(held, keras.Model | Decoder) for held in layer._flatten_layers()):
                raise
        else:
            own = layer._trainable_variables + layer._non_trainable_variables
            if len(calls) > known:
                calls[-1].around.extend(own)
            if len(calls) > known or not own:
                return made
        finally:
            self.inside.pop()
        del calls[known:]  # what can't be entered with symbolic tensors is drawn whole
        return self.record(layer, layer, args, kwargs)

    def step(self, decoder: Decoder, *args: Any, **kwargs: Any) -> Any:
        """Takes a decoder's step from a fresh state, whose readers the graph then finds."""
        tokens, context, state = args
        given = tree.map_structure(_one, state)
        step = decoder.call(tokens, context, given, **kwargs)
        leaves = [tree.flatten(x) for x in (given, state, step.state)]
        self.made.carried.extend(map(Carried, *leaves))
        return step

    def record(
        self, layer: keras.layers.Layer, owner: keras.layers.Layer, args: tuple, kwargs: dict
    ) -> Any:
        given = (args, kwargs)
        dense = tree.map_structure(lambda x: _one(x) if _symbolic(x) else x, given)
        outputs = _Shapes(layer).compute_output_spec(*dense[0], **dense[1])
        call = Call(
            layer,
            owner,
            column=self.inside[0] if self.inside else None,
            causal=any(map(_causal, self.inside)),
            reverse=bool(kwargs.get("reverse")),
            inputs=_tensors(given),
            outputs=_tensors(outputs),
        )
        self.made.calls.append(call)
        return outputs


class _Shapes(keras.Operation):
    """Computes the output shapes of a layer, called as usual: with its mask and in its dtype."""

    def __init__(self, layer: keras.layers.Layer):
        super().__init__()
        self.layer = layer

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return self.layer(*args, **kwargs)


def _one(x: Any) -> keras.KerasTensor:
    """A fresh tensor like `x`, its unknown axes of size one.

    It is dense, which Keras' own products with a number are not.
    """
    shape = tuple(size or 1 for size in x.shape)
    return keras.KerasTensor(shape, keras.backend.standardize_dtype(x.dtype))


def _causal(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, Decoder) or (isinstance(layer, PrefixBlock) and layer.causal)


def _symbolic(x: Any) -> bool:
    return isinstance(x, keras.KerasTensor)


def _tensors(structure: Any) -> list[keras.KerasTensor]:
    return [x for x in tree.flatten(structure) if _symbolic(x) and x.dtype != "bool"]


def _owners(model: keras.Model, drawn: Callable) -> dict[int, keras.layers.Layer | None]:
    """For each layer by id: itself if it is drawn, else the drawn layer that holds it, or None.

    A layer that is held by a drawn layer and also by one that is entered is its own.
    """
    owners: dict[int, keras.layers.Layer | None] = {}
    found: list[keras.layers.Layer] = []

    def visit(layer: keras.layers.Layer) -> None:
        if id(layer) in owners:
            return
        owners[id(layer)] = layer if drawn(layer) else None
        if owners[id(layer)] is not None:
            found.append(layer)
            return
        for held in layer._layers:
            visit(held)

    visit(model)
    for layer in found:
        for held in layer._flatten_layers(include_self=False):
            owners.setdefault(id(held), layer)
    return owners


@contextmanager
def _calls_of(layers: dict[int, Any], enter: Callable) -> Iterator[None]:
    """Inside, symbolic calls of these layers go to `enter`.

    Keras would record each as a node of the layer's graph for good, and refuses layers that give
    None among their outputs.
    """
    call, remat = keras.layers.Layer.__call__, keras.remat

    def entered(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        if id(layer) in layers and any(map(_symbolic, tree.flatten((args, kwargs)))):
            return enter(layer, args, kwargs)
        return call(layer, *args, **kwargs)

    keras.layers.Layer.__call__ = entered
    keras.remat = lambda function: function  # matters for gradients only
    try:
        yield
    finally:
        keras.layers.Layer.__call__ = call
        keras.remat = remat
