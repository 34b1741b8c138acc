"""Readers of text lines: the same text from Keras, a loaded pipeline, a SavedModel and TFLite."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq.image import LineSource
from kseq2seq.models import Crnn
from kseq2seq.text import JamoTokenizer, TextTarget

SIZES = {"hidden_dim": 12, "channels": 4, "num_layers": 1, "dropout": 0.0}
WIDTHS = (64, 9, 40, 1)


@pytest.fixture(scope="module", params=["ctc", "decoder"])
def pipeline(request):
    keras.utils.set_random_seed(3)
    source = LineSource(16, 64)
    target = TextTarget(JamoTokenizer.train(["가각 나 다락 abc"]), 12)
    if request.param == "ctc":
        model = ks.build_model("crnn", source, target, head="ctc", **SIZES)
    else:
        halves = {"encoder": Crnn(**SIZES), "decoder": {"architecture": "luong", "hidden_dim": 12}}
        model = ks.build_model("hybrid", source, target, **halves)
    rng = np.random.default_rng(0)
    for weight in model.trainable_variables:  # far enough apart that lines are read differently
        weight.assign(np.array(weight) + rng.normal(scale=0.25, size=weight.shape))
    return ks.Pipeline(model, source, target, ks.Greedy())


@pytest.fixture(scope="module")
def lines():
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (16, width), "uint8") for width in WIDTHS]


def test_all_say_the_same(pipeline, lines, tmp_path):
    made = pipeline.texts(lines)
    assert len(set(made)) > 1 and made == [pipeline.texts([line])[0] for line in lines]
    pipeline.save(tmp_path / "saved")
    assert ks.Pipeline.load(tmp_path / "saved").texts(lines) == made

    parity = pipeline.export(tmp_path / "model.tflite", examples=lines)
    assert parity.same + parity.near_ties == parity.sentences == len(lines)
    pipeline.export(tmp_path / "served", searches={"greedy": ks.Greedy()})
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    images = tf.constant([pipeline.source.read(line) for line in lines])
    texts = served(images=images)["texts"].numpy().reshape(-1)
    assert [text.decode() for text in texts] == made


def test_int8_keeps_most_of_the_scores(pipeline, lines, tmp_path):
    parity = pipeline.export(tmp_path / "small.tflite", precision="int8", examples=lines)
    assert parity.sentences == len(lines)
    whole = pipeline.export(tmp_path / "whole.tflite", examples=lines)
    assert whole.same >= parity.same
    sizes = [(tmp_path / f"{name}.tflite").stat().st_size for name in ("small", "whole")]
    assert sizes[0] < sizes[1]
