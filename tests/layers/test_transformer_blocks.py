from __future__ import annotations

import math

import numpy as np
import pytest

from kseq2seq.layers import (
    BlockSizes,
    DecoderBlock,
    EncoderBlock,
    FeedForward,
    Norm,
    Rotary,
    normalization,
)
from kseq2seq.layers.transformer_blocks import Residual

RNG = np.random.default_rng(0)
SIZES = BlockSizes(hidden_dim=8, num_heads=2, inner_dim=12)
MASK = np.array([[True] * 4, [True, True, False, False]])


def draw(*shape):
    return RNG.normal(size=shape).astype("float32")


def layer_norm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def test_normalization_is_over_features():
    x = draw(2, 3, 8)
    np.testing.assert_allclose(np.array(normalization(8)(x)), layer_norm(x), atol=1e-5)


def test_residual_before_and_after():
    x, made = draw(2, 3, 8), draw(2, 3, 8)
    pre, post, deep = (
        Residual(SIZES._replace(norm=norm))
        for norm in (Norm("pre"), Norm("post"), Norm("deep", alpha=1.7, beta=0.5))
    )
    np.testing.assert_allclose(np.array(pre.enter(x)), layer_norm(x), atol=1e-5)
    np.testing.assert_allclose(np.array(pre(x, made)), x + made, atol=1e-6)
    np.testing.assert_allclose(np.array(post.enter(x)), x)
    np.testing.assert_allclose(np.array(post(x, made)), layer_norm(x + made), atol=1e-5)
    np.testing.assert_allclose(np.array(deep.enter(x)), x)
    np.testing.assert_allclose(np.array(deep(x, made)), layer_norm(1.7 * x + made), atol=1e-5)


def test_residual_drops_the_branch_and_not_the_trunk():
    x, made = draw(2, 30, 8), np.ones((2, 30, 8), "float32")
    branch = np.array(Residual(SIZES._replace(dropout=0.5))(x, made, training=True)) - x
    assert sorted(set(branch.round(3).ravel().tolist())) == [0.0, 2.0]


@pytest.mark.parametrize("norm", [Norm("pre"), Norm("post"), Norm("deep", 1.7, 0.5)])
def test_encoder_block_is_its_sublayers_in_turn(norm):
    block = EncoderBlock(SIZES._replace(norm=norm))
    x = draw(2, 4, 8)
    made = block.attention(block.attended.enter(x), MASK[:, None, None, :])
    middle = np.array(block.attended(x, made))
    expected = block.fed(middle, block.feed_forward(block.fed.enter(middle)))
    np.testing.assert_allclose(np.array(block(x, MASK)), np.array(expected), atol=1e-6)


def test_encoder_block_does_not_see_padding():
    block = EncoderBlock(SIZES._replace(activation="gelu"), Rotary())
    x = draw(2, 4, 8)
    changed = x.copy()
    changed[1, 2:] = 9.0
    made, after = np.array(block(x, MASK)), np.array(block(changed, MASK))
    np.testing.assert_allclose(made[1, :2], after[1, :2], atol=1e-6)
    np.testing.assert_allclose(made[0], after[0], atol=1e-6)


def test_decoder_block_alignment_and_cache():
    block = DecoderBlock(SIZES._replace(norm=Norm("post")), source_dim=6)
    context = block.cross_attention.context(draw(2, 4, 6))
    x, causal = draw(2, 3, 8), np.tril(np.ones((3, 3), bool))
    made, alignment = block(x, context, MASK, causal)
    assert alignment.shape == (2, 3, 4)
    assert not np.array(alignment)[1, :, 2:].any()
    empty = block.self_attention.empty_cache(2, 5)
    cached, cache, _ = block(x, context, MASK, cache=empty)
    np.testing.assert_allclose(np.array(cached), np.array(made), atol=1e-5)
    assert np.array(cache["key"])[:, :, :3].any()
    assert not np.array(cache["key"])[:, :, 3:].any()


def test_dropout_is_for_training_alone():
    encode = EncoderBlock(SIZES._replace(dropout=0.5))
    decode = DecoderBlock(SIZES._replace(dropout=0.5), source_dim=8)
    x = draw(2, 4, 8)
    context = decode.cross_attention.context(x)
    for run in (
        lambda **options: encode(x, MASK, **options),
        lambda **options: decode(x, context, MASK, **options)[0],
    ):
        np.testing.assert_array_equal(np.array(run()), np.array(run(training=False)))
        assert np.abs(np.array(run()) - np.array(run(training=True))).max() > 1e-3


def spread(layer):
    for weight in layer.weights:
        weight.assign(RNG.normal(size=weight.shape))
    return layer


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("relu", lambda x: np.maximum(x, 0)),
        ("gelu", lambda x: x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))),
    ],
)
def test_two_maps_with_a_function_between(lab, activation, function):
    layer = spread(FeedForward(4, 6, activation))
    x = RNG.normal(size=(2, 3, 4)).astype("float32")
    inner, outer = lab.weights(layer.inner), lab.weights(layer.outer)
    expected = function(x @ inner["kernel"] + inner["bias"]) @ outer["kernel"] + outer["bias"]
    np.testing.assert_allclose(np.array(layer(x)), expected, rtol=1e-3, atol=1e-3)


def test_swiglu(lab):
    layer = spread(FeedForward(4, 6, "swiglu"))
    assert [tuple(weight.shape) for weight in layer.weights] == [(4, 12), (6, 4)]
    x = RNG.normal(size=(2, 3, 4)).astype("float32")
    w, v = np.split(lab.weights(layer.inner)["kernel"], 2, axis=1)
    swish = (x @ w) * lab.sigmoid(x @ w)
    expected = (swish * (x @ v)) @ lab.weights(layer.outer)["kernel"]
    np.testing.assert_allclose(np.array(layer(x)), expected, rtol=1e-4, atol=1e-4)
