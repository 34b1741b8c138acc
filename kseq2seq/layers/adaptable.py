"""Keras' layers with one large matrix, whose LoRA is saved and whose subclasses are quantized."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import keras
from keras import ops

_FACTORS, _SCALE = ("lora_a", "lora_b"), "lora_scale"


class _Revision:
    """Counts how often layers were quantized or adapted: older graphs may be outdated."""

    number = 0

    def __call__(self) -> int:
        """Returns the number."""
        return self.number


revision = _Revision()


def _count() -> None:
    revision.number += 1


def watch(layer: keras.layers.Layer) -> None:
    """Makes `revision` count changes of the parts of a layer that are not `Adaptable`, too."""
    for part in layer._flatten_layers():
        for name in ("quantize", "enable_lora"):
            change = getattr(part, name, None)
            if change is not None and not isinstance(part, Adaptable | keras.Model):
                vars(part)[name] = _counting(change)


def _counting(change: Callable) -> Callable:
    if hasattr(change, "counts"):  # of a part that two models share
        return change

    @wraps(change)
    def counted(*args: Any, **kwargs: Any) -> Any:
        _count()
        return change(*args, **kwargs)

    vars(counted)["counts"] = True
    return counted


class Adaptable:
    """Mixed into a Keras layer, saves the factors of LoRA and allows quantization.

    Keras saves a layer with the product of its factors added to its matrix, and loads both factors
    as zeros, which have no gradient. Here the factors are saved beside the matrix. Loaded into a
    layer without LoRA, they are added to its matrix.

    Keras quantizes only its own classes, not subclasses; these compute the same, so it is safe.
    """

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """See `keras.layers.Layer.quantize`."""
        _count()
        super().quantize(mode, type_check=False, config=config)  # type: ignore[misc]

    def enable_lora(self, rank: int, *args: Any, **kwargs: Any) -> None:
        """See `keras.layers.Dense.enable_lora`."""
        _count()
        super().enable_lora(rank, *args, **kwargs)  # type: ignore[misc]

    def save_own_variables(self, store: Any) -> None:
        """See `keras.layers.Layer`."""
        layer: Any = self
        if not layer.lora_enabled:
            super().save_own_variables(store)  # type: ignore[misc]
            return
        layer.lora_enabled = False  # so that Keras leaves the matrix as it is
        try:
            super().save_own_variables(store)  # type: ignore[misc]
        finally:
            layer.lora_enabled = True
        for name, factor in zip(_FACTORS, self._factors(), strict=True):
            store[name] = factor
        store[_SCALE] = ops.convert_to_tensor(layer.lora_alpha / layer.lora_rank, "float32")

    def load_own_variables(self, store: Any) -> None:
        """See `keras.layers.Layer`."""
        layer: Any = self
        saved = set(store.keys())
        own = {name: store[name] for name in saved if not name.startswith("lora_")}
        super().load_own_variables(own)  # type: ignore[misc]
        if layer.lora_enabled:
            first, second = self._factors()
            if saved >= set(_FACTORS):
                first.assign(store["lora_a"])
                second.assign(store["lora_b"])
            else:  # the product is zero, as Keras left it, but can be learned
                first.assign(keras.initializers.HeUniform()(first.shape, first.dtype))
        elif saved >= set(_FACTORS):
            if layer.quantization_mode is not None:
                raise ValueError(
                    f"The file has LoRA factors for {layer.name!r}, which is quantized and has no "
                    "LoRA. Enable LoRA with the rank that the file has, or load it unquantized."
                )
            product = ops.matmul(*(ops.convert_to_tensor(store[name]) for name in _FACTORS))
            matrix = self._matrix()
            product = ops.convert_to_tensor(store[_SCALE]) * ops.cast(product, "float32")
            matrix.assign(ops.cast(ops.cast(matrix, "float32") + product, matrix.dtype))

    def _factors(self) -> tuple[Any, Any]:
        kind = "embeddings" if hasattr(self, "lora_embeddings_a") else "kernel"
        return getattr(self, f"lora_{kind}_a"), getattr(self, f"lora_{kind}_b")

    def _matrix(self) -> Any:
        return getattr(self, "_embeddings" if hasattr(self, "_embeddings") else "_kernel")


@keras.saving.register_keras_serializable(package="kseq2seq")
class Dense(Adaptable, keras.layers.Dense):
    """Keras' dense layer, but LoRA is saved whole; see `Adaptable`."""


@keras.saving.register_keras_serializable(package="kseq2seq")
class Conv1D(Adaptable, keras.layers.Conv1D):
    """Keras' convolution along time, but LoRA is saved whole; see `Adaptable`."""


@keras.saving.register_keras_serializable(package="kseq2seq")
class Conv2D(Adaptable, keras.layers.Conv2D):
    """Keras' convolution along two axes, but LoRA is saved whole; see `Adaptable`."""
