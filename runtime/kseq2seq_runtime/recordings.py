"""Sound files as samples: wav by the standard library, others by soundfile if installed."""

from __future__ import annotations

import os
import wave
from pathlib import Path
from typing import Any

import numpy as np

from kseq2seq_runtime.truncation import truncated

MOST_SAMPLES = 2**28
SCALE = 2.0**15
_BLOCK = 2**18  # samples of each channel
_RATES = 1_000, 768_000
_CHANNELS = 64


def read_recording(path: str | os.PathLike[str], rate: int) -> np.ndarray:
    """Returns the mean of the channels of a sound file, at a rate.

    Args:
        path: a wav file of whole numbers or, with soundfile installed, any that it reads.
        rate: samples in a second. A file of another rate needs soxr.

    Returns:
        float32 (L,), from -1 to 1.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no sound file, truncated, has more than 2**28 samples, holds NaN or
            infinities, or needs soundfile or soxr, which is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is {'no file' if path.exists() else 'missing'}.")
    if not path.stat().st_size:
        raise ValueError(f"{path} is an empty file. Replace it.")
    try:
        samples, own = _wav(path)
    except (wave.Error, EOFError) as error:
        samples, own = _other(path, error)
    if why := truncated(path, len(samples)):
        raise ValueError(
            f"{path} is truncated, or can't be read whole: {why}. Copy it again, or convert it."
        )
    if not np.isfinite(samples).all():
        raise ValueError(f"{path} holds NaN or infinities. Repair it, or leave it out.")
    return samples if own == rate else _resampled(samples, own, rate, path)


def _wav(path: Path) -> tuple[np.ndarray, int]:
    """The samples of a wav file, and its rate."""
    with wave.open(str(path)) as file:
        channels, width, rate, *_ = file.getparams()  # a file from a pipe does not know its length
        if width > 4:
            raise wave.Error(f"its samples have {8 * width} bits")
        _check(rate, channels, path)
        parts: list[np.ndarray] = []
        while content := file.readframes(_BLOCK):
            whole = len(content) // (channels * width) * channels * width
            parts.append(_numbers(content[:whole], width).reshape(-1, channels).mean(axis=1))
            _check_size(sum(map(len, parts)), path)
    return np.concatenate([np.zeros(0, "float32"), *parts]).astype("float32"), rate


def _numbers(content: bytes, width: int) -> np.ndarray:
    """float32, from whole numbers of 1 to 4 bytes."""
    if width == 1:
        return (np.frombuffer(content, "u1").astype("float32") - 128) / 128
    if width == 3:
        bytes_of = np.frombuffer(content, "u1").reshape(-1, 3)
        filled = np.pad(bytes_of, ((0, 0), (1, 0)))
        return (filled.reshape(-1).view("<i4") / 2.0**31).astype("float32")
    numbers = np.frombuffer(content, f"<i{width}")
    return (numbers / 2.0 ** (8 * width - 1)).astype("float32")


def _other(path: Path, error: Exception) -> tuple[np.ndarray, int]:
    """The samples of a file that is no plain wav, and its rate."""
    try:
        import soundfile
    except ImportError:
        raise ValueError(
            f"{path} is no wav file of whole numbers ({error}). Convert it, or install soundfile, "
            "which reads other formats."
        ) from error
    try:
        with soundfile.SoundFile(path) as file:
            _check(file.samplerate, file.channels, path)
            parts = [np.zeros(0, "float32")]
            while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
                parts.append(block.mean(axis=1, dtype="float64").astype("float32"))
                _check_size(sum(map(len, parts)), path)
            samples = np.concatenate(parts)
            said = 0 if file.format == "MP3" else file.frames  # of which it is a guess
    except (soundfile.SoundFileError, TypeError) as why:  # the latter of samples without a header
        said = str(getattr(why, "error_string", why)).rstrip(".")
        said = "no format that is known" if "does not exist" in said else said
        raise ValueError(f"{path} is no readable sound file ({said}). Convert it to wav.") from why
    if len(samples) < said < 2**62:
        raise ValueError(
            f"{path} is truncated: it holds {len(samples):,} of {said:,} samples. Copy it again."
        )
    return samples, int(file.samplerate)


def _check(rate: int, channels: int, path: Path) -> None:
    if not _RATES[0] <= rate <= _RATES[1]:
        raise ValueError(
            f"{path} says that it has {rate:,} samples a second; expected {_RATES[0]:,} to "
            f"{_RATES[1]:,}. Convert it."
        )
    if channels > _CHANNELS:
        raise ValueError(
            f"{path} has {channels} channels; expected at most {_CHANNELS}. Take one of them."
        )


def _check_size(frames: int, path: Path) -> None:
    if frames > MOST_SAMPLES:
        raise ValueError(f"{path} has more than {MOST_SAMPLES:,} samples. Split it.")


def _resampled(samples: np.ndarray, own: int, rate: int, path: Path) -> Any:
    try:
        import soxr
    except ImportError:
        raise ValueError(
            f"{path} has {own:,} samples a second, and the model reads {rate:,}. Convert it, or "
            "install soxr, which resamples."
        ) from None
    return soxr.resample(samples, own, rate, quality="HQ").astype("float32")
