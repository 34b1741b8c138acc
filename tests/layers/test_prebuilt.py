from __future__ import annotations

import numpy as np

from kseq2seq.layers import BlockSizes, PrefixBlock, linear
from kseq2seq.layers.prebuilt import settings_of


def test_linear_has_its_weights_at_once():
    layer = linear(3, 4, activation="tanh", name="here")
    assert layer.name == "here"
    assert [tuple(weight.shape) for weight in layer.weights] == [(3, 4), (4,)]
    assert [tuple(weight.shape) for weight in linear(3, 4, use_bias=False).weights] == [(3, 4)]
    x = np.ones((2, 3), "float32")
    kernel, bias = (np.array(weight) for weight in layer.weights)
    np.testing.assert_allclose(np.array(layer(x)), np.tanh(x @ kernel + bias), atol=1e-6)


def test_a_configuration_has_what_is_handed_on_to_a_base():
    sizes = BlockSizes(hidden_dim=8, num_heads=2, inner_dim=6)
    block = PrefixBlock(sizes, causal=True, remat=True, name="block", dtype="float32")
    config = block.get_config()
    assert config["causal"] and config["remat"] and config["name"] == "block"
    assert "attend" not in config  # not passed, so the default of the base stays its own
    assert PrefixBlock.from_config(config).attended.remat
    assert settings_of(PrefixBlock) == ["sizes", "position_scheme", "causal", "attend", "remat"]
