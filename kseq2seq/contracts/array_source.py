"""Sources that are arrays along one axis: samples, frames, readings of a sensor."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.contracts.source import Source


class ArraySource(Source):
    """The base of sources whose raw is an array (L, ...) of numbers, of any length L >= 0.

    A batch of raws is {"values": (B, L, ...), "values_length": int32 (B,)}. A subclass says by
    `features` what the model is given; a unit is `step` items along the first axis.

    Args:
        shape: of one item; () for samples of one channel.
        max_length: the most units.
        too_long: "error" or "cut"; see `Source`.
        dtype: of the values.

    Attributes:
        step: how many items make a unit; a remainder counts as one.
        packed_size: bytes of an item as `pack` writes it.

    Raises:
        ValueError: an argument is invalid.
    """

    unit = "frames"
    step: int = 1

    def __init__(
        self,
        shape: tuple[int, ...],
        max_length: int,
        too_long: str = "error",
        dtype: str = "float32",
    ) -> None:
        super().__init__(max_length, too_long)
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.packed_size = self.dtype.itemsize * int(np.prod(self.shape, dtype=int))
        self.raw = {
            "values": tf.TensorSpec([None, None, *self.shape], self.dtype.name, name="values"),
            "values_length": tf.TensorSpec([None], tf.int32, name="values_length"),
        }

    @abstractmethod
    def features(self, values: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Returns the model's "source" (B, S, ...) of values (B, S * step, ...); in graph.

        Args:
            values: numbers, 0 beyond the lengths.
            lengths: int32 (B,), how many units are real.
        """

    def read(self, example: Any) -> np.ndarray:
        """See `Source`; takes an array, or the path of an `.npy` file.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is damaged, or the array has another shape or holds NaN, infinities or
                numbers that the source's dtype does not.
        """
        name = "the array"
        if isinstance(example, str | os.PathLike):
            name = str(example)
            if not Path(example).is_file():
                raise FileNotFoundError(f"{name} is missing.")
            try:
                example = np.load(example, allow_pickle=False)
            except (ValueError, EOFError, OSError) as error:
                said = "it holds Python objects" if "pickle" in str(error) else error
                raise ValueError(f"{name} is no readable .npy file of numbers: {said}.") from error
        return self._checked(example, name)

    def several(self, raws: Any) -> list[np.ndarray]:
        """See `Source`; messages number the arrays."""
        arrays = []
        for index, raw in enumerate(raws if isinstance(raws, list | tuple) else [raws]):
            try:
                arrays.append(self.read(raw))
            except ValueError as error:
                raise ValueError(f"Source {index}: {error}") from error
        return arrays

    def _checked(self, array: Any, name: str) -> np.ndarray:
        values = np.asarray(array)
        if values.dtype.kind not in "iufb":
            raise ValueError(f"{name} must hold numbers; got {values.dtype} {array!r:.60}.")
        if values.ndim != 1 + len(self.shape) or values.shape[1:] != self.shape:
            wanted = ", ".join(["length", *map(str, self.shape)])
            raise ValueError(f"{name} must have the shape ({wanted}); got {values.shape}.")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"{name} holds NaN or infinities. Replace or leave them out.")
        with np.errstate(all="ignore"):  # lost numbers are refused below
            converted = values.astype(self.dtype)
        whole = self.dtype.kind != "f"
        if not (np.array_equal(converted, values) if whole else np.isfinite(converted).all()):
            raise ValueError(
                f"{name} holds numbers that {self.dtype} can't hold; got {values.dtype} from "
                f"{values.min()} to {values.max()}. Scale or round them, or give the source "
                "another `dtype`."
            )
        return converted

    def pack(self, raw: Any) -> bytes:
        """See `Source`; the numbers one after the other, little end first."""
        return self.read(raw).astype(self.dtype.newbyteorder("<")).tobytes()

    def restore(self, packed: bytes) -> np.ndarray:
        """See `Source`."""
        numbers = np.frombuffer(packed, self.dtype.newbyteorder("<")).astype(self.dtype)
        return numbers.reshape(-1, *self.shape)

    def trial(self, count: int) -> list[np.ndarray]:
        """See `Source`; normal noise of all lengths."""
        rng = np.random.default_rng(0)
        most = self.max_length * self.step
        lengths = np.linspace(1, most, count).astype(int)
        return [rng.normal(size=(length, *self.shape)).astype(self.dtype) for length in lengths]

    def unpack(self, packed: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `Source`."""
        size = self.packed_size
        lengths = tf.strings.length(packed) // size
        longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
        # rows are filled up as bytes, which decode to zeros
        fixed = tf.maximum(longest, 1) * size
        numbers = tf.io.decode_raw(packed, self.dtype.name, fixed_length=fixed)
        values = tf.reshape(numbers, [-1, tf.maximum(longest, 1), *self.shape])
        return {"values": values[:, :longest], "values_length": tf.cast(lengths, tf.int32)}

    def prepare(self, packed: tf.Tensor, room: Any, sample: bool = False) -> tuple[Any, ...]:
        """See `Source`; the rows have at most `max_length` units, and only these are unpacked."""
        items = tf.strings.length(packed) // self.packed_size
        lengths = -(-items // self.step)
        most = self.max_length * self.step * self.packed_size
        rows = tf.strings.substr(packed, 0, most)
        raws = self.unpack(rows)
        empty = self.empty(raws, self.lengths(raws))
        if self.too_long != "cut":
            empty &= lengths <= self.max_length
        return rows, lengths, empty

    def clipped(self, raw: Any) -> np.ndarray:
        """See `Source`."""
        return self.read(raw)[: self.max_length * self.step]

    def lengths(self, raws: dict[str, tf.Tensor]) -> tf.Tensor:
        """See `Source`."""
        return -(-raws["values_length"] // self.step)

    def __call__(self, raws: dict[str, tf.Tensor], training: bool = False) -> dict[str, tf.Tensor]:
        """See `Source`."""
        values, lengths = raws["values"], self.lengths(raws)
        if self.too_long == "cut":
            values, lengths = values[:, : self.max_length * self.step], self._cut(lengths)
        units = -(-tf.shape(values)[1] // self.step)
        return self._inputs(values, tf.maximum(units, 1), raws["values_length"], lengths)

    def _cut(self, lengths: tf.Tensor) -> tf.Tensor:
        return tf.minimum(lengths, self.max_length)

    def _inputs(
        self, values: tf.Tensor, units: Any, items: tf.Tensor, lengths: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """The model's inputs of values (B, L, ...), of which `items` (B,) are real."""
        missing = units * self.step - tf.shape(values)[1]
        values = tf.pad(values, [[0, 0], [0, missing], *([0, 0] for _ in self.shape)])
        real = tf.sequence_mask(items, units * self.step)
        real = tf.reshape(real, tf.concat([tf.shape(real), [1] * len(self.shape)], axis=0))
        features = self.features(tf.where(real, values, tf.zeros([], values.dtype)), lengths)
        return {"source": features, "source_mask": tf.sequence_mask(lengths, units)}

    def fixed(self, units: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """See `Source`; "values" (1, units * step, ...), the features lie in the file."""
        items = units * self.step
        specs = {
            "values": tf.TensorSpec([1, items, *self.shape], self.dtype.name, name="values"),
            "source_length": tf.TensorSpec([1], tf.int32, name="source_length"),
        }

        def inputs(values: tf.Tensor, source_length: tf.Tensor) -> dict[str, tf.Tensor]:
            lengths = -(-source_length // self.step)
            return self._inputs(values, units, source_length, lengths)

        return specs, inputs

    def feed(self, raw: Any, units: int) -> dict[str, np.ndarray]:
        """See `Source`; "source_length" counts items."""
        values = self.read(raw)[: units * self.step if self.too_long == "cut" else None]
        filled = np.zeros((1, units * self.step, *self.shape), self.dtype)
        filled[0, : len(values)] = values
        return {"values": filled, "source_length": np.array([len(values)], "int32")}
