"""What a model of `build_model` knows of itself, and that it generates."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.decoding import MinLength


@pytest.mark.parametrize("search", [None, ks.Greedy(), ks.Beam(3)])
def test_generates_what_decode_finds(search, lab, model_named):
    model = model_named("luong")
    options = {"max_length": 5, "filters": [MinLength(2)], "limits": [5, 4, 3], "alignments": True}
    expected = ks.decode(model, lab.source, search, **options)
    for inputs in (lab.source, {"source": lab.ids}, {"source": lab.ids.tolist()}):
        found = model.generate(inputs, search, **options)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_language_model_generates_rows():
    model = ks.build_model("decoder_only", None, 9, hidden_dim=8, num_heads=2, num_layers=1)
    assert model.generate(None, ks.Sample(), max_length=4, rows=3, seed=1).ids.shape == (3, 1, 4)


@pytest.mark.parametrize("head", ["labels", "ctc", "joint"])
def test_heads_generate(head, lab):
    model = ks.build_model("gru", 9, 7, head=head, hidden_dim=8)
    expected = ks.decode(model, lab.source, max_length=5)
    np.testing.assert_array_equal(
        model.generate({"source": lab.ids}, max_length=5).ids, expected.ids
    )


def test_generating_refuses_what_decode_refuses(lab, monkeypatch):
    model = ks.build_model("gru", 9, 7, hidden_dim=8)
    with pytest.raises(TypeError, match="width"):
        model.generate(lab.source, max_length=3, width=4)
    with pytest.raises(ValueError, match=r"`inputs` must be ids, not texts"):
        model.generate(["a text"], max_length=3)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"needs Keras to run on TensorFlow.* is 'jax'"):
        model.generate(lab.source, max_length=3)


@pytest.mark.parametrize("head", ["decoder", "labels", "joint"])
def test_what_a_model_knows_is_of_its_own_parts(head):
    """In clones too, and after layers were adapted or quantized."""
    model = ks.build_model(
        "transformer",
        9,
        9,
        head=head,
        hidden_dim=8,
        num_heads=2,
        num_layers=1,
        position_scheme="learned",
        max_positions=12,
    )
    clone = keras.models.clone_model(model)
    model.encoder.get_layer("embedding").table.enable_lora(2)
    model.quantize("int8")
    for each in (model, clone, keras.models.clone_model(model)):
        assert each.encoder is each.get_layer("encoder") and each.encoder in each.layers
        last = each.layers[-1]
        assert each.head is (last.decoder if head == "decoder" else last.head)
        assert hasattr(each, "decoder") == (head != "labels")
        assert head == "labels" or each.decoder is last.decoder
        assert each.facts == ks.models.Transformer().facts
        assert each.max_source_length == 12
        assert each.vocabulary_sizes == {"source": 9, "target": 9}
    assert clone.encoder is not model.encoder
