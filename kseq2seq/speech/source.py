"""Recordings as a model takes them: raw samples in, log-mel features made in the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.contracts import register_source
from kseq2seq.contracts.source import real
from kseq2seq.speech.augmentation import Augmentation
from kseq2seq.speech.mel import check_bands, log_mel
from kseq2seq.speech.recordings import Recordings


@register_source("audio")
class AudioSource(Recordings):
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
        augmentation: how batches of training vary recordings, by their seed; None leaves them.

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

    def __init__(
        self,
        rate: int = 16_000,
        mels: int = 80,
        max_seconds: float = 20.0,
        too_long: str = "error",
        silence: float = -60.0,
        augmentation: Augmentation | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(rate, max_seconds, too_long, silence)
        self.mels = check_whole("mels", mels)
        check_bands(self.rate, self.mels)
        if isinstance(augmentation, Mapping):
            augmentation = Augmentation(**augmentation)
        self.augmentation = augmentation
        self.spec = {"source": ((None, self.mels), "float32"), "source_mask": ((None,), "int32")}

    @property
    def draws(self) -> bool:
        """See `Source`."""
        return self.augmentation is not None

    def config(self) -> dict[str, Any]:
        """See `Saved`."""
        return {
            "rate": self.rate,
            "mels": self.mels,
            "max_seconds": self.seconds(self.max_length),
            "too_long": self.too_long,
            "silence": self.silence,
            "augmentation": self.augmentation and self.augmentation.config(),
        }

    def features(self, values: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """See `ArraySource`; float32 (B, S, mels), of mean 0 and variance 1 in each band."""
        one = tf.cast(tf.reduce_max(lengths) > -1, tf.float32)
        return log_mel(values, self.rate, self.mels, one, normalized=lengths)

    def draw(self, packed: tf.Tensor, room: Any, sample: bool, seed: tf.Tensor) -> tuple[Any, ...]:
        """See `Source`; a speed for each, and a number that later draws depend on."""
        rows, lengths, empty = self.prepare(packed, room, sample)
        if self.augmentation is None:
            return rows, lengths, empty
        items = tf.strings.length(rows) // 2
        drawn = self.augmentation.draw(items, self.step, tf.minimum(room, self.max_length), seed)
        # at another speed a recording that is cut would lose the end of what is left
        speeds = tf.where(lengths > self.max_length, 1.0, drawn["speed"])
        units = tf.where(speeds == 1.0, lengths, drawn["units"])
        return {"packed": rows, "speed": speeds, "number": drawn["number"]}, units, empty

    def assemble(self, rows: Any, count: Any, units: Any, training: bool = False) -> dict[str, Any]:
        """See `Source`; varies the rows that `draw` returned."""
        if not isinstance(rows, dict) or self.augmentation is None:
            return super().assemble(rows, count, units, training)
        seed = tf.stack([rows["number"][0], tf.size(rows["number"], tf.int64)])
        raws = self.unpack(rows["packed"])
        values, items = self.augmentation.samples(
            raws["values"], raws["values_length"], rows["speed"], seed
        )
        lengths = -(-items // self.step)
        inputs = self._inputs(values, -(-tf.shape(values)[1] // self.step), items, lengths)
        masked = self.augmentation.features(inputs["source"], lengths, seed, self.seconds(1))
        return self.filled({**inputs, "source": masked}, count, units)

    def labels(self, inputs: dict[str, np.ndarray]) -> list[list[str]]:
        """See `Source`; the seconds at which each row begins, for example "0.13"."""
        return [[f"{self.seconds(unit):.2f}" for unit in range(count)] for count in real(inputs)]
