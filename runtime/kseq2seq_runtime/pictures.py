"""Pictures decoded and resized on the host, by the arithmetic that exported graphs use."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

WHITE = 255
GRAY = np.array([0.299, 0.587, 0.114], "float32")
MOST_PIXELS = 2**27
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")  # Pillow's modes of sixteen bits
_ALPHA = {"LA": "LA", "La": "LA", "PA": "RGBA", "RGBA": "RGBA", "RGBa": "RGBA"}


def decoded(raw: Any, channels: int, which: str) -> np.ndarray | None:
    """Returns uint8 pixels (h, w, channels); None for bytes that hold nothing.

    What is transparent shows white, and of an animation there is the first frame.

    Args:
        raw: the path of a picture, its bytes, or an array (h, w) or (h, w, 1 to 4 channels), of
            uint8, uint16, bools, or floats from 0 to 1.
        channels: 1 or 3.
        which: names the picture in an error.

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: it is encoded, and Pillow is not installed.
        ValueError: it is damaged, or no picture.
        TypeError: it is something else.
    """
    if isinstance(raw, str | os.PathLike):
        which = str(raw)
        if not Path(raw).is_file():
            raise FileNotFoundError(f"{which} is {'no file' if Path(raw).exists() else 'missing'}.")
        raw = Path(raw).read_bytes()
        if not raw:
            raise ValueError(f"{which} is empty.")
    if isinstance(raw, bytes | bytearray | memoryview):
        content = bytes(raw)
        if not content:
            return None
        pixels = _opened(content, which)
    elif hasattr(raw, "shape"):
        pixels = _eight_bits(np.asarray(raw), which)
    else:
        raise TypeError(
            f"{which} must be a path, the bytes of a picture, or an array (h, w, channels); got "
            f"{type(raw).__name__} {raw!r:.80}."
        )
    if pixels.shape[2] % 2 == 0:  # the last channel is alpha
        numbers = pixels.astype("float32")
        alpha = numbers[..., -1:] / np.float32(WHITE)
        pixels = rounded(numbers[..., :-1] * alpha + WHITE * (1 - alpha))
    pixels = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    if channels == 1:
        pixels = rounded((pixels.astype("float32") * GRAY).sum(axis=2, keepdims=True))
    return pixels


def _opened(content: bytes, which: str) -> np.ndarray:
    """Uint8 (h, w, 1 to 4 channels) of encoded bytes."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "Reading encoded pictures needs Pillow, which is not installed. Install it with "
            "pip install 'kseq2seq-runtime[image]', or give arrays of pixels."
        ) from error
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError(f"more than {MOST_PIXELS:,} pixels")
            picture.load()
            mode = picture.mode
            if mode in _DEEP:
                return (np.asarray(picture).astype("uint16") >> 8).astype("uint8")[..., None]
            if mode == "P":
                mode = "RGBA" if "transparency" in picture.info else "RGB"
            elif mode in ("1", "L"):
                mode = "LA" if "transparency" in picture.info else "L"
            elif mode == "RGB" and "transparency" in picture.info:
                mode = "RGBA"
            else:
                mode = _ALPHA.get(mode, "RGB")
            pixels = np.asarray(picture.convert(mode))
    except Exception as error:  # Pillow's decoders fail in many ways
        why = str(error).split(" <_io")[0]
        raise ValueError(f"{which} is damaged, or no picture ({why:.160}).") from error
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _eight_bits(array: np.ndarray, which: str) -> np.ndarray:
    pixels = array[..., None] if array.ndim == 2 else array
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4 or 0 in pixels.shape:
        raise ValueError(
            f"{which} must have the shape (h, w) or (h, w, 1 to 4 channels); got {array.shape}."
        )
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        return (pixels >> 8).astype("uint8")
    if pixels.dtype == bool:
        return pixels.astype("uint8") * np.uint8(WHITE)
    if pixels.dtype.kind == "f" and pixels.min() >= 0 and pixels.max() <= 1:
        return rounded(pixels * WHITE)
    raise ValueError(
        f"{which} must hold uint8, uint16, bools, or floats from 0 to 1; got {pixels.dtype} from "
        f"{pixels.min()} to {pixels.max()}. Scale or convert it."
    )


def rounded(numbers: np.ndarray) -> np.ndarray:
    """Returns numbers as uint8, halves upward."""
    return np.clip(np.floor(numbers + 0.5), 0, WHITE).astype("uint8")


def fitted(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Returns uint8 pixels (h, w, C) resized whole, and centered on white: (height, width, C)."""
    high, wide = pixels.shape[:2]
    narrow = wide * height <= high * width
    new_high = height if narrow else _share(high, width, wide)
    new_wide = _share(wide, height, high) if narrow else width
    frame = np.full((height, width, pixels.shape[2]), WHITE, "uint8")
    top, left = (height - new_high) // 2, (width - new_wide) // 2
    frame[top : top + new_high, left : left + new_wide] = resize(pixels, new_high, new_wide)
    return frame


def of_height(pixels: np.ndarray, height: int) -> np.ndarray:
    """Returns uint8 pixels (h, w, C) as (height, in proportion, C)."""
    return resize(pixels, height, width_at(pixels, height))


def width_at(pixels: np.ndarray, height: int) -> int:
    """Returns how wide pixels (h, w, C) are at another height."""
    return _share(pixels.shape[1], height, pixels.shape[0])


def _share(size: int, to: int, of: int) -> int:
    return max((2 * size * to + of) // (2 * of), 1)


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Returns uint8 pixels (h, w, C) in another size: each a mean, weighed by a triangle."""
    numbers = pixels.astype("float32")
    if height != len(pixels):
        numbers = np.tensordot(_weights(len(pixels), height), numbers, axes=1)
    if width != pixels.shape[1]:
        numbers = np.einsum("wv,hvc->hwc", _weights(pixels.shape[1], width), numbers, optimize=True)
    return rounded(numbers)


def _weights(size: int, new: int) -> np.ndarray:
    """Float32 (new, size): how much each old pixel is of each new one; rows sum to 1."""
    step = np.float32(1) / (np.float32(new) / np.float32(size))
    reach = max(step, np.float32(1))
    middles = (np.arange(new, dtype="float32") + np.float32(0.5)) * step
    away = np.arange(size, dtype="float32") + np.float32(0.5) - middles[:, None]
    weights = np.maximum(1 - abs(away) / reach, 0)
    return weights / weights.sum(axis=1, keepdims=True)
