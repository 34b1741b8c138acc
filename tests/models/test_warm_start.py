"""Weights handed on from a pretrained encoder."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kseq2seq import build_model
from kseq2seq.models import MaskedLanguageModel, warm_start

SIZES = {"hidden_dim": 8, "num_heads": 2, "num_layers": 2, "dropout": 0.0}


@pytest.mark.parametrize("tie", ["target", "all"])
def test_the_encoder_is_the_pretrained_one(lab, tie):
    pretrained = build_model("masked_lm", 9, **SIZES)
    model = build_model("transformer", 9, 9, tie_embeddings=tie, **SIZES)
    before = lab.numpy(model.encoder(lab.source)["outputs"])
    warm_start(model, pretrained)
    after, expected = (lab.numpy(m.encoder(lab.source)["outputs"]) for m in (model, pretrained))
    np.testing.assert_array_equal(after, expected)
    assert np.abs(after - before).max() > 1e-2
    table = lab.numpy(pretrained.encoder.get_layer("embedding").table.weights[0])
    shared = lab.numpy(model.decoder.table.weights[0])
    assert (table == shared).all() == (tie == "all")


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"hidden_dim": 16}, r"encoders differ.*\(9, 16\).*\(9, 8\)"),
        ({"num_layers": 1}, r"encoders differ"),
        (
            {"position_scheme": "learned"},
            r"`position_scheme` is 'learned' in the model and 'sinusoidal'",
        ),
        ({"num_heads": 4}, r"`num_heads` is 4 in the model and 2 in the pretrained one"),
        ({"norm": "post"}, r"`norm` is 'post'"),
    ],
)
def test_refuses_an_encoder_of_another_shape(sizes, message):
    pretrained = build_model("masked_lm", 9, **SIZES)
    model = build_model("transformer", 9, 9, **{**SIZES, **sizes})
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        warm_start(model, pretrained)
    for value, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, kept)


def test_refuses_what_does_not_fit_for_other_reasons():
    deep = {**SIZES, "norm": "deep"}
    with pytest.raises(ValueError, match=r"norm='deep'.*depth.*'pre' or 'post'"):
        warm_start(build_model("transformer", 9, 9, **deep), build_model("masked_lm", 9, **deep))
    with pytest.raises(ValueError, match=r"`pretrained` must be a model of `build_model`.*str"):
        warm_start(build_model("transformer", 9, 9, **SIZES), "bert")


def test_a_masked_language_model_reloads(lab, tmp_path):
    model = build_model("masked_lm", 9, position_scheme="t5", **SIZES)
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    assert type(again) is MaskedLanguageModel
    np.testing.assert_allclose(model(lab.source), again(lab.source), atol=1e-6)
    assert again.get_config() == model.get_config()


def test_takes_no_target_of_its_own():
    with pytest.raises(ValueError, match=r"masked language model.*9 source and 7 target"):
        build_model("masked_lm", 9, 7, **SIZES)
    with pytest.raises(ValueError, match=r"`target` is missing"):
        build_model("gru", 9)
