"""Registers the package's models, losses and metrics with Keras without importing Keras."""

from __future__ import annotations

import importlib
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from typing import Any

from kseq2seq.quiet import quiet_load

# Modules whose classes a compiled model's file may name; the last needs TensorFlow.
_REGISTERED = ("kseq2seq.models", "kseq2seq.metrics")
_REGISTERED_ON_TENSORFLOW = ("kseq2seq.training",)


class _OnKeras(MetaPathFinder):
    """A finder that registers once Keras is imported, by whatever module, and then steps aside.

    If a module of this package imports Keras, registering waits until that module is complete, too;
    likewise if TensorFlow does, which is loaded quietly.
    """

    def __init__(self) -> None:
        self.loading = 0

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        ours = fullname.rpartition(".")[0] == "kseq2seq"
        awaited = ours or fullname in ("keras", "tensorflow")
        spec = PathFinder.find_spec(fullname, path) if awaited else None
        if spec is None or spec.loader is None:
            return None
        load, loaded = spec.loader.exec_module, "tensorflow" in sys.modules

        def load_and_register(module: Any) -> None:
            self.loading += 1
            try:
                with quiet_load(loaded):
                    load(module)
            finally:
                self.loading -= 1
            if not self.loading and "keras" in sys.modules and self in sys.meta_path:
                sys.meta_path.remove(self)
                with quiet_load():
                    _register()

        spec.loader.exec_module = load_and_register  # type: ignore[method-assign]
        return spec


def register_with_keras() -> None:
    """Lets `keras.saving.load_model` find this package's classes, now or once Keras is imported.

    A class enters Keras' registry when its module is imported. Without this, `import kseq2seq`
    would have to import Keras, and TensorFlow with it, or every script that loads a model would
    have to name `custom_objects`.
    """
    if "keras" in sys.modules:
        _register()
    elif not any(isinstance(finder, _OnKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OnKeras())


def _register() -> None:
    on_tensorflow = sys.modules["keras"].backend.backend() == "tensorflow"
    for name in (*_REGISTERED, *(_REGISTERED_ON_TENSORFLOW if on_tensorflow else ())):
        importlib.import_module(name)
