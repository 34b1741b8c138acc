from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.encoders import convolutional_encoder

IDS = [4, 5, 6, 3, 2]


def build(**options):
    sizes = {
        "embedding_dim": 4,
        "hidden_dim": 6,
        "num_layers": 2,
        "kernel_size": 3,
        "positions": "learned",
        "max_positions": 12,
        "dropout": 0.0,
    }
    encoder = convolutional_encoder(9, **{**sizes, **options})
    rng = np.random.default_rng(0)
    for weight in encoder.weights:
        weight.assign(rng.normal(scale=0.5, size=weight.shape))
    return encoder


def dense(lab, layer, x):
    w = lab.weights(layer)
    return x @ w["kernel"] + w["bias"]


def by_hand(lab, encoder, ids, width):
    """Gehring et al. 2017, sections 3.1 and 3.2, a place at a time: keys z and outputs z + e.

    Each sum of two is scaled by the root of a half (section 3.5). Word vectors are scaled
    to a standard deviation of 0.1 at the start (section 3.5).
    """
    embedding = encoder.get_layer("embedding")
    words = lab.weights(embedding.table)["embeddings"][ids] * 0.1 * np.sqrt(4)
    embedded = words + lab.weights(embedding.places)["embeddings"][: len(ids)]
    x = dense(lab, encoder.get_layer("enter"), embedded)
    left = (width - 1) // 2
    for layer in range(2):
        convolution = encoder.get_layer(f"block_{layer}").convolution
        w = lab.weights(convolution.convolution)
        above = np.zeros_like(x)
        for i in range(len(ids)):
            z = w["bias"].copy()
            for k in range(width):
                if 0 <= i - left + k < len(ids):
                    z += x[i - left + k] @ w["kernel"][k]
            above[i] = (z[:6] * lab.sigmoid(z[6:]) + x[i]) * np.sqrt(0.5)
        x = above
    keys = dense(lab, encoder.get_layer("leave"), x)
    return keys, (keys + embedded) * np.sqrt(0.5)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_equations(lab, width):
    encoder = build(kernel_size=width)
    batch = np.array([IDS, [6, 2, 0, 0, 0]])
    encoded = lab.numpy(encoder(lab.of(batch)))
    assert sorted(encoded) == ["keys", "mask", "outputs"]
    for row, ids in enumerate((IDS, [6, 2])):
        keys, outputs = by_hand(lab, encoder, ids, width)
        np.testing.assert_allclose(encoded["keys"][row, : len(ids)], keys, atol=1e-5)
        np.testing.assert_allclose(encoded["outputs"][row, : len(ids)], outputs, atol=1e-5)


def test_what_lies_under_the_mask_is_not_seen(lab):
    encoder = build()
    real = np.array([[True, True, True, False, False]])
    made = [
        np.array(encoder({"source": np.array([ids]), "source_mask": real})["outputs"])[:, :3]
        for ids in ([4, 5, 2, 0, 0], [4, 5, 2, 7, 8])
    ]
    np.testing.assert_allclose(made[1], made[0], atol=1e-6)


def test_each_layer_sees_a_place_further(lab):
    """Two layers of width 3 see two places to each side."""
    encoder = build()
    ids = np.array([[4, 5, 6, 7, 8, 3, 2]])
    before = np.array(encoder(lab.of(ids))["keys"])
    ids[0, 3] = 4
    changed = np.abs(np.array(encoder(lab.of(ids))["keys"]) - before).max(-1)[0]
    assert (changed > 1e-6).tolist() == [False, True, True, True, True, True, False]


def test_refuses_more_tokens_than_places(lab):
    with pytest.raises(ValueError, match=r"5 tokens.*learned positions for 4.*max_positions"):
        build(max_positions=4)(lab.of([IDS]))


def test_dropout_is_for_training_alone(lab):
    encoder = build(dropout=0.5, positions="sinusoidal")
    calm = np.array(encoder(lab.source)["outputs"])
    np.testing.assert_array_equal(calm, np.array(encoder(lab.source, training=False)["outputs"]))
    rough = np.array(encoder(lab.source, training=True)["outputs"])
    assert np.abs(calm - rough).max() > 1e-3
