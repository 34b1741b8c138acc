"""The signatures of a TFLite flatbuffer as functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


class Signatures:
    """Runs a flatbuffer in this process.

    Args:
        content: the flatbuffer.
        threads: how many threads an operation may use.
        text_ops: whether it uses tensorflow-text's operations.

    Example:
        ::

            signatures = Signatures(content)
            encoded = signatures("encode", source=ids, source_length=length)
    """

    def __init__(self, content: bytes, threads: int = 1, text_ops: bool = False):
        from ai_edge_litert.interpreter import InterpreterWithCustomOps

        known = []
        if text_ops:
            from tensorflow_text.core.pybinds import tflite_registrar

            known = tflite_registrar.SELECT_TFTEXT_OPS
        self._interpreter = InterpreterWithCustomOps(
            custom_op_registerers=known, model_content=content, num_threads=threads
        )
        self._runners: dict[str, Any] = {}

    def __call__(self, name: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Runs the signature `name`."""
        if name not in self._runners:
            self._runners[name] = self._interpreter.get_signature_runner(name)
        return self._runners[name](**inputs)
