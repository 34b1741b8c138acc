"""Recurrent models start with signals that reach the end, so that attention can begin to look."""

import numpy as np
import pytest

import kseq2seq as ks

SIZES = {
    "rnn": {"num_layers": 2},
    "lstm": {"num_layers": 2, "bidirectional": True},
    "gru": {},
    "bahdanau": {},
    "luong": {},
    "luong-deep": {"num_layers": 2},
    "luong-wide": {"hidden_dim": 256},
}


@pytest.mark.parametrize("name", SIZES)
def test_signals_neither_vanish_nor_saturate(name):
    import keras

    keras.utils.set_random_seed(3)
    sizes = {"hidden_dim": 64, "dropout": 0.0, **SIZES[name]}
    model = ks.build_model(name.removesuffix("-deep").removesuffix("-wide"), 300, 300, **sizes)
    ids = np.random.default_rng(0).integers(4, 300, (16, 12))
    encoded = model.encoder({"source": ids, "source_mask": ids > 0})
    outputs = np.asarray(encoded["outputs"])
    assert 0.05 < outputs.std() < 0.7
    step = model.decoder(ids, *model.decoder.initial(encoded))
    assert 0.03 < np.asarray(step.logits).std() < 1.5
    assert np.abs(np.asarray(step.hidden)).max() < 3
    if name.startswith("luong"):
        # With Keras' initializers the most looked at place has 1.0003 to 1.0024 times the mean.
        looked = np.asarray(step.alignment)
        assert (looked.max(-1) / looked.mean(-1)).mean() > 1.02
