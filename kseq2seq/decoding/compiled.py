"""Traced functions, kept beside the model they are of."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kseq2seq.layers import revision

MOST = 64  # kept for one model; the one that was not used for longest goes first
_TRACING = threading.RLock()  # Keras and AutoGraph trace one function at a time


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
    key = (*key, revision())
    with _TRACING:
        kept = model.__dict__.setdefault("_compiled", OrderedDict())
        if key not in kept:
            kept[key] = build()
            if len(kept) > MOST:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return kept[key]


def traced(function: Callable, jit_compile: bool = False) -> Any:
    """Returns a function as a graph, for few different shapes if it is compiled by XLA.

    TensorFlow counts the graphs of all models as one function's, and would warn that they are many.
    Several threads may call it: they run side by side, and trace one after the other.
    """
    made = tf.function(function, jit_compile=jit_compile, reduce_retracing=not jit_compile)
    made._omit_frequent_tracing_warning = True

    def call(*arguments: Any) -> Any:
        with _TRACING:
            graph = made.get_concrete_function(*arguments)
        return graph(*arguments)

    return call
