"""A picture as its bytes: of a file, of memory, or of an array; checked, and named in errors."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.image.pixels import MOST_PIXELS

FORMATS = "PNG, JPEG, WebP, BMP and GIF"
MOST_BYTES = 2**28  # of a file
# What TensorFlow adds to a message: where in the graph, and in which files, an operation was made.
_GRAPH = re.compile(
    r"^Graph execution error:.*(\n\n|unavailable>\n)|\{\{.*?\}\} ?|\s*\[\[.*|\s*\[Op:.*", re.DOTALL
)
_REFUSED = re.compile(r"assertion failed: \[(.*)\]|.* correctly convert string: (.*)", re.DOTALL)


def encoded(example: Any) -> tuple[bytes, str]:
    r"""Returns a picture's bytes, and what to call it in messages.

    Args:
        example: a path; the bytes of a file; or an array (H, W) or (H, W, C) of 1 to 4 channels
            (gray, gray and alpha, red green blue, and alpha), of uint8, uint16, bools, or floats
            from 0 to 1. An array becomes a PNG of 8 bits.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is empty or too large, or the array is no picture.
        TypeError: it is something else.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.image.reading import encoded
        >>> content, name = encoded(np.zeros((2, 3), "uint8"))
        >>> content[:4], name
        (b'\x89PNG', 'the array')
    """
    if isinstance(example, str | os.PathLike):
        path = Path(example)
        name = str(path)
        if not path.is_file():
            what = "is no file" if path.exists() else "is missing"
            raise FileNotFoundError(f"{name} {what}.")
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"{name} has more than {MOST_BYTES >> 20} MiB. Make it smaller.")
        example = path.read_bytes()
    elif isinstance(example, bytes | bytearray | memoryview):
        example, name = bytes(example), "the picture"
    elif hasattr(example, "__array__"):
        return _png(_eight_bits(np.asarray(example))), "the array"
    else:
        raise TypeError(
            "A picture must be a path, the bytes of a file, or an array (H, W, channels); got "
            f"{type(example).__name__} {example!r:.80}."
        )
    if not example:
        raise ValueError(f"{name} is empty.")
    return example, name


def unreadable(name: str, error: Exception) -> ValueError:
    """Returns the error of a picture that TensorFlow can't decode.

    Args:
        name: of the picture.
        error: of TensorFlow.
    """
    why = _GRAPH.sub("", getattr(error, "message", "") or str(error)).strip().rstrip(".")
    why = _REFUSED.sub(r"\1\2", why)
    return ValueError(f"{name} is damaged, or not one of {FORMATS} ({why:.160}).")


def _eight_bits(array: np.ndarray) -> np.ndarray:
    """An array as uint8 (H, W, C)."""
    pixels = array[..., None] if array.ndim == 2 else array
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4 or 0 in pixels.shape:
        raise ValueError(
            "The array must have the shape (H, W), or (H, W, channels) with 1 to 4 channels, and "
            f"at least one pixel; got {array.shape}."
        )
    if pixels.shape[0] * pixels.shape[1] > MOST_PIXELS:
        raise ValueError(f"The array has more than {MOST_PIXELS:,} pixels. Make it smaller.")
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        return (pixels >> 8).astype("uint8")  # as decoders of PNG do
    if pixels.dtype == bool:
        return pixels.astype("uint8") * np.uint8(255)
    if pixels.dtype.kind == "f" and pixels.min() >= 0 and pixels.max() <= 1:
        return np.rint(pixels * 255).astype("uint8")
    raise ValueError(
        "The array must hold uint8, uint16, bools, or floats from 0 to 1; got "
        f"{pixels.dtype} from {pixels.min()} to {pixels.max()}. Scale or convert it."
    )


def _png(pixels: np.ndarray) -> bytes:
    return tf.io.encode_png(pixels, compression=0).numpy()  # it is decoded at once
