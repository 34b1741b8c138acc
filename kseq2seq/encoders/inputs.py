"""The symbolic inputs of every model over tokens."""

from __future__ import annotations

import keras
from keras import ops


def token_input(name: str) -> keras.KerasTensor:
    """Returns an input for int32 ids (B, any length)."""
    return keras.Input((None,), dtype="int32", name=name)


def mask_input(name: str) -> keras.KerasTensor:
    """Returns an input for a mask (B, any length), int32, 0 at padding.

    A bool mask may be given, which Keras casts. The input is declared as numbers because Keras adds
    up batches that several devices share, and bools have no sum.
    """
    return token_input(name)


def source_inputs() -> dict[str, keras.KerasTensor]:
    """Returns the inputs of an encoder: "source" and "source_mask", both (B, S).

    Example:
        >>> from kseq2seq.encoders.inputs import real_places, source_inputs
        >>> real_places(source_inputs()).dtype
        'bool'
    """
    return {"source": token_input("source"), "source_mask": mask_input("source_mask")}


def real_places(inputs: dict[str, keras.KerasTensor]) -> keras.KerasTensor:
    """Returns the mask in `source_inputs` as bool (B, S), True = real token."""
    return ops.cast(inputs["source_mask"], "bool")
