from __future__ import annotations

import numpy as np

from kseq2seq.models import DecoderOnly, MaskedLm, Transformer

SIZES = {"hidden_dim": 8, "num_heads": 2, "num_layers": 2, "dropout": 0.0}


def count(weights):
    return sum(int(np.prod(w.shape)) for w in {id(w): w for w in weights}.values())


def test_attention_is_what_its_name_says(lab):
    """300 tokens make two chunks; a window that wide sees all of them."""
    ids = np.random.default_rng(0).integers(3, 9, (2, 300))
    ids[1, 260:] = 0
    made, weights = {}, None
    for attention, window in (("full", 1), ("chunked", 1), ("local", 300), ("local", 100)):
        plan = Transformer(attention=attention, window=window, position_scheme="shaw", **SIZES)
        encoder = plan.build_encoder(9)
        weights = weights or encoder.get_weights()
        encoder.set_weights(weights)
        outputs = np.array(encoder(lab.of(ids))["outputs"])
        made[attention, window] = outputs[ids != 0]
    full = made["full", 1]
    np.testing.assert_allclose(made["chunked", 1], full, atol=1e-5)
    np.testing.assert_allclose(made["local", 300], full, atol=1e-5)
    assert np.abs(made["local", 100] - full).max() > 1e-3


def test_a_decoder_only_model_has_half_the_weights():
    """Of the blocks: "no cross-attention and half the weights", a little less in fact."""
    encoder, decoder = DecoderOnly(**SIZES).parts(9, 9)
    only = count([w for block in decoder.blocks for w in block.weights])
    encoder, decoder = Transformer(**SIZES).parts(9, 9)
    blocks = [encoder.get_layer(f"block_{i}") for i in range(2)] + decoder.blocks
    both = count([w for block in blocks for w in block.weights])
    assert 0.4 < only / both < 0.5


def test_a_masked_language_models_encoder_is_a_transformers():
    options = {**SIZES, "norm": "post", "position_scheme": "learned", "activation": "gelu"}
    model = MaskedLm(**options).build(9, None, {"architecture": "masked_lm"})
    encoder = Transformer(**options).build_encoder(9)
    assert [(w.name, w.shape) for w in model.encoder.weights] == [
        (w.name, w.shape) for w in encoder.weights
    ]
