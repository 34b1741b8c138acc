from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.layers import Alibi, BlockSizes, EncoderBlock, PrefixBlock, Rotary, linear
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


def test_an_old_name_that_a_subclass_hands_on_stays_in_its_configuration():
    class Mine(EncoderBlock):
        def __init__(self, sizes, scale=1.0, **kwargs):
            super().__init__(sizes, **kwargs)

    sizes = BlockSizes(hidden_dim=8, num_heads=2, inner_dim=6)
    with pytest.warns(FutureWarning, match="`positions` of EncoderBlock"):
        block = Mine(sizes, scale=2.0, positions=Rotary())
    assert type(block.attention.positions) is Rotary
    assert block.get_config()["position_scheme"]["class_name"] == "Rotary"
    again = Mine.from_config(block.get_config())
    assert type(again.attention.positions) is Rotary and again.get_config()["scale"] == 2.0
    old = block.get_config()
    old["positions"] = old.pop("position_scheme")
    assert type(Mine.from_config(old).attention.positions) is Rotary


def test_a_subclass_keeps_a_parameter_whose_name_its_base_has_changed():
    class Own(EncoderBlock):
        def __init__(self, sizes, positions, **kwargs):
            super().__init__(sizes, positions, **kwargs)

    sizes = BlockSizes(hidden_dim=8, num_heads=2, inner_dim=6)
    for block in (Own(sizes, Alibi(2)), Own(sizes, positions=Alibi(2))):
        config = block.get_config()
        assert "position_scheme" not in config
        again = Own.from_config(config)
        assert type(again.attention.positions) is Alibi
