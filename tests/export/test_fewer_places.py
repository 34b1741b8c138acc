"""Encoding fewer places than there are changes nothing but the time."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.export.fewer_places import FewerPlaces


@pytest.mark.parametrize("name", ["lstm", "bahdanau", "convolutional", "transformer", "hybrid"])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 6, 8])
def test_encodes_the_same(model_named, name, length):
    model = model_named(name)
    ids = np.zeros((1, 8), "int32")
    ids[0, :length] = [3, 4, 5, 6, 5, 4, 3, 2][-length:]
    source = {"source": tf.constant(ids), "source_mask": tf.constant(ids != 0)}
    whole = model.encoder(source, training=False)
    found = FewerPlaces(model.encoder, model.decoder).encoder(source)
    keras.tree.assert_same_structure(found, whole)
    for made, x in zip(keras.tree.flatten(found), keras.tree.flatten(whole), strict=True):
        assert made.shape == x.shape and made.dtype == x.dtype
        real = ids != 0 if len(x.shape) > 1 and x.shape[1] == 8 else ...
        np.testing.assert_allclose(made.numpy()[real], x.numpy()[real], atol=1e-5)


@pytest.mark.parametrize(("length", "encoded"), [(2, 2), (3, 4), (4, 4), (5, 8), (8, 8)])
def test_encodes_as_few_places_as_hold_the_source(model_named, length, encoded):
    model, sizes = model_named("luong"), []

    def encode(source, training):
        sizes.append(source["source"].shape[1])
        return model.encoder(source, training=training)

    source = {"source": tf.ones((1, 8), tf.int32), "source_mask": tf.sequence_mask([length], 8)}
    found = FewerPlaces(encode, model.decoder).encoder(source)
    assert sizes == [8, encoded]  # the first is traced, for the shape, and not run
    assert found["mask"].numpy().sum() == length
