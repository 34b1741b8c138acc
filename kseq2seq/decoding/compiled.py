"""Traced functions, kept beside the model they are of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

MOST = 64  # kept for one model; the one that was not used for longest goes first


def compiled(model: Any, key: tuple, build: Callable[[], Any]) -> Any:
    """Returns what `build` made for a model and a key, building it once.

    Kept beside Keras' own attributes, which it would track and save.

    Example:
        >>> from types import SimpleNamespace
        >>> from kseq2seq.decoding.compiled import compiled
        >>> model = SimpleNamespace()
        >>> compiled(model, ("a",), list) is compiled(model, ("a",), list)
        True
    """
    kept = model.__dict__.setdefault("_compiled", OrderedDict())
    if key not in kept:
        kept[key] = build()
        if len(kept) > MOST:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]
