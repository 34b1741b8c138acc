"""Recordings as a model takes them: raw samples in, log-mel features made in the graph."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.contracts import ArraySource, register_source
from kseq2seq.contracts.source import real
from kseq2seq.speech.mel import STEP, log_mel, mel_filters, steps
from kseq2seq.speech.reading import read_audio
from kseq2seq.speech.silence import silent

_SCALE = 2.0**15
_RATES = 4_000, 48_000


@register_source("audio")
class AudioSource(ArraySource):
    """Sound of one channel; the model is given its log-mel features, one row for each 10 ms.

    A raw is the path of a file that soundfile reads (wav, flac, ogg, opus, mp3, of any rate and
    any channels), or an array of samples (L,) at `rate`: floats from -1 to 1, or int16. Samples
    are kept with 16 bits. Exports take the samples themselves, and compute the features.

    A recording is silent, and answered by an empty text, if fewer than 5 of its steps of 10 ms,
    50 ms in all, are louder than `silence`; see `kseq2seq.speech.silent`.

    Args:
        rate: samples in a second, from 4,000 to 48,000. Files of other rates are resampled.
        mels: how many bands a row of features has.
        max_seconds: the longest recording.
        too_long: "error", "split" at silences, or "cut"; see `Source`.
        silence: in dB below full scale.

    Raises:
        ValueError: an argument is invalid.

    Example:
        >>> source = AudioSource(rate=8000, mels=40, max_seconds=10)
        >>> tone = np.sin(np.arange(8000) * 0.3)
        >>> inputs = source(source.batch([tone, tone[:4000]]))
        >>> inputs["source"].shape, real(inputs).tolist()
        (TensorShape([2, 100, 40]), [100, 50])
        >>> source.empty(batch := source.batch([0 * tone]), source.lengths(batch)).numpy().tolist()
        [True]
    """

    unit = "frames of 10 ms"

    def __init__(
        self,
        rate: int = 16_000,
        mels: int = 80,
        max_seconds: float = 20.0,
        too_long: str = "error",
        silence: float = -60.0,
    ) -> None:
        self.rate = check_whole("rate", rate, _RATES[0], _RATES[1])
        self.mels = check_whole("mels", mels)
        window, self.step = steps(self.rate)
        mel_filters(self.rate, 1 << (window - 1).bit_length(), self.mels)
        if not max_seconds >= STEP:
            raise ValueError(f"`max_seconds` must be at least {STEP}; got {max_seconds!r}.")
        super().__init__((), round(max_seconds * self.rate / self.step), too_long)
        self.silence = float(silence)
        self.unit_seconds = self.step / self.rate
        self.spec = {"source": ((None, self.mels), "float32"), "source_mask": ((None,), "int32")}

    @property
    def max_seconds(self) -> float:
        """The longest recording, in seconds."""
        return self.max_length * self.step / self.rate

    def config(self) -> dict[str, Any]:
        """See `Saved`."""
        return {
            "rate": self.rate,
            "mels": self.mels,
            "max_seconds": self.max_seconds,
            "too_long": self.too_long,
            "silence": self.silence,
        }

    def counted(self, length: int) -> str:
        """See `Source`; with the seconds."""
        return f"{length} {self.unit} ({length * self.step / self.rate:g} s)"

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
        scale = _SCALE if values.dtype == np.int16 else 1
        return on_grid(self._checked(values, "the recording") / np.float32(scale))

    def pack(self, raw: Any) -> bytes:
        """See `Source`; int16, little end first."""
        return (self.read(raw) * _SCALE).astype("<i2").tobytes()

    def restore(self, packed: bytes) -> np.ndarray:
        """See `Source`."""
        return np.frombuffer(packed, "<i2").astype("float32") / np.float32(_SCALE)

    def unpack(self, packed: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `Source`."""
        lengths = tf.strings.length(packed) // 2
        longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
        whole = tf.io.decode_raw(packed, tf.int16, fixed_length=2 * tf.maximum(longest, 1))
        values = tf.cast(whole[:, :longest], tf.float32) / _SCALE
        return {"values": values, "values_length": lengths}

    def empty(self, raws: Any, lengths: tf.Tensor) -> tf.Tensor:
        """See `Source`; silence holds nothing."""
        heard = tf.sequence_mask(raws["values_length"], tf.shape(raws["values"])[1], tf.float32)
        return silent(raws["values"] * heard, self.step, self.silence)

    def features(self, values: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """See `ArraySource`; float32 (B, S, mels), of mean 0 and variance 1 in each band."""
        one = tf.cast(tf.reduce_max(lengths) > -1, tf.float32)
        return log_mel(values, self.rate, self.mels, one, normalized=lengths)

    def labels(self, inputs: dict[str, np.ndarray]) -> list[list[str]]:
        """See `Source`; the seconds at which each row begins, for example "0.13"."""
        return [
            [f"{unit * self.step / self.rate:.2f}" for unit in range(count)]
            for count in real(inputs)
        ]


def on_grid(samples: np.ndarray) -> np.ndarray:
    """Returns samples as 16 bits hold them, scaled down to full scale if they are louder.

    Example:
        >>> on_grid(np.array([0.5, 0.00001, 0.0])).tolist()
        [0.5, 0.0, 0.0]
    """
    peak = np.abs(samples).max(initial=0)
    samples = samples / max(float(peak), 1.0)
    whole = np.clip(np.rint(samples * _SCALE), -_SCALE, _SCALE - 1)
    return (whole / _SCALE).astype("float32")
