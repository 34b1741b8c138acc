from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

from kseq2seq.layers import (
    Alibi,
    CrossAttention,
    PositionScheme,
    Rotary,
    SelfAttention,
    attend,
    fold,
    stack_positions,
    unfold,
)
from kseq2seq.layers.attention import for_heads, grow_cache, write_cache

RNG = np.random.default_rng(0)


def draw(*shape):
    return RNG.normal(size=shape).astype("float32")


def literal(query, key, value, mask):
    """softmax(Q K^T / sqrt(d)) V, one query at a time."""
    mixed = np.zeros((*query.shape[:3], value.shape[-1]))
    for b, h, t in np.ndindex(query.shape[:3]):
        places = np.flatnonzero(mask[b, h, t])
        scores = np.array([query[b, h, t] @ key[b, h, s] for s in places])
        scores = np.exp(scores / np.sqrt(query.shape[-1]))
        mixed[b, h, t] = (scores / scores.sum()) @ value[b, h, places]
    return mixed


def test_attend_is_scaled_dot_product_attention():
    query, key, value = draw(2, 3, 4, 5), draw(2, 3, 6, 5), draw(2, 3, 6, 5)
    mask = RNG.random((2, 3, 4, 6)) < 0.6
    mask[..., 0] = True
    mixed, probabilities = attend(query, key, value, mask)
    np.testing.assert_allclose(np.array(mixed), literal(query, key, value, mask), atol=1e-5)
    probabilities = np.array(probabilities)
    np.testing.assert_allclose(probabilities.sum(-1), 1, atol=1e-6)
    assert not probabilities[~mask].any()


def test_attend_without_a_mask_looks_everywhere():
    query, key, value = draw(1, 2, 3, 4), draw(1, 2, 5, 4), draw(1, 2, 5, 4)
    expected = literal(query, key, value, np.ones((1, 2, 3, 5), bool))
    np.testing.assert_allclose(np.array(attend(query, key, value)[0]), expected, atol=1e-5)


def test_attend_with_nothing_to_look_at_is_finite():
    x = draw(1, 1, 2, 4)
    mixed, probabilities = attend(x, x, x, np.zeros((1, 1, 2, 2), bool))
    assert np.isfinite(np.array(mixed)).all()
    assert np.isfinite(np.array(probabilities)).all()


def test_attend_keeps_float32_probabilities_over_bfloat16():
    x = keras.ops.cast(draw(1, 2, 3, 4), "bfloat16")
    mixed, probabilities = attend(x, x, x)
    assert keras.backend.standardize_dtype(mixed.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(probabilities.dtype) == "float32"


def test_self_attention_heads_are_slices(lab):
    layer = SelfAttention(8, 2)
    x = draw(2, 5, 8)
    mask = np.tril(np.ones((5, 5), bool))
    projected = x @ lab.weights(layer.projection)["kernel"]
    query, key, value = (
        np.stack(np.split(part, 2, -1), axis=1) for part in np.split(projected, 3, -1)
    )
    heads = literal(query, key, value, np.broadcast_to(mask, (2, 2, 5, 5)))
    merged = np.concatenate([heads[:, 0], heads[:, 1]], -1)
    expected = merged @ lab.weights(layer.output_projection)["kernel"]
    np.testing.assert_allclose(np.array(layer(x, mask)), expected, atol=1e-5)


@pytest.mark.parametrize("scheme", ["sinusoidal", "rotary", "shaw", "alibi", "t5"])
def test_cached_self_attention_is_causal_self_attention(scheme):
    (positions,) = stack_positions(scheme, 1, num_heads=2, head_dim=4, bidirectional=False)
    layer = SelfAttention(8, 2, positions)
    for weight in layer.weights:
        weight.assign(draw(*weight.shape))
    x = draw(3, 6, 8)
    expected = layer(x, np.tril(np.ones((6, 6), bool)))
    cache, made = layer.empty_cache(3, 9), []
    for start, stop in ((0, 2), (2, 3), (3, 6)):
        part, cache = layer(x[:, start:stop], cache=cache, position=start)
        made.append(np.array(part))
    np.testing.assert_allclose(np.concatenate(made, 1), np.array(expected), atol=1e-5)
    assert cache["key"].shape == cache["value"].shape == (3, 2, 9, 4)
    assert not np.array(cache["key"])[:, :, 6:].any()


def test_cross_attention_folds_hypotheses():
    layer = CrossAttention(8, 2, source_dim=6)
    source, x = draw(2, 5, 6), draw(6, 3, 8)
    mask = np.array([[True] * 5, [True, True, False, False, False]])
    made, alignment = layer(x, layer.context(source), mask)
    rows = np.repeat(np.arange(2), 3)
    expected, expected_alignment = layer(x, layer.context(source[rows]), mask[rows])
    np.testing.assert_allclose(np.array(made), np.array(expected), atol=1e-5)
    np.testing.assert_allclose(np.array(alignment), np.array(expected_alignment), atol=1e-6)
    assert alignment.shape == (6, 3, 5)
    assert not np.array(alignment)[3:, :, 2:].any()


def test_projections_carry_no_bias():
    for layer in (SelfAttention(8, 2), CrossAttention(8, 2, source_dim=6)):
        assert all(len(weight.shape) == 2 for weight in layer.weights)


@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 5)])
def test_unfold_undoes_fold(shape):
    x = np.arange(np.prod(shape)).reshape(shape)
    folded = fold(x, 2)
    assert folded.shape == (2, 3 * (4 if len(shape) == 3 else 1), 5)
    np.testing.assert_array_equal(np.array(unfold(folded, x)), x)


