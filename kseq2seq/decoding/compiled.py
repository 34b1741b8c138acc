"""Traced functions, kept beside the model they are of."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kseq2seq.layers.adaptable import revision

MOST = 64  # kept for one model; the one that was not used for longest goes first
SHAPES = 1024  # of arguments whose graph is known without asking TensorFlow
_TRACING = threading.RLock()  # Keras and AutoGraph trace one function at a time
_KEEPING = threading.Lock()  # guards the graphs that are kept; held only for moments


def compiled(model: Any, key: tuple, build: Callable[[], Any]) -> Any:
    """Returns what `build` made for a model and a key, building it once.

    Kept beside Keras' own attributes, which it would track and save. Once a layer is quantized or
    adapted by LoRA, in whatever model, it is built anew.

    Example:
        >>> from types import SimpleNamespace
        >>> from kseq2seq.decoding.compiled import compiled
        >>> model = SimpleNamespace()
        >>> compiled(model, ("a",), list) is compiled(model, ("a",), list)
        True
    """
    key = (*key, revision.number)
    kept = model.__dict__.setdefault("_compiled", OrderedDict())
    if (made := _found(kept, key)) is not None:
        return made
    with _TRACING:
        if (made := _found(kept, key)) is None:  # no other thread was faster
            made = build()
            with _KEEPING:
                kept[key] = made
                if len(kept) > MOST:
                    kept.popitem(last=False)
    return made


def _found(kept: OrderedDict, key: tuple) -> Any:
    with _KEEPING:
        if key in kept:
            kept.move_to_end(key)
        return kept.get(key)


def traced(function: Callable, jit_compile: bool = False) -> Any:
    """Returns a function as a graph, for few different shapes if it is compiled by XLA.

    TensorFlow counts the graphs of all models as one function's, and would warn that they are many.
    Several threads may call it: they run side by side, and trace one after the other. Arguments of
    shapes that were seen before neither wait for what another thread traces nor ask TensorFlow for
    their graph, which is slow.
    """
    made = tf.function(function, jit_compile=jit_compile, reduce_retracing=not jit_compile)
    made._omit_frequent_tracing_warning = True

    known: dict[tuple, Any] = {}

    def call(*arguments: Any) -> Any:
        shapes = shapes_of(arguments)
        graph = known.get(shapes)
        if graph is None:
            with _TRACING:
                graph = made.get_concrete_function(*arguments)
                if len(known) >= SHAPES:
                    known.clear()
                known[shapes] = graph
        return graph(*arguments)

    return call


def shapes_of(arguments: Any) -> tuple:
    """Returns dtype and shape of each tensor; the names in a structure are not among them."""
    return tuple(
        None if leaf is None else (leaf.dtype, str(leaf.shape))
        for leaf in tf.nest.flatten(arguments)
    )
