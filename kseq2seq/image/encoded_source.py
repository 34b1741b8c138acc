"""Sources whose raw is an encoded picture."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import one_of
from kseq2seq.contracts import Source
from kseq2seq.image.pixels import WHITE, decode
from kseq2seq.image.reading import encoded, unreadable


class EncodedSource(Source):
    """The base of sources of pictures, a batch of which is strings (B,) of encoded bytes.

    Whatever is read (a path, bytes, an array) becomes a PNG of the size that a model takes, so that
    a corpus keeps a few kilobytes for each picture, however large it was. In graph pictures of any
    size and format are decoded and resized by the same operations. The empty string is a picture
    that holds nothing.

    Args:
        max_length: see `Source`.
        too_long: see `Source`.
        channels: 3, or 1 for shades of gray.
    """

    noun = "Picture"

    def __init__(self, max_length: int, too_long: str, channels: int) -> None:
        super().__init__(max_length, too_long)
        one_of((1, 3), channels=channels)
        self.channels = channels
        self.raw = tf.TensorSpec([None], tf.string, name="images")
        encode = tf.function(self._encoded, input_signature=[tf.TensorSpec([], tf.string)])
        self._encode = lambda content: encode(content)  # so that no SavedModel holds the graph

    @abstractmethod
    def resized(self, pixels: tf.Tensor) -> tf.Tensor:
        """Returns uint8 pixels (h, w, channels) in the size that a model takes; in graph.

        Pixels of that size already are returned as they are.
        """

    def pixels(self, image: tf.Tensor) -> tf.Tensor:
        """Returns the uint8 pixels, resized, of a scalar string of encoded bytes; in graph."""
        return self.resized(decode(image, self.channels))

    def _encoded(self, image: tf.Tensor) -> tf.Tensor:
        return tf.io.encode_png(self.pixels(image))

    def read(self, example: Any) -> bytes:
        """See `Source`; takes a path, the bytes of a file, or an array; returns a PNG.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is damaged, or no picture.
            TypeError: it is something else.
        """
        content, name = encoded(example)
        try:
            return self._encode(content).numpy()
        except (tf.errors.OpError, ValueError) as error:
            raise unreadable(name, error) from error

    def several(self, raws: Any) -> list[bytes]:
        """See `Source`; messages number the pictures that are not files."""
        read = []
        for index, raw in enumerate(raws if isinstance(raws, list | tuple) else [raws]):
            try:
                read.append(self.read(raw))
            except (ValueError, TypeError) as error:
                raise type(error)(f"{self.noun} {index}: {error}") from error
        return read

    def pack(self, raw: bytes) -> bytes:
        """See `Source`; a raw is its own bytes."""
        if not isinstance(raw, bytes):
            raise TypeError(f"A raw picture must be bytes; got {type(raw).__name__} {raw!r:.80}.")
        return raw

    def unpack(self, packed: tf.Tensor) -> tf.Tensor:
        """See `Source`."""
        return tf.convert_to_tensor(packed, tf.string)

    def restore(self, packed: bytes) -> bytes:
        """See `Source`."""
        return packed

    def empty(self, raws: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """See `Source`; the empty string holds nothing."""
        return tf.strings.length(raws) == 0

    def trial_of(self, count: int, height: int, widths: list[int]) -> list[bytes]:
        """Returns pictures of random dots, for `trial`."""
        rng = np.random.default_rng(0)
        shapes = [(height, width, self.channels) for width in widths[:count]]
        return [self.read(rng.integers(0, WHITE + 1, shape, "uint8")) for shape in shapes]