def test_hypotheses_of_a_source_stay_with_it():
    x = np.array([[[10]], [[11]], [[20]], [[21]]])
    assert np.array(fold(x, 2))[:, :, 0].tolist() == [[10, 11], [20, 21]]


def test_writes_at_the_position_and_nowhere_else():
    cache, update = np.ones((2, 1, 5, 3), "float32"), np.full((2, 1, 2, 3), 7, "float32")
    written = np.array(write_cache(cache, update, 2))
    assert written[0, 0, :, 0].tolist() == [1, 1, 7, 7, 1]
    assert (written[1] == written[0]).all()


def test_a_cache_grows_by_zeros():
    cache = draw(2, 1, 3, 4)
    longer = np.array(grow_cache(cache, 5))
    np.testing.assert_array_equal(longer[:, :, :3], cache)
    assert longer.shape == (2, 1, 5, 4) and not longer[:, :, 3:].any()


def test_masks_are_the_same_for_all_heads():
    assert for_heads(np.ones((2, 5), bool)).shape == (2, 1, 1, 5)
    assert for_heads(np.ones((2, 3, 5), bool)).shape == (2, 1, 3, 5)


def test_the_old_keyword_and_old_configurations_are_read():
    with pytest.warns(FutureWarning, match="`positions`.*`position_scheme`"):
        layer = SelfAttention(8, 2, positions=Rotary())
    assert isinstance(layer.positions, Rotary)
    config = layer.get_config()
    assert "positions" not in config
    old = {"positions" if k == "position_scheme" else k: v for k, v in config.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(SelfAttention.from_config(old).positions, Rotary)
        assert isinstance(SelfAttention.from_config(config).positions, Rotary)


def test_a_scheme_is_saved_under_its_old_name():
    """Files that name the class "Positions" are read, and earlier releases read new files."""
    assert keras.saving.get_registered_name(PositionScheme) == "kseq2seq>Positions"
    with pytest.warns(FutureWarning, match="PositionScheme"):
        from kseq2seq.layers import Positions
    assert Positions is PositionScheme


def test_attend_takes_the_old_keyword():
    x, steps = draw(1, 2, 5, 4), np.arange(5)[None]
    expected, _ = attend(x, x, x, None, Alibi(2), steps, steps)
    with pytest.warns(FutureWarning, match="`positions`"):
        mixed, _ = attend(x, x, x, positions=Alibi(2), query_steps=steps, key_steps=steps)
    np.testing.assert_array_equal(np.array(mixed), np.array(expected))


@pytest.mark.parametrize("scheme", ["alibi", "t5", "shaw", "rotary", "sinusoidal"])
def test_steps_count_from_zero_unless_passed(scheme):
    (positions,) = stack_positions(scheme, 1, 2, 4, bidirectional=True)
    query, key = draw(1, 2, 3, 4), draw(1, 2, 5, 4)
    steps = (np.arange(3, dtype="int32")[None], np.arange(5, dtype="int32")[None])
    for one, other in zip(
        attend(query, key, key, None, positions),
        attend(query, key, key, None, positions, *steps),
        strict=True,
    ):
        np.testing.assert_array_equal(np.array(one), np.array(other))


@pytest.mark.parametrize("layer", [SelfAttention, CrossAttention])
def test_heads_must_divide_the_width(layer):
    with pytest.raises(ValueError, match=r"`num_heads`=3 does not divide `hidden_dim`=8\. Pass"):
        layer(hidden_dim=8, num_heads=3)
