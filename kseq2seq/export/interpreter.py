"""The signatures of a TFLite flatbuffer as functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


class Signatures:
    """Runs a flatbuffer in this process.

    Args:
        content: the flatbuffer.
        threads: how many threads an operation may use.

    Example:
        ::

            signatures = Signatures(content)
            encoded = signatures("encode", source=ids, source_length=length)
    """

    def __init__(self, content: bytes, threads: int = 1):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=content, num_threads=threads)
        self._runners: dict[str, Any] = {}

    def __call__(self, name: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Runs the signature `name`."""
        if name not in self._runners:
            self._runners[name] = self._interpreter.get_signature_runner(name)
        return self._runners[name](**inputs)
