"""Recordings as samples of one channel, kept with 16 bits."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.contracts import ArraySource
from kseq2seq.speech.mel import STEP, steps
from kseq2seq.speech.reading import SCALE, on_grid, read_audio
from kseq2seq.speech.silence import silent, split_at_silences

_RATES = 4_000, 48_000
_MOST_SECONDS = 86_400


class Recordings(ArraySource):
    """The base of sources that are sound; a subclass says by `features` what a model is given.

    A raw is the path of a sound file, or samples (L,) at `rate`: floats from -1 to 1, or int16.

    Args:
        rate: samples in a second, from 4,000 to 48,000. Files of other rates are resampled.
        max_seconds: the longest recording.
        too_long: "error", "split" at silences, or "cut"; see `Source`.
        silence: in dB below full scale; see `silent`.

    Raises:
        ValueError: an argument is invalid.
    """

    unit = "frames of 10 ms"

    def __init__(self, rate: int, max_seconds: float, too_long: str, silence: float) -> None:
        self.rate = check_whole("rate", rate, _RATES[0], _RATES[1])
        self.step = steps(self.rate)[1]
        if not STEP <= max_seconds <= _MOST_SECONDS:
            raise ValueError(
                f"`max_seconds` must be from {STEP} to {_MOST_SECONDS:,}; got {max_seconds!r}."
            )
        super().__init__((), round(max_seconds * self.rate / self.step), too_long)
        self.silence = float(silence)
        self.unit_seconds = self.step / self.rate
        self.packed_size = 2

    def seconds(self, units: int) -> float:
        """Returns how long a number of units lasts."""
        return units * self.step / self.rate

    def counted(self, length: int) -> str:
        """See `Source`; with the seconds."""
        return f"{length} {self.unit} ({self.seconds(length):g} s)"

    def read(self, example: Any) -> np.ndarray:
        """See `Source`; float32 (L,) on the grid of 16 bits, which `pack` keeps as they are.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is no sound, damaged or truncated; or an array has another shape, or
                holds NaN or infinities.
        """
        if isinstance(example, str | os.PathLike):
            return on_grid(read_audio(example, self.rate))
        values = np.asarray(example)
        whole = values.dtype.kind == "i" and values.dtype.itemsize == 2
        if values.dtype.kind in "iu" and not whole:
            raise ValueError(
                f"the recording must hold floats from -1 to 1, or int16; got {values.dtype}. "
                "Divide it by its full scale."
            )
        return on_grid(self._checked(values, "the recording") / np.float32(SCALE if whole else 1))

    def pack(self, raw: Any) -> bytes:
        """See `Source`; int16, little end first."""
        return (self.read(raw) * SCALE).astype("<i2").tobytes()

    def restore(self, packed: bytes) -> np.ndarray:
        """See `Source`."""
        return np.frombuffer(packed, "<i2").astype("float32") / np.float32(SCALE)

    def unpack(self, packed: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `Source`."""
        lengths = tf.strings.length(packed) // 2
        longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
        whole = tf.io.decode_raw(packed, tf.int16, fixed_length=2 * tf.maximum(longest, 1))
        values = tf.cast(whole[:, :longest], tf.float32) / SCALE
        return {"values": values, "values_length": lengths}

    def empty(self, raws: Any, lengths: tf.Tensor) -> tf.Tensor:
        """See `Source`; silence holds nothing."""
        heard = tf.sequence_mask(raws["values_length"], tf.shape(raws["values"])[1], tf.float32)
        return silent(raws["values"] * heard, self.step, self.silence)

    def fixed_empty(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """See `Source`."""
        raws = {"values": inputs["values"], "values_length": inputs["source_length"]}
        return self.empty(raws, self.lengths(raws))

    def split(self, raw: Any) -> list[Any]:
        """See `Source`; cut where it is quietest."""
        return split_at_silences(self.read(raw), self.step, self.max_length)
