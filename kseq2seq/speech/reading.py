"""Sound files of any format, rate and number of channels as samples of one channel."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from kseq2seq.speech.truncation import truncated

MOST_SAMPLES = 2**28  # in memory, a gibibyte
SCALE = 2.0**15
_RATES = 1_000, 768_000
_BLOCK = 2**18  # samples of each channel
_CHANNELS = 64
_GSM: dict[str, Any] = {"format": "RAW", "subtype": "GSM610", "samplerate": 8000, "channels": 1}


def read_audio(path: str | os.PathLike[str], rate: int) -> np.ndarray:
    """Returns the samples of a sound file, in one channel and at one rate.

    The mean of the channels is resampled by soxr ("HQ": flat to 91 % of half the lower rate). A
    long file is read in blocks, so memory holds no more than the result.

    Args:
        path: what soundfile reads: wav, flac, ogg, opus, mp3, aiff..., and `.gsm` without a header.
        rate: samples in a second of the result.

    Returns:
        float32 (L,), from -1 to 1; decoders of lossy formats may exceed that a little.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no sound file, damaged, truncated, has more than 2**28 samples at `rate`,
            or holds NaN or infinities; the message names it.
        ImportError: soundfile or soxr is not installed.

    Example:
        >>> from kseq2seq.speech import read_audio
        >>> samples = read_audio("prompt.wav", rate=8000)  # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is {'no file' if path.exists() else 'missing'}.")
    if not path.stat().st_size:
        raise ValueError(f"{path} is an empty file. Replace it, or leave it out.")
    soundfile, soxr = _libraries()
    known = _GSM if path.suffix.lower() == ".gsm" else {}
    try:
        with soundfile.SoundFile(path, **known) as file:
            _check(file, path)
            samples, frames = _one_channel(file, path, rate, soxr)
            said = 0 if file.format == "MP3" else file.frames  # of which it is a guess
    except (soundfile.SoundFileError, TypeError) as error:  # the latter of samples without a header
        why = str(getattr(error, "error_string", error)).rstrip(".")
        why = "no format that is known" if "does not exist" in why else why
        raise ValueError(
            f"{path} is no readable sound file ({why}). Convert it to wav or flac, or leave it out."
        ) from error
    why = truncated(path, frames) or (
        f"it holds {frames:,} of {said:,} samples" if frames < said < 2**62 else ""
    )
    if why:
        raise ValueError(
            f"{path} is truncated, or can't be read whole: {why}. Copy it again, or convert it."
        )
    return samples


def _check(file: Any, path: Path) -> None:
    if not _RATES[0] <= file.samplerate <= _RATES[1]:
        raise ValueError(
            f"{path} says that it has {file.samplerate:,} samples a second; expected "
            f"{_RATES[0]:,} to {_RATES[1]:,}. Convert it, or leave it out."
        )
    if file.channels > _CHANNELS:
        raise ValueError(
            f"{path} has {file.channels} channels; expected at most {_CHANNELS}. Take one of them."
        )


def _one_channel(file: Any, path: Path, rate: int, soxr: Any) -> tuple[np.ndarray, int]:
    """The mean of the channels at a rate, block by block, and how many frames were read."""
    resampler = None
    if file.samplerate != rate:
        resampler = soxr.ResampleStream(file.samplerate, rate, 1, dtype="float32", quality="HQ")
    done: list[np.ndarray] = []
    count = frames = 0
    while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
        frames += len(block)
        mean = block.mean(axis=1, dtype="float64").astype("float32")
        if not np.isfinite(mean).all():
            raise ValueError(f"{path} holds NaN or infinities. Repair it, or leave it out.")
        done.append(_resampled(resampler, mean, last=False))
        count += len(done[-1])
        if count > MOST_SAMPLES:
            raise ValueError(
                f"{path} has more than {MOST_SAMPLES:,} samples at {rate:,} Hz, "
                f"{MOST_SAMPLES / rate / 3600:.1f} hours. Split it."
            )
    done.append(_resampled(resampler, np.zeros(0, "float32"), last=True))
    return np.concatenate(done), frames


def _resampled(resampler: Any, block: np.ndarray, last: bool) -> np.ndarray:
    return block if resampler is None else resampler.resample_chunk(block, last=last)


def _libraries() -> tuple[Any, Any]:
    try:
        import soundfile
        import soxr
    except ImportError as error:
        raise ImportError(
            f"Reading sound files needs soundfile and soxr ({error}). Install them with "
            "`pip install kseq2seq[speech]`, or pass arrays of samples."
        ) from error
    return soundfile, soxr


def on_grid(samples: np.ndarray) -> np.ndarray:
    """Returns samples as 16 bits hold them, scaled down to full scale if they are louder.

    Example:
        >>> on_grid(np.array([0.5, 0.00001, 0.0])).tolist()
        [0.5, 0.0, 0.0]
    """
    peak = np.abs(samples).max(initial=0)
    samples = samples / max(float(peak), 1.0)
    whole = np.clip(np.rint(samples * SCALE), -SCALE, SCALE - 1)
    return (whole / SCALE).astype("float32")
