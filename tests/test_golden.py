"""Files that an earlier version saved still load, and answer as they did.

`tools/make_golden.py` made them. They stand for the files of users: none is ever made again.
"""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq import formats
from tests import archives

GOLDEN = Path(__file__).parent / "golden"
TEXTS = ["Open the file", "새 파일을 열기", "close", ""]
NAMES = sorted(path.name.removesuffix(".tar.xz") for path in GOLDEN.glob("*.tar.xz"))
OTHERS = ["crnn", "image", "masked_lm"]  # whose sources are no texts, or which have no targets
PIPELINES = [name for name in NAMES if name not in OTHERS]
HEADS = ["ctc", "labels"]  # which answer at once, without an end


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Gives the folder of a golden archive, and what is expected of it."""
    folders = {}

    def unpack(name):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name)
            archives.unpack(GOLDEN / f"{name}.tar.xz", folders[name])
        folder = folders[name]
        return folder, json.loads((folder / "expected.json").read_text(encoding="utf-8"))

    return unpack


def test_every_architecture_is_there():
    from kseq2seq.models import ARCHITECTURES

    ours = [name for name, cls in ARCHITECTURES.items() if cls.__module__.startswith("kseq2seq.")]
    assert set(NAMES) >= {*ours, *HEADS}
    assert sum(path.stat().st_size for path in GOLDEN.iterdir()) < 1e6


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_answers_as_it_did(unpacked, name):
    folder, expected = unpacked(name)
    pipeline = ks.Pipeline.load(folder / "pipeline")
    inputs = pipeline.source(TEXTS[:3])
    assert inputs["source"].numpy().tolist() == expected["source"]
    found = ks.decode(
        pipeline.model, inputs, pipeline.search, max_length=pipeline.target.max_length
    )
    assert found.ids.numpy().tolist() == expected["ids"]
    np.testing.assert_allclose(found.scores, expected["scores"], rtol=1e-4)
    finished = found.finished.numpy().tolist()
    assert finished == expected.get("finished", finished)  # archives of before do not say
    assert pipeline.texts(TEXTS) == expected["texts"]


@pytest.mark.parametrize("name", PIPELINES)
def test_a_model_has_the_weights_and_the_optimizer_it_had(unpacked, name):
    folder, _ = unpacked(name)
    model = keras.saving.load_model(folder / "model.keras")
    saved = ks.Pipeline.load(folder / "pipeline").model
    for ours, theirs in zip(model.get_weights(), saved.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert model.optimizer.use_ema
    assert int(model.optimizer.iterations) == (name == "lstm")  # the one that was trained
    moved = [np.abs(variable).max() > 0 for variable in model.optimizer.variables[2:]]
    assert any(moved) == (name == "lstm")
    assert isinstance(model.loss, ks.TokenCrossEntropy) or name in HEADS


@pytest.mark.parametrize("name", [name for name in PIPELINES if name not in HEADS])
def test_a_tflite_file_answers_as_it_did(unpacked, name):
    from kseq2seq_runtime import Model

    folder, expected = unpacked(name)
    model = Model(folder / "model.tflite")
    for row, ids, scores in zip(
        expected["source"], expected["ids"], expected["scores"], strict=True
    ):
        end = row.index(2) + 1
        found = model.generate(row[:end])
        wanted = [tuple(target[: target.index(2) + 1]) for target in ids if 2 in target]
        assert [hypothesis.ids for hypothesis in found] == wanted
        scores = scores[: len(wanted)]
        np.testing.assert_allclose([each.score for each in found], scores, rtol=1e-3)


@pytest.mark.parametrize("name", ["transformer", *HEADS])
def test_a_tflite_file_turns_texts_into_texts_as_it_did(unpacked, name):
    from kseq2seq_runtime import Pipeline

    folder, expected = unpacked(name)
    assert Pipeline(folder / "model.tflite").texts(TEXTS) == expected["texts"]


def test_a_masked_language_model_answers_as_it_did(unpacked):
    folder, expected = unpacked("masked_lm")
    model = keras.saving.load_model(folder / "model.keras")
    source = np.array(expected["source"], "int32")
    logits = model({"source": source, "source_mask": source != 0})
    np.testing.assert_allclose(logits, expected["logits"], atol=1e-4)


def test_a_reader_of_lines_reads_what_it_read(unpacked):
    import kseq2seq_runtime

    folder, expected = unpacked("crnn")
    lines = [folder / f"{number}.png" for number in range(3)]
    pipeline = ks.Pipeline.load(folder / "pipeline")
    predictions = pipeline(lines)
    assert [prediction.text for prediction in predictions] == expected["texts"]
    scores = [prediction.score for prediction in predictions]
    np.testing.assert_allclose(scores, expected["scores"], rtol=1e-2)
    phone = kseq2seq_runtime.Pipeline(folder / "model.tflite")
    assert phone.texts(lines) == expected["texts"]
    model = keras.saving.load_model(folder / "model.keras")
    for ours, theirs in zip(model.get_weights(), pipeline.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_captioner_says_of_pictures_what_it_said(unpacked):
    import kseq2seq_runtime

    folder, expected = unpacked("image")
    pictures = [folder / f"{number}.png" for number in range(3)]
    pipeline = ks.Pipeline.load(folder / "pipeline")
    inputs = pipeline.source(pipeline.source.batch(pipeline.source.several(pictures)))
    means = np.asarray(inputs["source"]).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(means, expected["means"], atol=2e-3)
    predictions = pipeline(pictures)
    assert [prediction.text for prediction in predictions] == expected["texts"]
    scores = [prediction.score for prediction in predictions]
    np.testing.assert_allclose(scores, expected["scores"], rtol=1e-2)
    phone = kseq2seq_runtime.Pipeline(folder / "model.tflite")
    assert phone.texts(pictures) == expected["texts"]
    model = keras.saving.load_model(folder / "model.keras")
    for ours, theirs in zip(model.get_weights(), pipeline.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_records_are_upgraded_step_by_step():
    steps = (
        lambda record: {**record, "b": record["a"] + 1},
        lambda record: {"c": record["b"] * 10},
    )
    assert formats.upgraded({"a": 1}, steps, "a record") == {"c": 20, "format": 3}
    assert formats.upgraded({"b": 5, "format": 2}, steps, "a record") == {"c": 50, "format": 3}
    assert formats.upgraded({"c": 7, "format": 3}, steps, "a record") == {"c": 7, "format": 3}


@pytest.mark.parametrize("wrong", [4, 0, -1, "2", None, True, 1.0])
def test_a_format_that_is_not_known_is_refused(wrong):
    steps = (lambda record: record, lambda record: record)
    with pytest.raises(ValueError, match="box has format"):
        formats.upgraded({"format": wrong}, steps, "box")
