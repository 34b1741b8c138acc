"""Dropout on attention's probabilities: in every path that trains, and in no other."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.layers import CrossAttention, SelfAttention
from kseq2seq.models import warm_start
from kseq2seq.training import packed

SIZES = {"hidden_dim": 8, "num_heads": 2, "num_layers": 1, "dropout": 0.0}
TARGET = np.array([[1, 3, 4], [1, 5, 0], [1, 0, 0]])
CASES = [
    ("transformer", {}),
    ("transformer", {"attention": "local", "window": 1}),
    ("decoder_only", {}),
    ("decoder_only", {"prefix": "causal", "positions": "shaw"}),
]


def pair(name, **sizes):
    """A model with the dropout and one without, of the same weights."""
    models = [
        ks.build_model(name, 7, 7, attention_dropout=rate, **{**SIZES, **sizes})
        for rate in (0.5, 0.0)
    ]
    models[0].set_weights(models[1].get_weights())
    return models


@pytest.mark.parametrize(("name", "sizes"), CASES, ids=str)
def test_training_alone_drops(name, sizes, lab):
    dropping, plain = pair(name, **sizes)
    inputs = {**lab.source, "target": TARGET}
    calm = np.array(plain(inputs, training=True))
    np.testing.assert_array_equal(np.array(dropping(inputs)), calm)
    np.testing.assert_array_equal(np.array(dropping(inputs, training=False)), calm)
    assert np.abs(np.array(dropping(inputs, training=True)) - calm).max() > 1e-3
    source = dropping.encoder(lab.source, training=True)["outputs"]
    assert np.abs(np.array(source) - plain.encoder(lab.source)["outputs"]).max() > 1e-3
    # the target's half, too, of a source that nothing was dropped from
    encoded = plain.encoder(lab.source)
    made = [
        m.decoder(TARGET, *m.decoder.initial(encoded), training=True) for m in (dropping, plain)
    ]
    assert np.abs(np.array(made[0].logits) - made[1].logits).max() > 1e-3
    np.testing.assert_allclose(np.sum(made[0].alignment, axis=-1), 1.0, atol=1e-5)


@pytest.mark.parametrize("name", ["transformer", "decoder_only"])
def test_packed_rows_drop(name):
    dropping, plain = pair(name)
    segments = np.array([[1, 1, 2, 2, 0]])
    inputs = {"source": [[4, 2, 5, 2, 0]], "target": [[1, 4, 1, 5, 0]]}
    inputs = {name: np.array(x) for name, x in inputs.items()}
    inputs |= {"source_segments": segments, "target_segments": segments}
    calm = np.array(packed(plain)(inputs, training=True))
    np.testing.assert_allclose(packed(dropping)(inputs), calm, atol=1e-6)
    assert np.abs(np.array(packed(dropping)(inputs, training=True)) - calm).max() > 1e-3


@pytest.mark.parametrize("cross", [False, True])
def test_what_is_kept_is_scaled(cross):
    """Each probability is dropped or doubled; on the average values are what they were."""
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(1, 4, 8)).astype("float32")
    kind = CrossAttention if cross else SelfAttention
    attention = kind(8, 2, dropout=0.5)
    given = (x, attention.context(x), np.ones((1, 4), bool)) if cross else (x,)
    many = [np.repeat(np.array(g), 4000, axis=0) for g in (x,)]
    if cross:
        many += [
            keras.tree.map_structure(lambda k: np.repeat(np.array(k), 4000, axis=0), given[1]),
            np.ones((4000, 4), bool),
        ]

    def outputs(given, training):
        made = attention(*given, training=training)
        return np.array(made[0] if cross else made)

    calm, rough = outputs(given, False), outputs(many, True)
    np.testing.assert_allclose(rough.mean(axis=0), calm[0], atol=0.05)
    assert rough.std(axis=0).min() > 0.01


@pytest.mark.parametrize("sizes", [{"attention": "chunked"}, {"remat": True}], ids=str)
@pytest.mark.parametrize("name", ["transformer", "masked_lm"])
def test_refuses_what_computes_attention_again(name, sizes):
    with pytest.raises(ValueError, match=r"`attention_dropout`=0.1 does not go with"):
        target = 7 if name == "transformer" else None
        ks.build_model(name, 7, target, attention_dropout=0.1, **SIZES, **sizes)


def test_old_configurations_and_warm_starts(tmp_path):
    dropping, plain = pair("transformer")
    warm_start(plain, dropping)
    config = plain.get_config()
    del config["attention_dropout"]
    assert ks.Seq2Seq.from_config(config).get_config()["attention_dropout"] == 0.0
    dropping.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.get_config()["attention_dropout"] == 0.5
    assert len(again.weights) == len(plain.weights)
    with pytest.raises(ValueError, match=r"`attention_dropout` must be a number in \[0, 1\)"):
        ks.build_model("transformer", 7, 7, attention_dropout=1.0)
