"""Pictures decoded and resized in graph.

The arithmetic is simple enough to be repeated without TensorFlow: `kseq2seq_runtime.pictures` does.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kseq2seq.image.formats import WHITE, on_white, pixels_of, rounded

GRAY = (0.299, 0.587, 0.114)  # of red, green and blue, as JPEG weighs them
MOST_PIXELS = 2**27  # of a picture, as many as a large scanner makes
MOST_COLUMNS = 2**17  # of a line: one that is flat would need all memory at its new height


def decode(content: tf.Tensor, channels: int) -> tf.Tensor:
    """Returns the pixels uint8 (h, w, channels) of the bytes of a picture, in graph.

    Of an animation it is the first frame; sixteen bits become eight; what is transparent shows
    white. The orientation that some cameras note beside a picture is not heeded.

    Args:
        content: a scalar string: PNG, JPEG, WebP, BMP or GIF. The empty string is one white pixel.
        channels: 3, or 1 for shades of gray.
    """
    pixels = pixels_of(content)
    height, width = tf.unstack(tf.shape(pixels)[:2])
    few = tf.cast(height, tf.int64) * tf.cast(width, tf.int64) <= MOST_PIXELS
    with tf.control_dependencies([tf.debugging.Assert(few, [f"more than {MOST_PIXELS:,} pixels"])]):
        pixels = on_white(pixels)
    # Gray is all three colors; or colors become gray.
    pixels = tf.broadcast_to(pixels, [height, width, 3])
    if channels == 1:
        shade = tf.reduce_sum(tf.cast(pixels, tf.float32) * GRAY, axis=2, keepdims=True)
        pixels = rounded(shade)
    return tf.ensure_shape(pixels, [None, None, channels])


def fitted(pixels: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Returns pixels uint8 (h, w, C) as (height, width, C): resized whole, and centered on white.

    The proportions stay, but for a side that would have less than one pixel. Nothing is cropped.

    Example:
        >>> import tensorflow as tf
        >>> from kseq2seq.image.pixels import fitted
        >>> fitted(tf.zeros((4, 2, 1), tf.uint8), 2, 2)[..., 0].numpy().tolist()
        [[0, 255], [0, 255]]
    """
    high, wide = tf.unstack(tf.cast(tf.shape(pixels)[:2], tf.int64))
    narrow = wide * height <= high * width  # whether the height is what limits it
    new_high = tf.where(narrow, tf.cast(height, tf.int64), _share(high, width, wide))
    new_wide = tf.where(narrow, _share(wide, height, high), tf.cast(width, tf.int64))
    resized = resize(pixels, new_high, new_wide)
    top, left = (height - new_high) // 2, (width - new_wide) // 2
    around = [[top, height - new_high - top], [left, width - new_wide - left], [0, 0]]
    return tf.ensure_shape(tf.pad(resized, around, constant_values=WHITE), [height, width, None])


def of_height(pixels: tf.Tensor, height: int) -> tf.Tensor:
    """Returns pixels uint8 (h, w, C) as (height, in proportion, C), of at most `MOST_COLUMNS`."""
    high, wide = tf.unstack(tf.cast(tf.shape(pixels)[:2], tf.int64))
    width = _share(wide, height, high)
    said = f"more than {MOST_COLUMNS:,} columns at a height of {height}; cut it to lines"
    with tf.control_dependencies([tf.debugging.Assert(width <= MOST_COLUMNS, [said])]):
        return resize(pixels, tf.constant(height, tf.int64), width)


def _share(size: Any, to: Any, of: Any) -> Any:
    """`size * to / of` in whole numbers, halves upward, at least 1."""
    return tf.maximum((2 * size * to + of) // (2 * of), 1)


def resize(pixels: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Returns pixels uint8 (h, w, C) in another size: each a mean, weighed by a triangle.

    A size that stays is left as it is.
    """
    size = tf.cast(tf.stack([height, width]), tf.int32)
    resized = tf.image.resize(pixels, size, "bilinear", antialias=True)
    return rounded(resized)
