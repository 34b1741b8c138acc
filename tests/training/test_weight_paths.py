import keras
import numpy as np
import pytest

from kseq2seq import build_model
from kseq2seq.training import weight_paths

SIZES = {"hidden_dim": 8, "num_heads": 2, "num_layers": 1, "decoder_layers": 2}


def test_every_weight_has_a_place_of_its_own(plain_model):
    model = plain_model
    places = weight_paths(model)
    assert len(places) == len(set(places)) == len(model.trainable_variables)
    for place, variable in zip(places, model.trainable_variables, strict=True):
        assert place.split("/")[0] in ("encoder", "decoder")
        assert place.endswith(f"/{variable.name}")
    encoder = {id(variable) for variable in model.encoder.trainable_variables}
    ours = [id(variable) in encoder for variable in model.trainable_variables]
    assert [place.startswith("encoder/") for place in places] == ours


@pytest.mark.parametrize("name", ["luong-deep", "transformer-post"])
def test_places_are_the_same_for_a_model_built_again(lab, model_named, name):
    assert weight_paths(model_named(name)) == weight_paths(lab.make(name))


def test_a_part_is_what_it_says():
    model = build_model("transformer", 9, 7, **SIZES)
    named = dict(zip(weight_paths(model), model.trainable_variables, strict=True))
    block = model.decoder.blocks[1]
    kernel = block.feed_forward.inner.kernel
    assert named["decoder/block_1/feed_forward/inner/kernel"] is kernel
    assert {id(v) for place, v in named.items() if place.startswith("decoder/block_1/")} == {
        id(v) for v in block.trainable_variables
    }


def test_a_shared_table_is_the_encoders(model_named):
    model = model_named("transformer-all")
    places = weight_paths(model)
    assert "encoder/embedding/table/embeddings" in places
    assert not any(place.startswith("decoder/table") for place in places)


def test_frozen_weights_have_none(lab):
    model = lab.make("luong-deep")
    model.encoder.trainable = False
    assert {place.split("/")[0] for place in weight_paths(model)} == {"decoder"}


def test_any_model_will_do(model_named):
    encoder = model_named("transformer").encoder
    model = keras.Sequential([keras.layers.Dense(2, name="lower"), keras.layers.Dense(1, name="a")])
    model(np.ones((1, 3)))
    assert weight_paths(model) == ["lower/kernel", "lower/bias", "a/kernel", "a/bias"]
    outputs = keras.layers.Dense(3, name="head")(encoder(encoder.input)["outputs"])
    assert weight_paths(keras.Model(encoder.input, outputs)) == [
        *(f"encoder/{place}" for place in weight_paths(encoder)),
        "head/kernel",
        "head/bias",
    ]


def test_what_keras_calls_a_path_would_not_do():
    """The reason for this module: were this to fail, Keras' own paths could serve."""
    model = build_model("lstm", 9, 7, hidden_dim=4, bidirectional=True)
    paths = [variable.path for variable in model.trainable_variables]
    assert not any("both_0" in path for path in paths)  # Keras leaves layers out
    assert any("both_0" in place for place in weight_paths(model))


@pytest.mark.parametrize("layer", [keras.layers.MultiHeadAttention(2, 3, name="attention")])
def test_private_parts_go_by_the_layer_that_has_them(layer):
    inputs = keras.Input((3, 4))
    model = keras.Model(inputs, layer(inputs, inputs))
    assert set(weight_paths(model)) == {"attention/kernel", "attention/bias"}
