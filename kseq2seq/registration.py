"""Makes Keras know the package's models, losses and metrics without loading Keras for it."""

from __future__ import annotations

import importlib
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from typing import Any

from kseq2seq.quiet import quiet_load

# What a compiled model's file may name; the latter needs TensorFlow, whatever Keras runs on.
_REGISTERED = ("kseq2seq.models", "kseq2seq.metrics")
_REGISTERED_ON_TENSORFLOW = ("kseq2seq.training",)


class _OnKeras(MetaPathFinder):
    """Waits until Keras is imported, by whomever, then registers and steps aside.

    Where a module of this package is what imports Keras, it waits for that module too: it could
    not be used half-made. So it does where TensorFlow is imported, which imports Keras itself, and
    loads it quietly.
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
    """Has `keras.saving.load_model` find what this package made, now or once Keras is imported.

    Keras looks classes up in a registry that a class enters when its module is imported. So
    `import kseq2seq` would have to import Keras, and TensorFlow with it, or every script that loads
    a model would have to name `custom_objects`; this does neither.
    """
    if "keras" in sys.modules:
        _register()
    elif not any(isinstance(finder, _OnKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OnKeras())


def _register() -> None:
    on_tensorflow = sys.modules["keras"].backend.backend() == "tensorflow"
    for name in (*_REGISTERED, *(_REGISTERED_ON_TENSORFLOW if on_tensorflow else ())):
        importlib.import_module(name)
