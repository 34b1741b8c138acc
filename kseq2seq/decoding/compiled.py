"""Graphs, and what else is built once, kept beside the model or the loop that they belong to."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kseq2seq.layers.adaptable import revision

MOST = 64  # results kept for one owner; the least recently used goes first
SHAPES = 1024  # of arguments, remembered for one function
_TRACING = threading.RLock()  # Keras and AutoGraph trace one function at a time
_KEEPING = threading.Lock()  # guards what is kept; held only for moments


def compiled(owner: Any, key: tuple, build: Callable[[], Any]) -> Any:
    """Returns what `build` makes for an owner and a key, building it once.

    The result is kept in the owner's `__dict__`, since Keras would track and save an attribute.
    Once a layer is quantized or adapted by LoRA, in any model, it is built again.

    Args:
        owner: a model, or what belongs to one.
        key: what the result depends on; hashable.
        build: makes the result.

    Example:
        >>> from types import SimpleNamespace
        >>> from kseq2seq.decoding.compiled import compiled
        >>> owner = SimpleNamespace()
        >>> compiled(owner, ("a",), list) is compiled(owner, ("a",), list)
        True
    """
    key = (*key, revision.number)
    kept = owner.__dict__.setdefault("_compiled", OrderedDict())
    if (result := _look_up(kept, key)) is not None:
        return result
    with _TRACING:
        if (result := _look_up(kept, key)) is None:  # no other thread was faster
            result = build()
            with _KEEPING:
                kept[key] = result
                if len(kept) > MOST:
                    kept.popitem(last=False)
    return result


def _look_up(kept: OrderedDict, key: tuple) -> Any:
    with _KEEPING:
        if key in kept:
            kept.move_to_end(key)
        return kept.get(key)


def traced(function: Callable, jit_compile: bool = False) -> Any:
    """Returns a function as a graph; with XLA, one that is compiled for each shape.

    Several threads may call it: they run side by side, and trace one after the other. For
    arguments of known shapes, a call neither waits for another thread's trace nor asks TensorFlow
    for the graph, which is slow.
    """
    graphs = tf.function(function, jit_compile=jit_compile, reduce_retracing=not jit_compile)
    # TensorFlow counts the graphs of all models as one function's, and would warn of their number.
    graphs._omit_frequent_tracing_warning = True
    known: dict[tuple, Any] = {}

    def call(*arguments: Any) -> Any:
        shapes = shapes_of(arguments)
        graph = known.get(shapes)
        if graph is None:
            with _TRACING:
                graph = graphs.get_concrete_function(*arguments)
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
