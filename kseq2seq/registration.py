"""Makes Keras know the package's model type without loading Keras for it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.abc import MetaPathFinder
from typing import Any

from kseq2seq.quiet import quiet_load


class _OnKeras(MetaPathFinder):
    """Waits for the import of Keras, then steps aside."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_register(module: Any) -> None:
            with quiet_load():
                load(module)
                importlib.import_module("kseq2seq.models")

        spec.loader.exec_module = load_and_register  # type: ignore[method-assign]
        return spec


def register_with_keras() -> None:
    """Has `keras.saving.load_model` find `Seq2Seq`, now or as soon as Keras is imported.

    Keras looks classes up in a registry that a class enters when its module is imported. So
    `import kseq2seq` would have to import Keras, and TensorFlow with it, or every script that loads
    a model would have to name `custom_objects`; this does neither.
    """
    if "keras" in sys.modules:
        importlib.import_module("kseq2seq.models")
    elif not any(isinstance(finder, _OnKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OnKeras())
