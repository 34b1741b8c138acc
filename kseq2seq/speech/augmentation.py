"""Recordings varied in training: another speed, added noise, masked features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

_CROSSINGS = 8  # zeros of the sinc on each side
_MOST_PARTS = 20  # of a speed's denominator


@dataclass(frozen=True)
class Augmentation:
    """What is drawn anew for each recording each time that it is trained on.

    Args:
        speeds: one of these is drawn; 0.9 makes a recording longer and its pitch lower.
        noisy: the share of recordings that noise is added to, of a color from white to red.
        noise: the lowest and the highest ratio of signal to noise, in dB.
        frequency_masks: how many ranges of bands are masked.
        frequency_width: of each, at most, as a share of the bands.
        time_masks: how many ranges of rows are masked.
        time_width: of each, at most, in seconds.
        time_share: of each, at most, as a share of the recording.

    Raises:
        ValueError: one is out of range.

    Example:
        >>> Augmentation(speeds=(1.0,), noisy=0.0).frequency_masks
        2

    Source:
        Ko et al. 2015 for speeds, which change here by a windowed sinc; Park et al. 2019 for the
        masks, without time warping. Masked features are 0, the mean of normalized ones.
    """

    speeds: Sequence[float] = (0.9, 1.0, 1.1)
    noisy: float = 0.5
    noise: Sequence[float] = (10.0, 40.0)
    frequency_masks: int = 2
    frequency_width: float = 0.25
    time_masks: int = 2
    time_width: float = 0.4
    time_share: float = 0.2

    def __post_init__(self) -> None:
        speeds, noise = tuple(map(float, self.speeds)), tuple(map(float, self.noise))
        if not speeds or any(not 0.5 <= speed <= 2 for speed in speeds):
            raise ValueError(f"`speeds` must hold numbers from 0.5 to 2; got {self.speeds!r}.")
        if len(noise) != 2 or not noise[0] <= noise[1]:
            raise ValueError(f"`noise` must be a lowest and a highest ratio; got {self.noise!r}.")
        for name in ("noisy", "frequency_width", "time_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"`{name}` must be from 0 to 1; got {getattr(self, name)!r}.")
        for name in ("frequency_masks", "time_masks", "time_width"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must be at least 0; got {getattr(self, name)!r}.")
        object.__setattr__(self, "speeds", speeds)
        object.__setattr__(self, "noise", noise)

    def config(self) -> dict[str, Any]:
        """Returns the arguments, in JSON's own types."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    def draw(
        self, items: tf.Tensor, step: int, longest: Any, seed: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Returns a speed for each recording, at which it is not longer than allowed; in graph.

        Args:
            items: int32 (B,), samples of each.
            step: samples of a step.
            longest: steps, at most.
            seed: int64 (2,).

        Returns:
            "speed", float32 (B,); "units", int32 (B,), steps at that speed; "number", int64 (B,),
            which later draws depend on.
        """
        by_speed, by_number = _several(seed, 2)
        rows = tf.shape(items)
        speeds = tf.constant([*self.speeds, 1.0])
        units = tf.stack([-(-slowed(items, speed) // step) for speed in (*self.speeds, 1.0)])
        which = tf.random.stateless_uniform(rows, by_speed, 0, len(self.speeds), tf.int32)
        places = tf.stack([which, tf.range(rows[0])], axis=1)
        which = tf.where(tf.gather_nd(units, places) <= longest, which, len(self.speeds))
        places = tf.stack([which, tf.range(rows[0])], axis=1)
        number = tf.random.stateless_uniform(rows, by_number, None, None, tf.int64)
        return {
            "speed": tf.gather(speeds, which),
            "units": tf.gather_nd(units, places),
            "number": number,
        }

    def samples(
        self, values: tf.Tensor, items: tf.Tensor, speeds: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns samples (B, L) at their speeds, some with noise, and how many; in graph.

        Args:
            values: float32 (B, L), 0 beyond the end of each recording; noise goes on there.
            items: int32 (B,), how many samples are real.
            speeds: float32 (B,), each one of `self.speeds`, or 1.
            seed: int64 (2,).
        """
        # 1. The whole batch at each speed, of which each row has one.
        offered = sorted({*self.speeds, 1.0})
        longest = slowed(tf.shape(values)[1], offered[0])
        chosen, counts = tf.zeros([tf.shape(values)[0], longest]), items
        for speed in offered:
            sped = at_speed(values, speed)
            sped = tf.pad(sped, [[0, 0], [0, longest - tf.shape(sped)[1]]])
            mine = speeds == speed
            chosen = tf.where(mine[:, None], sped, chosen)
            counts = tf.where(mine, slowed(items, speed), counts)
        chosen = chosen[:, : tf.reduce_max(counts)]
        return self._noised(chosen, counts, seed), counts

    def _noised(self, values: tf.Tensor, items: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        rows, length = tf.unstack(tf.shape(values))
        by_time, by_color, by_ratio, by_row, *_ = _several(seed, 6)
        white = tf.random.stateless_normal([rows, length], by_time)
        # Power falls with the frequency f as f ** -color (0 is white, 2 is red), but not below a
        # fortieth of the highest frequency, where most of it would lie and nothing be heard.
        color = tf.random.stateless_uniform([rows, 1], by_color, 0.0, 2.0)
        spectrum = tf.signal.rfft(white)
        frequency = tf.linspace(0.0, 1.0, tf.shape(spectrum)[1])
        slope = tf.cast(tf.maximum(frequency, 1 / 40)[None] ** (-color / 2), tf.complex64)
        noise = tf.signal.irfft(spectrum * slope, fft_length=[length])
        power = tf.reduce_sum(values**2, axis=1) / tf.cast(tf.maximum(items, 1), tf.float32)
        decibels = tf.random.stateless_uniform([rows], by_ratio, *self.noise)
        wanted = tf.sqrt(power * 10 ** (-decibels / 10))
        has = tf.sqrt(tf.reduce_mean(noise**2, axis=1) + 1e-20)
        drawn = tf.random.stateless_uniform([rows], by_row) < self.noisy
        return values + noise * tf.where(drawn, wanted / has, 0.0)[:, None]

    def features(
        self, features: tf.Tensor, lengths: tf.Tensor, seed: tf.Tensor, seconds: float
    ) -> tf.Tensor:
        """Returns features (B, S, M) in which ranges of rows and of bands are 0; in graph.

        Args:
            features: normalized ones.
            lengths: int32 (B,), how many rows of each are real.
            seed: int64 (2,).
            seconds: of a row.
        """
        rows, units, mels = tf.unstack(tf.shape(features))
        *_, by_time, by_band = _several(seed, 6)
        real = tf.cast(lengths, tf.float32)[:, None]
        longest = tf.minimum(self.time_width / seconds, self.time_share * real)
        kept = _outside(self.time_masks, rows, units, real, longest, by_time)
        bands = tf.cast(mels, tf.float32)
        widest = bands * self.frequency_width
        heard = _outside(self.frequency_masks, rows, mels, bands, widest, by_band)
        return features * kept[:, :, None] * heard[:, None, :]


def _several(seed: tf.Tensor, count: int) -> list[tf.Tensor]:
    """Different seeds, made of one."""
    return tf.unstack(tf.random.experimental.stateless_split(seed, count))


def _outside(count: int, rows: Any, size: Any, real: Any, widest: Any, seed: tf.Tensor) -> Any:
    """float32 (rows, size), 0 in `count` drawn ranges of up to `widest` of the `real` places."""
    if not count:
        return tf.ones([rows, size])
    drawn = tf.random.stateless_uniform([2, rows, count], seed)
    width = tf.floor(drawn[0] * (widest + 1))
    begin = tf.floor(drawn[1] * (real - width + 1))
    places = tf.range(size, dtype=tf.float32)
    inside = (places >= begin[..., None]) & (places < (begin + width)[..., None])
    return 1 - tf.cast(tf.reduce_any(inside, axis=1), tf.float32)


def at_speed(values: tf.Tensor, speed: float) -> tf.Tensor:
    """Returns samples (B, L) at another speed, (B, `slowed(L, speed)`); in graph.

    Args:
        values: float32.
        speed: is rounded to a fraction p / q, where q is at most 20.

    Example:
        >>> at_speed(tf.ones([1, 110]), 1.1).shape
        TensorShape([1, 100])
    """
    ratio = Fraction(speed).limit_denominator(_MOST_PARTS)
    if ratio == 1:
        return values
    kernel, before = _kernel(ratio)
    taken, made = ratio.numerator, ratio.denominator
    length = tf.shape(values)[1]
    blocks = -(-length // taken)
    filled = blocks * taken - length + kernel.shape[0] - before
    padded = tf.pad(values, [[0, 0], [before, filled]])
    windows = tf.nn.conv1d(padded[:, :, None], kernel, stride=taken, padding="VALID")
    samples = tf.reshape(windows[:, :blocks], [tf.shape(values)[0], blocks * made])
    return samples[:, : slowed(length, speed)]


def slowed(length: Any, speed: float) -> Any:
    """Returns how many samples a number of samples, or a tensor of some, becomes at a speed.

    Example:
        >>> slowed(900, 0.9), slowed(1, 1.1)
        (1000, 1)
    """
    ratio = Fraction(speed).limit_denominator(_MOST_PARTS)
    return -(-length * ratio.denominator // ratio.numerator)


@lru_cache(maxsize=16)
def _kernel(ratio: Fraction) -> tuple[np.ndarray, int]:
    """The taps (K, 1, q) of the q samples that p become, and how many lie before the first."""
    taken, made = ratio.numerator, ratio.denominator
    cutoff = min(1.0, made / taken)
    reach = int(np.ceil(_CROSSINGS / cutoff))
    taps = np.arange(-reach, taken + reach + 1)
    distance = taps[:, None] - np.arange(made) * taken / made
    window = np.where(np.abs(distance) < reach, 0.5 + 0.5 * np.cos(np.pi * distance / reach), 0)
    kernel = cutoff * np.sinc(cutoff * distance) * window
    return kernel[:, None, :].astype("float32"), reach
