"""Sequence-to-sequence models for Keras 3: build, train, decode and export them whole.

Names are looked up on first use, so `import kseq2seq` itself loads neither TensorFlow nor Keras.
Import it before them to keep the log of TensorFlow's C++ libraries off your terminal; Python's
warnings, exceptions and loggers are left as they are. `TF_CPP_MIN_LOG_LEVEL=0` in the environment
brings the log back.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from kseq2seq.hints import instead
from kseq2seq.quiet import quiet_load
from kseq2seq.registration import register_with_keras

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"

_HOMES = {
    "SpecialTokens": "special_tokens",
    "Seq2Seq": "models",
    "build_model": "models",
    "Beam": "decoding",
    "Contrastive": "decoding",
    "DiverseBeam": "decoding",
    "Ensemble": "decoding",
    "Greedy": "decoding",
    "Sample": "decoding",
    "Speculative": "decoding",
    "decode": "decoding",
    "TokenCrossEntropy": "training",
    "Pipeline": "pipeline",
}
_FLOORS = (
    "layers",
    "encoders",
    "decoders",
    "heads",
    "models",
    "contracts",
    "decoding",
    "plot",
    "text",
    "speech",
    "image",
    "data",
    "corpora",
    "metrics",
    "baselines",
    "training",
    "runs",
    "export",
    "pipeline",
    "cli",
)

__all__ = [*sorted(_HOMES), *_FLOORS]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(
            f"module 'kseq2seq' has no attribute {name!r}. {instead(name, __all__)}"
        )
    try:
        with quiet_load():
            module = importlib.import_module(f"kseq2seq.{_HOMES.get(name, name)}")
    except ModuleNotFoundError as error:
        if error.name != "tensorflow":
            raise
        raise ModuleNotFoundError(
            f"kseq2seq.{name} needs TensorFlow, which is not installed; layers, encoders, decoders "
            "and models run on any backend of Keras without it.",
            name="tensorflow",
        ) from error
    return getattr(module, name) if name in _HOMES else module


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


register_with_keras()
