"""Recordings as a model takes them: samples, from which it computes its features."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from kseq2seq_runtime.arrays import ArraySource
from kseq2seq_runtime.recordings import SCALE, read_recording

LEAST_SOUND = 5  # steps of 10 ms, in all


class AudioSource(ArraySource):
    """Sound files, or arrays of samples, as kseq2seq's own reads them; silence holds nothing.

    Args:
        longest: the most samples.
        rate: samples in a second.
        silence: in dB below full scale; a recording with fewer than 5 steps of 10 ms that are
            louder is silent.
        cut: whether longer recordings are cut.
    """

    def __init__(self, longest: int, rate: int, silence: float, cut: bool):
        super().__init__((longest,), "float32", cut)
        self.rate = rate
        self.silence = silence

    def several(self, raws: Any) -> list[np.ndarray]:
        """See `Source`; a path or an array, or several of them in a list or tuple."""
        listed = raws if isinstance(raws, list | tuple) else [raws]
        return [self._read(raw, index) for index, raw in enumerate(listed)]

    def __call__(self, raw: np.ndarray, which: str) -> np.ndarray | None:
        """See `Source`."""
        if len(raw) > self.longest and not self.cut:
            raise ValueError(
                f"Source {which} has {len(raw) / self.rate:.2f} seconds, and the limit is "
                f"{self.longest / self.rate:.2f}; split it."
            )
        heard = super().__call__(raw, which)
        step = round(0.010 * self.rate)
        blocks = np.pad(raw[: self.longest], (0, -len(raw[: self.longest]) % step))
        power = blocks.reshape(-1, step).var(axis=1, dtype=np.float64)
        return heard if (power > 10 ** (self.silence / 10)).sum() >= LEAST_SOUND else None

    def _read(self, raw: Any, index: int) -> np.ndarray:
        if isinstance(raw, str | os.PathLike):
            samples = read_recording(raw, self.rate)
        else:
            kind = np.asarray(raw).dtype
            short = kind.kind == "i" and kind.itemsize == 2
            if kind.kind in "iu" and not short:
                raise ValueError(
                    f"Source {index} must hold floats from -1 to 1, or int16; got {kind}. Divide "
                    "it by its full scale."
                )
            samples = self._checked(raw, index) / (SCALE if short else 1.0)
        peak = max(float(np.abs(samples).max(initial=0)), 1.0)
        rounded = np.clip(np.rint(samples / peak * SCALE), -SCALE, SCALE - 1)
        return (rounded / SCALE).astype("float32")
