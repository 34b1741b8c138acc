"""The symbolic inputs of every model over tokens."""

from __future__ import annotations

import keras


def token_input(name: str) -> keras.KerasTensor:
    """Returns an input for int32 ids (B, any length)."""
    return keras.Input((None,), dtype="int32", name=name)


def mask_input(name: str) -> keras.KerasTensor:
    """Returns an input for a bool mask (B, any length), True = real token."""
    return keras.Input((None,), dtype="bool", name=name)
