"""A path says in which format a pipeline is exported, the pipeline on what it is tried."""

import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.export import parity
from kseq2seq.pipeline import exporting
from kseq2seq.pipeline.exporting import format_of


@pytest.mark.parametrize(
    ("path", "format"),
    [
        ("model.tflite", "tflite"),
        ("runs.v2/Model.TFLITE", "tflite"),
        ("model.onnx", "onnx"),
        ("served", "saved_model"),
        ("model.v2", "saved_model"),
        ("en-fr-1.0", "saved_model"),
        ("2030.01.31", "saved_model"),
        ("model.best", "saved_model"),
        ("번역.최종", "saved_model"),
        (".hidden", "saved_model"),
        ("model.saved_model", "saved_model"),
    ],
)
def test_a_path_says_its_format(path, format, tmp_path):
    assert format_of(path) == format_of(tmp_path / path) == format


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("model.keras", r"No exporter writes '.keras' files; .* pipeline\.model\.save\('model\.ke"),
        ("model.weights.h5", "No exporter writes '.h5' files"),
        ("model.PT", "No exporter writes '.pt' files.*'.tflite', or a directory"),
        ("model.tflite.gz", "No exporter writes '.gz' files"),
        ("model.lite", "No exporter writes '.lite' files"),
        ("model.tflit", "did you mean '.tflite'"),
        ("model.onx", "did you mean '.onnx'.*format='saved_model'"),
    ],
)
def test_another_kind_of_file_is_refused(pipeline, tmp_path, path, message):
    with pytest.raises(ValueError, match=message):
        format_of(path)
    with pytest.raises(ValueError):
        pipeline.export(tmp_path / path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def called(monkeypatch):
    """Notes what exporters are given in place of running them."""
    calls = []
    for name in ("tflite", "onnx", "saved_model"):

        def note(path, model, source, target, name=name, **options):
            calls.append((name, options))

        monkeypatch.setattr(exporting, f"export_{name}", note)
    return calls


def test_the_format_that_is_given_counts(pipeline, called):
    pipeline.export("x.onnx")
    pipeline.export("x.onnx", format="saved_model", searches={"greedy": ks.Greedy()})
    pipeline.export("x.h5", format="onnx", source_length=8)
    pipeline.export("x", format="tflite")
    assert [name for name, _ in called] == ["onnx", "saved_model", "onnx", "tflite"]
    assert called[2][1] == {"source_length": 8}


@pytest.fixture
def kept(wild):
    pipeline = wild("gru")
    pipeline.examples = ["한국어", "", "x = f(y)", "much longer than a source may be"]
    return pipeline


def test_a_pipeline_is_tried_on_its_own_examples(kept, called):
    kept.export("x.tflite")
    kept.export("x.tflite", source_length=9)
    kept.export("x")
    assert called[0][1]["examples"] == called[2][1]["warm_up"] == ["한국어", "x = f(y)"]
    assert called[1][1]["examples"] == ["x = f(y)"]


def test_what_is_given_counts_and_none_means_none(kept, called):
    kept.export("x.tflite", examples=["mine"], references=["yours"])
    kept.export("x.tflite", references=["yours"])  # which the exporter refuses
    kept.export("x.tflite", source_length=2)
    kept.export("x", warm_up=[])
    kept.examples = ()
    kept.export("x.tflite")
    kept.export("x")
    assert called[0][1]["examples"] == ["mine"]
    assert "examples" not in called[1][1]
    assert called[2][1]["examples"] is called[4][1]["examples"] is called[5][1]["warm_up"] is None
    assert called[3][1]["warm_up"] == []


@pytest.mark.parametrize("examples", [None, ["한국어"]])
def test_the_report_says_where_it_was_tried_on_english(pipeline, monkeypatch, examples):
    class File:
        """What gives the model's own targets."""

        def __init__(self, *_, **__):
            pass

        def __call__(self, name, source, source_length):
            inputs = {"source": source, "source_mask": source > 0}
            found = ks.decode(pipeline.model, inputs, ks.Greedy(), max_length=6)
            return {"ids": np.asarray(found.ids), "finished": np.ones((1, 1), "int32")}

    monkeypatch.setattr(parity, "Signatures", File)
    monkeypatch.setattr(parity, "SENTENCES", 30)
    options = {"lengths": (24, 6), "exact": False, "examples": examples}
    parts = pipeline.model, pipeline.source, pipeline.target, ks.Greedy()
    found = parity.compare(b"", *parts, **options)
    assert found.bundled == (examples is None)
    assert ("compared on bundled English sentences" in str(found)) == (examples is None)
    assert found.same == found.sentences
