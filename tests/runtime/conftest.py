"""Small exported files, each with the pipeline it was made from; their models are wild.

What they write is nonsense, but varied: weights are spread, so that hypotheses differ.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

TEXTS = ["hi", "a b c", "né", "다람쥐", "long enough, so.", "😀", "zz"]
LINES = [
    "the quick brown fox jumps over the lazy dog",
    "다람쥐 헌 쳇바퀴에 타고파",
    "portez ce vieux whisky au juge blond",
    "a text, another text; and more text.",
] * 4


def _wild(architecture, source, target, scale, seed, **sizes):
    from kseq2seq import build_model

    sizes = {"hidden_dim": 8, "dropout": 0.0, **sizes}
    model = build_model(architecture, source=source, target=target, **sizes)
    random = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(random.normal(scale=scale, size=weight.shape))
    return model


@pytest.fixture(scope="session")
def made(once):
    """Name -> the exported file's `path`, and the `pipeline` it was made from."""
    from kseq2seq import Beam, Greedy, Pipeline
    from kseq2seq.export.tflite import export_tflite
    from kseq2seq.text import (
        ByteTokenizer,
        CharacterTokenizer,
        SentencePieceTokenizer,
        TextSource,
        TextTarget,
    )

    in_bytes = ByteTokenizer()
    in_characters = CharacterTokenizer("".join([*TEXTS, *LINES]))
    in_pieces = SentencePieceTokenizer.train(LINES, 330)
    files = {
        "bytes": ("luong", in_bytes, in_bytes, Beam(3), {"scale": 0.7, "seed": 137}),
        "characters": ("gru", in_characters, in_characters, Greedy(), {"scale": 1.5, "seed": 34}),
        "pieces": (
            "transformer",
            in_pieces,
            in_pieces,
            Beam(4, length_penalty=1.0, n_best=2, patience=1.0),
            {"scale": 0.7, "seed": 72, "num_heads": 2, "num_layers": 1},
        ),
    }
    pipelines = {}
    for name, (architecture, source, target, search, sizes) in files.items():
        model = _wild(architecture, source, target, **sizes)
        pipelines[name] = Pipeline(model, TextSource(source, 20), TextTarget(target, 12), search)

    def export(folder):
        for name, pipeline in pipelines.items():
            export_tflite(
                folder / f"{name}.tflite",
                pipeline.model,
                pipeline.source,
                pipeline.target,
                search=pipeline.search,
                license="Public domain." if name == "bytes" else None,
                examples=TEXTS,
                report=None,
            )

    folder = once("exported", export)
    return {
        name: SimpleNamespace(path=folder / f"{name}.tflite", pipeline=pipeline)
        for name, pipeline in pipelines.items()
    }


@pytest.fixture(scope="session")
def opened(made):
    """Name -> the runtime's pipeline of the file."""
    from kseq2seq_runtime import Pipeline

    return {name: Pipeline(one.path) for name, one in made.items()}


@pytest.fixture(scope="session", params=["bytes", "characters", "pieces"])
def both(request, made, opened):
    """(the pipeline in kseq2seq, the same in the runtime)."""
    return made[request.param].pipeline, opened[request.param]


@pytest.fixture(scope="session")
def texts():
    return TEXTS


@pytest.fixture(scope="session")
def lines():
    return LINES


@pytest.fixture
def remade(made, tmp_path):
    """Writes a file again with something changed, and all hashes as they should be.

    `model` replaces the flatbuffer, `files` contents by entry (None drops one), `record` fields.
    """

    def write(name="bytes", model=None, files=None, record=None, raw=None) -> Path:
        whole = made[name].path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            given = json.loads(archive.read("kseq2seq.json"))
            stored = {name: archive.read(name) for name in archive.namelist()}
        model = whole[: given["model_bytes"]] if model is None else model
        given |= {"model_bytes": len(model), "model_sha256": hashlib.sha256(model).hexdigest()}
        stored = {**stored, **(files or {})}
        stored = {name: content for name, content in stored.items() if content is not None}
        for described in given["files"].values():
            content = stored.get(described["entry"], b"")
            described["sha256"] = hashlib.sha256(content).hexdigest()
        stored["kseq2seq.json"] = json.dumps({**given, **(record or {})}).encode()
        path = tmp_path / "remade.tflite"
        path.write_bytes(model)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, content in stored.items():
                archive.writestr(name, content if raw is None else raw.get(name, content))
        return path

    return write
