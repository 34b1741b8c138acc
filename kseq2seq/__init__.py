"""Sequence-to-sequence models for Keras 3: build, train, decode and export them whole.

Names are looked up on first use, so `import kseq2seq` itself loads neither TensorFlow nor Keras.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

__version__ = "0.1.0"

_HOMES = {
    "SpecialTokens": "special_tokens",
    "build_model": "models",
    "Seq2Seq": "models",
    "decode": "decoding",
    "Greedy": "decoding",
    "Beam": "decoding",
    "Pipeline": "pipeline",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kseq2seq' has no attribute {name!r}; it has {__all__}")
    return getattr(importlib.import_module(f"kseq2seq.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
