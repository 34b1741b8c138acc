"""Silence, by energy: whether a recording holds any sound, and where it can be cut."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

LEAST_SOUND = 5  # steps of 10 ms, in all
_AROUND = 15  # steps


def silent(samples: tf.Tensor, step: int, level: float) -> tf.Tensor:
    """Returns bool (B,), which recordings are silent; in graph.

    One is silent if fewer than 5 of its steps, 50 ms in all, are louder than `level`. The loudness
    of a step is the variance of its samples, so that a constant offset is no sound.

    Args:
        samples: float32 (B, L), 0 beyond the end of a recording.
        step: samples of a step.
        level: in dB below full scale, which is the power of a square wave from -1 to 1.

    Example:
        >>> loud, faint = np.sin(np.arange(800.0)), 1e-4 * np.sin(np.arange(800.0))
        >>> silent(tf.constant(np.stack([loud, faint]), tf.float32), 80, -60.0).numpy().tolist()
        [False, True]
    """
    samples = tf.pad(samples, [[0, 0], [0, -tf.shape(samples)[1] % step]])
    blocks = tf.reshape(samples, [tf.shape(samples)[0], -1, step])
    _, power = tf.nn.moments(blocks, axes=[2])
    loud = tf.cast(power > 10 ** (level / 10), tf.int32)
    return tf.reduce_sum(loud, axis=1) < LEAST_SOUND


def split_at_silences(samples: np.ndarray, step: int, longest: int) -> list[np.ndarray]:
    """Returns the parts of a recording, each cut from the next where it is quietest.

    A part has from half of `longest` to `longest` steps, but the last may be shorter. In this range
    it ends where there is least energy around, weighed by a Hann window of 150 ms; of several such
    places it ends at the last.

    Args:
        samples: (L,).
        step: samples of a step.
        longest: steps of a part, at most.

    Example:
        >>> samples = np.array([1.0, -1.0] * 35)
        >>> samples[30:40] = 0
        >>> [len(part) for part in split_at_silences(samples, step=2, longest=20)]
        [34, 36]
    """
    power = powers(samples, step)
    weights = np.hanning(_AROUND + 2)[1:-1]
    around = np.convolve(np.pad(power, _AROUND // 2, "edge"), weights, "valid")
    parts, begin = [], 0
    while len(power) - begin > longest:
        first = begin + max(1, longest // 2)
        candidates = around[first : begin + longest + 1][::-1]
        end = begin + longest - int(np.argmin(candidates))
        parts.append(samples[begin * step : end * step])
        begin = end
    return [*parts, samples[begin * step :]]


def powers(samples: np.ndarray, step: int) -> np.ndarray:
    """Returns float64 (ceil(L / step),), the variance of the samples (L,) of each step.

    Example:
        >>> powers(np.array([1.0, -1, 1, 1]), 2).tolist()
        [1.0, 0.0]
    """
    filled = np.pad(samples, (0, -len(samples) % step)).reshape(-1, step)
    return filled.var(axis=1, dtype=np.float64)
