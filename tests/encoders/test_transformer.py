from __future__ import annotations

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.encoders import transformer_encoder
from kseq2seq.layers import (
    POSITION_SCHEMES,
    BlockSizes,
    Norm,
    attend_in_chunks,
    attend_in_window,
    token_table,
)

NORMS = {"pre": Norm("pre"), "post": Norm("post"), "deep": Norm("deep", alpha=1.4, beta=0.6)}


def build(norm="pre", dropout=0.0, **options):
    sizes = BlockSizes(8, 2, 12, norm=NORMS[norm], dropout=dropout)
    encoder = transformer_encoder(
        token_table(9, 8), sizes, num_layers=2, **{"max_positions": 8, **options}
    )
    for weight in encoder.weights:
        if weight.name == "buckets":  # which start as zeros, as if there were no places
            weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    return encoder


@pytest.mark.parametrize("positions", POSITION_SCHEMES)
@pytest.mark.parametrize("norm", NORMS)
def test_padding_changes_nothing(lab, positions, norm):
    encoder = build(positions=positions, norm=norm)
    expected = encoder(lab.of([[4, 5, 2]]))
    made = encoder(lab.of([[4, 5, 2, 0, 0]]))
    assert sorted(made) == ["mask", "outputs"]
    np.testing.assert_allclose(
        np.array(made["outputs"])[:, :3], np.array(expected["outputs"]), atol=1e-5
    )


@pytest.mark.parametrize("positions", POSITION_SCHEMES)
def test_order_matters(lab, positions):
    encoder = build(positions=positions)
    made = np.array(encoder(lab.of([[4, 5, 6, 2]]))["outputs"])
    swapped = np.array(encoder(lab.of([[4, 6, 5, 2]]))["outputs"])
    assert np.abs(made[:, 0] - swapped[:, 0]).max() > 1e-4


@pytest.mark.parametrize("norm", NORMS)
def test_outputs_are_normalized(lab, norm):
    outputs = np.array(build(norm=norm)(lab.source)["outputs"])
    np.testing.assert_allclose(outputs.mean(-1), 0, atol=1e-5)
    np.testing.assert_allclose(outputs.std(-1), 1, atol=1e-2)


def test_dropout_is_for_training_alone(lab):
    encoder = build(dropout=0.3)
    calm = np.array(encoder(lab.source)["outputs"])
    np.testing.assert_array_equal(calm, np.array(encoder(lab.source, training=False)["outputs"]))
    rough = np.array(encoder(lab.source, training=True)["outputs"])
    assert np.abs(calm - rough).max() > 1e-3


def test_remat_and_chunks_are_the_plain_encoder(lab):
    """With as many tokens as make two chunks, the second in part."""
    ids = np.random.default_rng(0).integers(3, 9, (2, 300))
    ids[1, 260:] = 0
    made = []
    for options in ({}, {"remat": True}, {"attend": attend_in_chunks, "remat": True}):
        keras.utils.set_random_seed(1)
        encoder = build(positions="shaw", **options)
        with tf.GradientTape() as tape:
            outputs = encoder(lab.of(ids), training=True)["outputs"]
            real = tf.cast(ids != 0, tf.float32)[..., None]
            total = tf.reduce_mean((outputs * real)[..., :3] ** 3)
        gradients = tape.gradient(total, [w.value for w in encoder.trainable_weights])
        made.append([outputs * real, *(tf.convert_to_tensor(g) for g in gradients)])
    for other in made[1:]:
        for expected, found in zip(made[0], other, strict=True):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-5)


def test_window_reaches_a_layer_further_with_each_block(lab):
    """Two blocks with a window of 1 see two places to each side, and no more."""
    encoder = build(attend=partial(attend_in_window, window=1))
    ids = np.array([[4, 5, 6, 7, 8, 3, 2]])
    before = np.array(encoder(lab.of(ids))["outputs"])
    ids[0, 3] = 4
    changed = np.abs(np.array(encoder(lab.of(ids))["outputs"]) - before).max(-1)[0]
    assert (changed > 1e-4).tolist() == [False, True, True, True, True, True, False]
