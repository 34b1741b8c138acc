"""The page for browsers, in a headless Chromium: texts, recordings and pictures.

It must show the ids and texts that Python makes of the same. `make test-web` runs this.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

WEB = Path(__file__).parents[1] / "examples" / "web"
RATE = 8000
NEEDED = {
    "node": shutil.which("node"),
    "chromedriver": os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver"),
    "chromium": os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("google-chrome"),
    "npm install in examples/web": (WEB / "node_modules").is_dir(),
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(NEEDED.values()),
        reason="missing: " + ", ".join(name for name, there in NEEDED.items() if not there),
    ),
]


def test_the_page_reads_recordings_and_pictures_as_the_runtime_does(tmp_path):
    sounds, pictures = recordings(tmp_path), images(tmp_path)
    spoken = [*sounds, "silence.wav"]
    whole = [file for file in spoken if file != "chirp.ogg"]  # Chromium leaves out its last 4 ms
    models = [
        expected(tmp_path, name, pipeline, files)
        for (name, pipeline), files in zip(
            pipelines().items(), (spoken, whole, pictures, pictures), strict=True
        )
    ]
    broken = ["cut.wav", "cut.ogg", "cut.mp3", "text.wav", "long.wav"]
    refused = {"speech_ctc": broken, "captions": ["text.png"]}
    for model in models:
        model["refused"] = refused.get(model["name"], [])
        texts = {case["own"]["text"] for case in model["cases"]}
        assert len(texts) > 1, f"{model['name']} writes {texts} for all"
    (tmp_path / "expected.json").write_text(json.dumps(models), encoding="utf-8")
    run("senses.js", tmp_path)


def test_the_page_reads_texts_as_the_interpreter_does(tmp_path, capsys):
    import kseq2seq as ks
    from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

    source, target = TextSource(ByteTokenizer(), 80), TextTarget(ByteTokenizer(), 12)
    model = wild(source, target, "luong", 137, 0.7, hidden_dim=8, dropout=0.0)
    path, expected = tmp_path / "text.tflite", tmp_path / "expected.json"
    ks.Pipeline(model, source, target, ks.Beam(2)).export(path, report=None)
    spec = importlib.util.spec_from_file_location("expected", WEB / "expected.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    capsys.readouterr()
    script.main(str(path))
    expected.write_text(capsys.readouterr().out, encoding="utf-8")
    texts = {each["greedy"]["text"] for each in json.loads(expected.read_text())["sentences"]}
    assert len(texts) > 3
    run("page.js", path, expected)


def run(script: str, *arguments: Path) -> None:
    """Runs a test of the page's own; SCREENSHOTS names a folder for pictures of it."""
    shots = os.environ.get("SCREENSHOTS")
    done = subprocess.run(
        ["node", f"test/{script}", *map(str, arguments), *([shots] if shots else [])],
        cwd=WEB,
        capture_output=True,
        text=True,
        timeout=300,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def wild(source: Any, target: Any, name: str, seed: int, scale: float, **sizes: Any) -> Any:
    """A model of random weights."""
    import kseq2seq as ks

    model = ks.build_model(name, source, target, **sizes)
    random = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(random.normal(scale=scale, size=weight.shape))
    return model


def pipelines() -> dict[str, Any]:
    """Models of random weights, which write nonsense, but another for each source."""
    import kseq2seq as ks
    from kseq2seq.image import ImageSource, LineSource
    from kseq2seq.models import Crnn, Image
    from kseq2seq.speech import AudioSource
    from kseq2seq.text import CharacterTokenizer, JamoTokenizer, TextTarget, WordTokenizer

    sound = AudioSource(RATE, 10, 1.0)
    letters = TextTarget(CharacterTokenizer("abcdefgh"), 8)
    hangul = TextTarget(JamoTokenizer.train(["가각나다릭"]), 8)
    words = TextTarget(WordTokenizer.train(["red cat left of blue dog"]), 8)
    small: dict[str, Any] = {"hidden_dim": 8, "dropout": 0.0}
    pixels, line = ImageSource(24, 32), LineSource(16, 200, channels=1, too_long="cut")
    looking = Image(channels=4, **small)
    built = {
        "speech_ctc": (sound, letters, ks.Greedy(), ("gru", {"head": "ctc", "stride": 4, **small})),
        "speech_decoder": (sound, hangul, ks.Beam(3), ("luong", {"stride": 4, **small})),
        "captions": (
            pixels,
            words,
            ks.Greedy(),
            ("hybrid", {"encoder": looking, "decoder": {"architecture": "bahdanau", **small}}),
        ),
        "line": (
            line,
            hangul,
            ks.Greedy(),
            ("crnn", {"head": "ctc", **Crnn(channels=4, num_layers=1, **small).config()}),
        ),
    }
    drawn = {
        "speech_ctc": (1, 1.0),
        "speech_decoder": (4, 1.0),
        "captions": (3, 1.4),
        "line": (3, 1.0),
    }
    made = {}
    for name, (source, target, search, (architecture, sizes)) in built.items():
        model = wild(source, target, architecture, *drawn[name], **sizes)
        made[name] = ks.Pipeline(model, source, target, search)
    return made


def recordings(folder: Path) -> list[str]:
    """Writes sound files, and returns the names of those that are neither silent nor broken."""
    import soundfile

    def noise(seed: int, seconds: float, rate: int = RATE, channels: int = 1) -> np.ndarray:
        random, count = np.random.default_rng(seed), int(seconds * rate)
        swell = np.sin(np.arange(count) / rate * 9)[:, None]
        return 0.4 * swell * np.clip(random.normal(size=(count, channels)), -2, 2)

    def chirp(seconds: float, rate: int) -> np.ndarray:
        at = np.arange(int(seconds * rate)) / rate
        return 0.5 * np.sin(2 * np.pi * (300 + 900 * at) * at)

    for name, samples, rate, kind in (
        ("mono.wav", noise(0, 0.9), RATE, "PCM_16"),
        ("stereo.wav", noise(1, 0.6, channels=2), RATE, "PCM_24"),
        ("bytes.wav", noise(2, 0.5), RATE, "PCM_U8"),
        ("mono.flac", noise(3, 0.7), RATE, "PCM_16"),
        ("fast.wav", chirp(0.8, 44_100), 44_100, "PCM_16"),
        ("chirp.ogg", chirp(0.9, RATE), RATE, "VORBIS"),
        ("chirp.mp3", chirp(0.6, 16_000), 16_000, "MPEG_LAYER_III"),
        ("silence.wav", np.zeros(4000), RATE, "PCM_16"),
        ("long.wav", noise(4, 1.1), RATE, "PCM_16"),
    ):
        soundfile.write(folder / name, samples, rate, subtype=kind)
    for whole, broken in (
        ("mono.wav", "cut.wav"),
        ("chirp.ogg", "cut.ogg"),
        ("chirp.mp3", "cut.mp3"),
    ):
        content = (folder / whole).read_bytes()
        (folder / broken).write_bytes(content[: len(content) * 2 // 3])
    (folder / "text.wav").write_text("no sound at all")
    return [
        "mono.wav",
        "stereo.wav",
        "bytes.wav",
        "mono.flac",
        "fast.wav",
        "chirp.ogg",
        "chirp.mp3",
    ]


def images(folder: Path) -> list[str]:
    """Writes pictures, and returns the names of those that are not broken."""
    from PIL import Image, ImageDraw

    random = np.random.default_rng(0)
    dots = Image.fromarray(random.integers(0, 256, (6, 9, 4)).astype("uint8"), "RGBA")
    large = dots.convert("RGB").resize((300, 200), Image.Resampling.BICUBIC)
    large.save(folder / "colors.png")
    large.save(folder / "colors.jpg", quality=90)
    large.save(folder / "colors.webp", quality=80)
    large.convert("L").save(folder / "gray.png")
    dots.resize((90, 60)).save(folder / "clear.png")
    line = Image.new("L", (330, 40), 255)
    ImageDraw.Draw(line).text((4, 6), "a line of text", fill=0, font_size=26)
    line.save(folder / "line.png")
    (folder / "text.png").write_text("no picture at all")
    return ["colors.png", "colors.jpg", "colors.webp", "gray.png", "clear.png", "line.png"]


def expected(folder: Path, name: str, pipeline: Any, files: list[str]) -> dict[str, Any]:
    """Exports a model, and returns what the runtime makes of files by it."""
    import kseq2seq_runtime

    path = folder / f"{name}.tflite"
    pipeline.export(path, report=None)
    phone = kseq2seq_runtime.Pipeline(path)
    searches = {"own": None}
    if phone.model.record.steps:
        searches["greedy"] = kseq2seq_runtime.Greedy()

    def written(file: str, search: Any) -> dict[str, Any]:
        raw = str(folder / file)
        (read,) = phone.source.several([raw])
        source = phone.source(read, "0")
        best = phone.model.generate(source, search=search)[0].ids if source is not None else ()
        return {"ids": [*best], "text": phone.texts([raw], search=search)[0]}

    cases = [
        {"file": file, **{way: written(file, search) for way, search in searches.items()}}
        for file in files
    ]
    return {"name": name, "cases": cases}
