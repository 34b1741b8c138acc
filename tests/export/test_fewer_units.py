"""Encoding fewer places than there are changes nothing but the time."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.export.fewer_units import FewerUnits

PLACES = 11


def source_of(length):
    ids = np.zeros((1, PLACES), "int32")
    ids[0, :length] = ([3, 4, 5, 6, 5, 4, 3, 6, 4, 5, 2])[-length:] if length else []
    return {"source": tf.constant(ids), "source_mask": tf.constant(ids != 0)}


@pytest.mark.parametrize(
    "name", ["lstm", "bahdanau", "convolutional", "transformer", "transformer-t5", "decoder_only"]
)
@pytest.mark.parametrize("length", [1, 3, 4, 6, 7, 11])
def test_what_follows_is_the_same(model_named, name, length):
    model, source = model_named(name), source_of(length)
    whole = model.encoder(source, training=False)
    few = FewerUnits(model.encoder, model.decoder).encoder(source)
    keras.tree.assert_same_structure(few, whole)
    for made, x in zip(keras.tree.flatten(few), keras.tree.flatten(whole), strict=True):
        assert made.shape == x.shape and made.dtype == x.dtype
    token = tf.constant([[1]])
    expected, found = (
        model.decoder(token, *model.decoder.initial(encoded, 4), position=0, training=False)
        for encoded in (whole, few)
    )
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-5)
    if expected.alignment is not None:
        np.testing.assert_allclose(found.alignment, expected.alignment, atol=1e-5)


@pytest.mark.parametrize("length, encoded", [(0, 3), (3, 3), (4, 6), (6, 6), (7, 11), (11, 11)])
def test_encodes_as_few_places_as_hold_the_source(model_named, length, encoded):
    model, sizes = model_named("transformer"), []

    def encode(source, training):
        sizes.append(source["source"].shape[1])
        return model.encoder(source, training=training)

    found = FewerUnits(encode, model.decoder).encoder(source_of(length))
    assert sizes == [11, 3, encoded]  # two are traced, for the shapes, and not run
    assert found["mask"].numpy().sum() == length


@pytest.mark.parametrize("name", ["luong", "hybrid-transformer-luong"])
def test_loops_and_states_take_all_places(model_named, name):
    """TFLite's converter knows no loop inside an IF, and mixes up states that are the same."""
    model = model_named(name)
    specs = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in source_of(3).items()}
    encode = tf.function(FewerUnits(model.encoder, model.decoder).encoder)
    kinds = {made.type for made in encode.get_concrete_function(specs).graph.get_operations()}
    assert not kinds & {"If", "StatelessIf"}


@pytest.mark.parametrize("places", [1, 2, 3])
def test_hardly_any_places(model_named, places):
    model = model_named("transformer")
    source = {name: x[:, :places] for name, x in source_of(11).items()}
    few = FewerUnits(model.encoder, model.decoder).encoder(source)
    np.testing.assert_allclose(few["outputs"], model.encoder(source)["outputs"], atol=1e-5)
