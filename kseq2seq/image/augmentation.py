"""Pictures changed at random while a model is trained."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from kseq2seq import checks
from kseq2seq.image.pixels import GRAY, WHITE


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How much pictures vary from one epoch to the next; 0 leaves a trait as it is.

    Each picture is drawn anew: moved and resized as a whole, so what leaves the frame is cropped
    and what enters is white; then its colors change.

    Args:
        shift: the most that a picture moves, as a share of its height and width.
        zoom: the most that it grows or shrinks, as a share of its size.
        color: the most that brightness, contrast and saturation change, as shares of them.
        flip: whether half of the pictures are mirrored. Leave it off if targets tell left from
            right, or quote what is written in a picture.

    Raises:
        ValueError: a number is not in [0, 1).

    Example:
        >>> import tensorflow as tf
        >>> from kseq2seq.image import Augmentation
        >>> Augmentation(shift=0.1, flip=False)(tf.zeros((5, 8, 8, 3)), tf.constant([1, 2])).shape
        TensorShape([5, 8, 8, 3])
    """

    shift: float = 0.08
    zoom: float = 0.1
    color: float = 0.15
    flip: bool = False

    def __post_init__(self):
        checks.rate(shift=self.shift, zoom=self.zoom, color=self.color)
        checks.flag(flip=self.flip)

    def __call__(self, pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Maps float32 (B, H, W, C), from 0 to 255, to others of the same shape; in graph.

        Args:
            pictures: to change.
            seed: whole numbers (2,); the same one draws the same changes.
        """
        draw = _Draws(seed, tf.shape(pictures)[0])
        if self.flip:
            turned = draw(1.0) > 0
            pictures = tf.where(turned[:, None, None, None], pictures[:, :, ::-1], pictures)
        if self.shift or self.zoom:
            pictures = self._moved(pictures, draw)
        if self.color:
            pictures = self._colored(pictures, draw)
        return pictures

    def _moved(self, pictures: tf.Tensor, draw: _Draws) -> tf.Tensor:
        """A point (x, y) of the result is one of the picture: scale * (x, y) + offset."""
        height, width = pictures.shape[1], pictures.shape[2]
        scale = 1 / (1 + draw(self.zoom))
        offsets = [
            (size - 1) / 2 * (1 - scale) + size * draw(self.shift) for size in (width, height)
        ]
        none = tf.zeros_like(scale)
        rows = [scale, none, offsets[0], none, scale, offsets[1], none, none]
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pictures,
            transforms=tf.stack(rows, axis=1),
            output_shape=[height, width],
            fill_value=float(WHITE),
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )

    def _colored(self, pictures: tf.Tensor, draw: _Draws) -> tf.Tensor:
        def factor() -> tf.Tensor:
            return 1 + draw(self.color)[:, None, None, None]

        # 1. Saturation: away from the shade of each pixel, or toward it.
        if pictures.shape[3] == 3:
            shade = tf.reduce_sum(pictures * GRAY, axis=3, keepdims=True)
            pictures = shade + (pictures - shade) * factor()
        # 2. Contrast, about the mean of a picture; and brightness.
        mean = tf.reduce_mean(pictures, axis=[1, 2, 3], keepdims=True)
        pictures = (mean + (pictures - mean) * factor()) * factor()
        return tf.clip_by_value(pictures, 0.0, float(WHITE))


class _Draws:
    """Draws a number for each picture of a batch, others at each call."""

    def __init__(self, seed: tf.Tensor, count: tf.Tensor):
        self.seed, self.count, self.calls = seed, count, 0

    def __call__(self, most: float) -> tf.Tensor:
        self.calls += 1
        seed = self.seed + tf.constant([self.calls, 0], self.seed.dtype)
        return tf.random.stateless_uniform([self.count], seed, -most, most)
