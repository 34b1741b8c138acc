"""Log-mel features of sound, by matrix products alone, so that every export computes them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

WINDOW, STEP = 0.025, 0.010  # seconds
FLOOR = 1e-10  # of the power in a band: what rounding to 16 bits leaves
_LEAST_VARIANCE = 1e-2
# Slaney's scale: a mel is 200 / 3 Hz up to 1,000 Hz, from where 27 of them are a factor of 6.4.
_LINEAR, _BREAK, _LOG_STEP = 200 / 3, 1000.0, np.log(6.4) / 27
_LINEAR_TOP = _BREAK / _LINEAR


def log_mel(
    samples: tf.Tensor, rate: int, mels: int, one: Any = 1.0, normalized: Any = None
) -> tf.Tensor:
    r"""Returns the log-mel features of samples, one row for each 10 ms.

    Row i sees the samples of its own step and as many on both sides as fill a window of 25 ms:
    `log(max(F |DFT(w x_i)|², 1e-10))`, with a periodic Hann window w and F of `mel_filters`.

    Args:
        samples: float32 (B, S * step), where a step is `steps(rate)[1]` samples.
        rate: samples in a second.
        mels: M, how many bands.
        one: a float32 scalar that is 1. A value that a converter can't know keeps the two constant
            matrices in float32 when weights are quantized.
        normalized: if given, int32 (B,), how many rows are real. These get mean 0 and variance 1
            in each band, over the recording; the others are 0.

    Returns:
        float32 (B, S, M).

    Example:
        >>> tone = np.sin(2 * np.pi * 440 * np.arange(800) / 8000, dtype="float32")
        >>> features = log_mel(tone[None], rate=8000, mels=20)
        >>> features.shape, int(tf.argmax(features[0, 5]))
        (TensorShape([1, 10, 20]), 3)

    Source:
        Davis and Mermelstein 1980 for mel bands; the scale and the area of the bands are those of
        Slaney's Auditory Toolbox (1998), the defaults of librosa. Variance is normalized with
        0.01 added to it, so that a steady sound is not blown up to noise.
    """
    window, step = steps(rate)
    units = samples.shape[1] // step if samples.shape[1] else tf.shape(samples)[1] // step
    # 1. Windows (B, S, window): each is cut from `more` + 1 steps that lie side by side.
    before, more = (window - step) // 2, -(-window // step) - 1
    padded = tf.pad(samples, [[0, 0], [before, more * step - before]])
    blocks = tf.reshape(padded, [-1, units + more, step])
    windows = tf.concat([blocks[:, n : n + units] for n in range(more + 1)], axis=2)[..., :window]

    # 2. Power (B, S, bins), and what of it each band lets through (B, S, M).
    transform, filters = (matrix * one for matrix in _matrices(rate, mels))
    real, imaginary = tf.split(_times(windows, transform, units), 2, axis=2)
    bands = _times(tf.square(real) + tf.square(imaginary), filters, units)
    features = tf.math.log(tf.maximum(bands, FLOOR))

    # 3. Mean and variance over the real rows.
    if normalized is None:
        return features
    mask = tf.sequence_mask(normalized, units, tf.float32)[:, :, None]
    count = tf.maximum(tf.reduce_sum(mask, axis=1, keepdims=True), 1)
    mean = tf.reduce_sum(features * mask, axis=1, keepdims=True) / count
    centered = (features - mean) * mask
    variance = tf.reduce_sum(tf.square(centered), axis=1, keepdims=True) / count
    return centered * tf.math.rsqrt(variance + _LEAST_VARIANCE)


def _times(x: tf.Tensor, matrix: tf.Tensor, units: Any) -> tf.Tensor:
    """X (B, S, n) times a matrix (n, m), as one product of two matrices."""
    rows = tf.matmul(tf.reshape(x, [-1, matrix.shape[0]]), matrix)
    return tf.reshape(rows, [-1, units, matrix.shape[1]])


def steps(rate: int) -> tuple[int, int]:
    """Returns the samples of a window of 25 ms and of a step of 10 ms.

    Example:
        >>> steps(16000)
        (400, 160)
    """
    return round(WINDOW * rate), round(STEP * rate)


@lru_cache(maxsize=8)
def _matrices(rate: int, mels: int) -> tuple[np.ndarray, np.ndarray]:
    """The windowed transform (window, 2 * bins), cosines then sines, and the filters (bins, M)."""
    window, _ = steps(rate)
    size = 1 << (window - 1).bit_length()
    places = np.arange(window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * places / window)
    angles = 2 * np.pi * np.outer(places, np.arange(size // 2 + 1)) / size
    transform = hann[:, None] * np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    filters = mel_filters(rate, size, mels)
    return transform.astype("float32"), filters.astype("float32")


def check_bands(rate: int, mels: int) -> None:
    """Refuses more bands than the spectrum has bins for; see `mel_filters`."""
    _matrices(rate, mels)


def mel_filters(rate: int, size: int, mels: int) -> np.ndarray:
    """Returns triangular filters (bins, mels), evenly spaced in mel from 0 to rate / 2, area 1 Hz.

    Args:
        rate: samples in a second.
        size: of the transform; there are size / 2 + 1 bins.
        mels: how many filters.

    Raises:
        ValueError: a filter would lie between two bins.

    Example:
        >>> mel_filters(8000, 256, 40).shape
        (129, 40)
    """
    bins = np.arange(size // 2 + 1) * rate / size
    top = _LINEAR_TOP + np.log(rate / 2 / _BREAK) / _LOG_STEP  # a rate is at least 4,000
    edges = np.linspace(0, top, mels + 2)
    hertz = np.where(
        edges < _LINEAR_TOP,
        edges * _LINEAR,
        _BREAK * np.exp(_LOG_STEP * (np.maximum(edges, _LINEAR_TOP) - _LINEAR_TOP)),
    )
    low, middle, high = hertz[:-2], hertz[1:-1], hertz[2:]
    rising = (bins[:, None] - low) / (middle - low)
    falling = (high - bins[:, None]) / (high - middle)
    filters = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    if not filters.max(axis=0).all():
        raise ValueError(
            f"`mels` must be small enough for each band to hold a bin of the spectrum; got {mels} "
            f"at {rate} Hz. Lower it, for example to {mels // 2}."
        )
    return filters
