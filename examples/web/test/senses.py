"""Writes the pictures and sounds of test/fixtures, by kseq2seq_runtime, which the page must equal.

Use: python test/senses.py
"""

from __future__ import annotations

import base64
import io
import json
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from kseq2seq_runtime.audio import AudioSource
from kseq2seq_runtime.pictures import fitted, of_height
from kseq2seq_runtime.recordings import SCALE
from kseq2seq_runtime.truncation import truncated

FOLDER = Path(__file__).with_name("fixtures")
SIZE, LINE = (9, 12), 8
SHAPES = [(1, 1, 3), (7, 5, 3), (9, 12, 3), (18, 24, 1), (31, 17, 3), (3, 60, 1), (60, 2, 3)]


def main() -> None:
    """Writes pictures.json and sounds.json."""
    random = np.random.default_rng(0)
    pictures = {"size": SIZE, "line": LINE, "cases": [resized(random, *shape) for shape in SHAPES]}
    (FOLDER / "pictures.json").write_text(json.dumps(pictures), encoding="utf-8")
    kinds = [
        (1, 1, 8000),
        (2, 1, 16_000),
        (3, 1, 44_100),
        (4, 1, 8000),
        (2, 2, 8000),
        (2, 3, 22_050),
    ]
    sounds = {
        "wavs": [recorded(random, *kind) for kind in kinds],
        "silence": [heard(*case) for case in quiet(random)],
        "tones": [tone(*rates) for rates in ((44_100, 8000), (48_000, 16_000), (8000, 22_050))],
        "cuts": [cut(random, *kind) for kind in (("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"))],
    }
    (FOLDER / "sounds.json").write_text(json.dumps(sounds), encoding="utf-8")


def packed(content: Any) -> str:
    """Returns bytes, or an array of them, as ASCII."""
    return base64.b64encode(bytes(content)).decode()


def resized(random: np.random.Generator, height: int, width: int, channels: int) -> dict[str, Any]:
    """Returns a picture of random pixels, and what is made of it."""
    pixels = random.integers(0, 256, (height, width, channels)).astype("uint8")
    line = of_height(pixels, LINE)
    return {
        "height": height,
        "width": width,
        "channels": channels,
        "values": packed(pixels.tobytes()),
        "fitted": packed(fitted(pixels, *SIZE).tobytes()),
        "columns": line.shape[1],
        "line": packed(line.tobytes()),
    }


def recorded(random: np.random.Generator, width: int, channels: int, rate: int) -> dict[str, Any]:
    """Returns the bytes of a wav file, and its samples of 16 bits."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(random.bytes(60 * channels * width))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "it.wav")
        path.write_bytes(content.getvalue())
        (samples,) = AudioSource(60, rate, -60.0, cut=False).several(path)
    name = f"{width} byte{'s' * (width > 1)}" + f", {channels} channels" * (channels > 1)
    whole = (samples * SCALE).astype(int).tolist()
    return {"name": name, "bytes": packed(content.getvalue()), "rate": rate, "samples": whole}


def quiet(random: np.random.Generator) -> list[tuple[str, np.ndarray, int, float]]:
    """Returns sounds about as loud as what counts as silence."""
    noise = np.rint(random.normal(size=2000) * SCALE / 1000)  # -60 dB
    burst = np.where(np.arange(2000) < 4 * 80, 20 * noise, 0)
    longer = np.where(np.arange(2000) < 4 * 80 + 2, 20 * noise, 0)
    at_22050 = np.where(np.arange(2000) < 4 * 220 + 2, 20 * noise, 0)  # a step has 220.5 samples
    return [
        ("no sample", noise[:0], 8000, -60.0),
        ("a constant", np.full(2000, 9000.0), 8000, -60.0),
        ("noise of -60 dB, at a limit of -50", noise, 8000, -50.0),
        ("noise of -60 dB, at a limit of -70", noise, 8000, -70.0),
        ("a click of four steps", burst, 8000, -60.0),
        ("a sound of more than four steps", longer, 8000, -60.0),
        ("as much, at a rate of halves of samples in a step", at_22050, 22_050, -60.0),
    ]


def heard(name: str, whole: np.ndarray, rate: int, level: float) -> dict[str, Any]:
    """Returns a sound, and whether it is silent."""
    source = AudioSource(4000, rate, level, cut=False)
    silent = source((whole / SCALE).astype("float32"), "0") is None
    samples = whole.astype(int).tolist()
    return {"name": name, "samples": samples, "rate": rate, "level": level, "silent": silent}


def tone(own: int, rate: int) -> dict[str, Any]:
    """Returns a part of half a second of three tones at another rate."""
    seconds = np.arange(own // 2) / own
    tones = sum(np.sin(2 * np.pi * hz * seconds) / 4 for hz in (300, 1100, 2900))
    made = soxr.resample(np.asarray(tones, "float32"), own, rate, quality="HQ")
    first = len(made) // 2
    samples = [round(float(sample), 6) for sample in made[first : first + 60]]
    return {"own": own, "rate": rate, "first": first, "samples": samples}


def cut(random: np.random.Generator, kind: str, subtype: str) -> dict[str, Any]:
    """Returns a sound file, and why it is truncated when it is cut at some places."""
    noise, content = random.normal(size=2000) / 10, io.BytesIO()
    soundfile.write(content, noise, 16_000, format=kind, subtype=subtype, compression_level=0.9)
    whole = content.getvalue()
    cuts = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "it")
        for length in [*range(50, len(whole), 97), len(whole) - 1, len(whole)]:
            path.write_bytes(whole[:length])
            try:
                read = len(soundfile.read(path)[0])
            except soundfile.SoundFileError:
                read = 0
            cuts.append([length, read, truncated(path, read)])
    return {"kind": kind, "bytes": packed(whole), "cuts": cuts}


if __name__ == "__main__":
    main()
