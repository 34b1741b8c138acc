"""Pictures of one size as the tensors that an encoder of images takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_number, check_whole
from kseq2seq.contracts import register_source
from kseq2seq.image.augmentation import Augmentation
from kseq2seq.image.encoded_source import EncodedSource
from kseq2seq.image.pixels import fitted

MOST_SIDE = 4096
CELL = 8  # pixels


@register_source("image")
class ImageSource(EncodedSource):
    """Pictures, each resized as a whole to one height and width, with white at its sides.

    A model is given `(pixels - mean) / deviation`, pixels from 0 to 255. It counts in cells of 8 by
    8 pixels, whatever grid its encoder makes, so that a batch of so many units holds so many
    pictures.

    Args:
        height: in pixels.
        width: in pixels; the height if None.
        channels: 3, or 1 for shades of gray.
        mean: a number, or one for each channel.
        deviation: a number above 0, or one for each channel. Those of `mean` and `deviation` make
            [-1, 1] of pixels; a pretrained backbone may want others.
        augmentation: changes pictures while a model is trained: an `Augmentation`, or a dict of its
            settings; None leaves them as they are.

    Raises:
        ValueError: an argument is invalid.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.image import ImageSource
        >>> source = ImageSource(16)
        >>> raws = source.batch(source.several([np.zeros((40, 20, 3), "uint8")]))
        >>> source(raws)["source"].shape, int(source.lengths(raws)[0])
        (TensorShape([1, 16, 16, 3]), 4)
    """

    unit = "cells"

    def __init__(
        self,
        height: int,
        width: int | None = None,
        channels: int = 3,
        mean: float | Sequence[float] = 127.5,
        deviation: float | Sequence[float] = 127.5,
        augmentation: Augmentation | Mapping[str, Any] | None = None,
    ) -> None:
        self.height = check_whole("height", height, most=MOST_SIDE)
        self.width = check_whole("width", self.height if width is None else width, most=MOST_SIDE)
        super().__init__(-(-self.height // CELL) * -(-self.width // CELL), "error", channels)
        self.mean = _each(mean, channels, "mean")
        self.deviation = _each(deviation, channels, "deviation", above=True)
        if isinstance(augmentation, Mapping):
            augmentation = Augmentation(**augmentation)
        self.augmentation = augmentation
        self.shape = (self.height, self.width, channels)
        self.spec = {"source": (self.shape, "float32")}

    def resized(self, pixels: tf.Tensor) -> tf.Tensor:
        """See `EncodedSource`."""
        return fitted(pixels, self.height, self.width)

    def lengths(self, raws: tf.Tensor) -> tf.Tensor:
        """See `Source`; all pictures have the same number of cells."""
        return tf.where(self.empty(raws, raws), 0, self.max_length)

    def __call__(self, raws: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        """See `Source`."""
        pixels = tf.map_fn(
            self.pixels, raws, fn_output_signature=tf.TensorSpec(self.shape, tf.uint8)
        )
        pictures = tf.cast(pixels, tf.float32)
        if training and self.augmentation is not None:
            # Drawn from what the batch holds, in its order: another epoch, another draw; and a
            # resumed run continues as it would have gone on.
            hashes = tf.strings.to_hash_bucket_fast(raws, 2**30)
            places = tf.range(1, tf.size(raws, tf.int64) + 1)
            seed = tf.stack([tf.reduce_sum(hashes * places), tf.reduce_sum(hashes)])
            pictures = self.augmentation(pictures, seed)
        return {"source": self._scaled(pictures)}

    def _scaled(self, pictures: tf.Tensor) -> tf.Tensor:
        mean, deviation = (tf.constant(each, tf.float32) for each in (self.mean, self.deviation))
        return (pictures - mean) / deviation

    def labels(self, inputs: dict[str, np.ndarray]) -> list[list[str]]:
        """See `Source`; row and column of each cell, from 0."""
        rows, columns = (-(-size // CELL) for size in self.shape[:2])
        names = [f"{row},{column}" for row in range(rows) for column in range(columns)]
        return [names for _ in inputs["source"]]

    def trial(self, count: int) -> list[bytes]:
        """See `Source`; random dots."""
        return self.trial_of(count, self.height, [self.width] * count)

    def config(self) -> dict[str, Any]:
        """See `Saved`."""
        augmentation = None if self.augmentation is None else asdict(self.augmentation)
        names = ("height", "width", "channels", "mean", "deviation")
        return {**{name: getattr(self, name) for name in names}, "augmentation": augmentation}

    def fixed(self, units: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """See `Source`; "pixels" (1, height, width, channels), from 0 to 255, resized by the host.

        "source_length" is the number of cells, whatever the picture.
        """
        specs = {
            "pixels": tf.TensorSpec([1, *self.shape], tf.float32, name="pixels"),
            "source_length": tf.TensorSpec([1], tf.int32, name="source_length"),
        }

        def inputs(pixels: tf.Tensor, source_length: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"source": self._scaled(pixels)}

        return specs, inputs

    def feed(self, raw: Any, units: int) -> dict[str, np.ndarray]:
        """See `Source`."""
        pixels = self.pixels(tf.constant(self.read(raw))).numpy().astype("float32")
        return {"pixels": pixels[None], "source_length": np.array([self.max_length], "int32")}


def _each(given: Any, channels: int, name: str, above: bool = False) -> list[float]:
    """A number for each channel, in JSON's types."""
    numbers = list(given) if isinstance(given, list | tuple) else [given] * channels
    if len(numbers) != channels:
        raise ValueError(f"`{name}` must be a number, or {channels} numbers; got {given!r}.")
    least = 0.0 if above else -1e6
    return [check_number(name, number, least, 1e6, above=above) for number in numbers]
