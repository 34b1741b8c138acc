"""Pictures of lines of text: of one height, and as wide as they are long."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.contracts import register_source
from kseq2seq.image.encoded_source import EncodedSource
from kseq2seq.image.pixels import MOST_COLUMNS, WHITE, of_height

MOST_HEIGHT = 512
_HEAD = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"  # of every PNG; width and height follow


@register_source("line")
class LineSource(EncodedSource):
    """Pictures of lines, each resized to one height; its units are columns of pixels.

    A model is given `1 - pixels / 255`, (B, columns, height, channels): ink is 1 and paper 0, and
    so is the padding on the right. Columns come first, for they are what a line is long in.

    Args:
        height: of a line, in pixels.
        max_length: the most columns, at most 131,072.
        too_long: "error" or "cut"; see `Source`.
        channels: 1, shades of gray; or 3.

    Raises:
        ValueError: an argument is invalid.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.image import LineSource
        >>> source = LineSource(height=16, max_length=64)
        >>> raws = source.batch(source.several([np.zeros((32, 60), "uint8")]))
        >>> source(raws)["source"].shape, source.lengths(raws).numpy().tolist()
        (TensorShape([1, 30, 16, 1]), [30])
    """

    unit = "columns"
    noun = "Line"

    def __init__(
        self, height: int, max_length: int, too_long: str = "error", channels: int = 1
    ) -> None:
        check_whole("max_length", max_length, most=MOST_COLUMNS)
        super().__init__(max_length, too_long, channels)
        self.height = check_whole("height", height, most=MOST_HEIGHT)
        self.spec = {
            "source": ((None, self.height, channels), "float32"),
            "source_mask": ((None,), "int32"),
        }

    def resized(self, pixels: tf.Tensor) -> tf.Tensor:
        """See `EncodedSource`."""
        return of_height(pixels, self.height)

    def lengths(self, raws: tf.Tensor) -> tf.Tensor:
        """See `Source`; those of corpora, PNG of the right height, are not decoded for it."""
        head = tf.strings.substr(raws + 24 * ".", 0, 24)
        sizes = tf.io.decode_raw(tf.strings.substr(head, 16, 8), tf.int32, little_endian=False)
        sizes = tf.reshape(sizes, [-1, 2])  # width and height
        known = (tf.strings.substr(head, 0, 16) == _HEAD) & (sizes[:, 1] == self.height)
        empty = self.empty(raws, sizes)
        widths = tf.cond(
            tf.reduce_all(known | empty),
            lambda: sizes[:, 0],
            lambda: tf.map_fn(
                lambda image: tf.shape(self.pixels(image))[1], raws, fn_output_signature=tf.int32
            ),
        )
        return tf.where(empty, 0, widths)

    def __call__(self, raws: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        """See `Source`."""
        lengths = self.lengths(raws)
        if self.too_long == "cut":
            lengths = tf.minimum(lengths, self.max_length)
        longest = tf.reduce_max(tf.concat([lengths, [1]], axis=0))

        def columns(image: tf.Tensor) -> tf.Tensor:
            pixels = self.pixels(image)[:, :longest]
            around = [[0, 0], [0, longest - tf.shape(pixels)[1]], [0, 0]]
            return tf.pad(pixels, around, constant_values=WHITE)

        kind = tf.TensorSpec([self.height, None, self.channels], tf.uint8)
        lines = tf.map_fn(columns, raws, fn_output_signature=kind)
        return {
            "source": self._ink(tf.cast(lines, tf.float32)),
            "source_mask": tf.sequence_mask(lengths, longest),
        }

    def _ink(self, lines: tf.Tensor) -> tf.Tensor:
        """Pixels (B, height, columns, channels) as a model takes them."""
        return 1 - tf.transpose(lines, [0, 2, 1, 3]) / WHITE

    def trial(self, count: int) -> list[bytes]:
        """See `Source`; random dots of all widths."""
        widths = np.linspace(1, self.max_length, count).astype(int).tolist()
        return self.trial_of(count, self.height, widths)

    def config(self) -> dict[str, Any]:
        """See `Saved`."""
        names = ("height", "max_length", "too_long", "channels")
        return {name: getattr(self, name) for name in names}

    def fixed(self, units: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """See `Source`; "pixels" (1, height, units, channels), 0 to 255, white beyond the line.

        The host resizes the picture; "source_length" counts its columns.
        """
        shape = [1, self.height, units, self.channels]
        specs = {
            "pixels": tf.TensorSpec(shape, tf.float32, name="pixels"),
            "source_length": tf.TensorSpec([1], tf.int32, name="source_length"),
        }

        def inputs(pixels: tf.Tensor, source_length: tf.Tensor) -> dict[str, tf.Tensor]:
            return {
                "source": self._ink(pixels),
                "source_mask": tf.sequence_mask(source_length, units),
            }

        return specs, inputs

    def feed(self, raw: Any, units: int) -> dict[str, np.ndarray]:
        """See `Source`."""
        pixels = self.pixels(tf.constant(self.read(raw))).numpy()
        pixels = pixels[:, : units if self.too_long == "cut" else None]
        filled = np.full((1, self.height, units, self.channels), WHITE, "float32")
        filled[0, :, : pixels.shape[1]] = pixels
        return {"pixels": filled, "source_length": np.array([pixels.shape[1]], "int32")}
