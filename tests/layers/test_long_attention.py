"""Attention by chunks and inside a window, against attention all at once."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.layers import (
    SelfAttention,
    attend,
    attend_in_chunks,
    attend_in_window,
    stack_positions,
)

# one key to look at is no mistake here
pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax over axis")

RNG = np.random.default_rng(0)
SCHEMES = ("sinusoidal", "shaw", "alibi", "t5")  # rotary has turned queries and keys before
LENGTHS = (1, 2, 3, 6, 7, 10)
SIZE = 3  # of chunks and windows


def draw(*shape):
    return RNG.normal(size=shape)


def scheme_of(name):
    (positions,) = stack_positions(name, 1, 2, 4, bidirectional=True)
    for weight in getattr(positions, "weights", ()):
        weight.assign(draw(*weight.shape))
    return positions


def right_padded(*lengths, longest):
    """bool (B, 1, 1, S)."""
    return (np.arange(longest) < np.array(lengths)[:, None])[:, None, None]


def band(length, window):
    steps = np.arange(length)
    return np.abs(steps[:, None] - steps) <= window


chunked = partial(attend_in_chunks, chunk=SIZE)
local = partial(attend_in_window, window=SIZE)


def whole(query, key, value, mask, positions, window=None):
    """The oracle: every score at once, and a mask."""
    length = query.shape[2]
    steps = tf.range(tf.shape(key)[2])[None]
    if window is not None:
        mask = mask & band(length, window)
    return attend(query, key, value, mask, positions, steps[:, :length], steps)[0]


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("length", LENGTHS)
def test_chunks_give_what_the_whole_gives(name, length):
    positions = scheme_of(name)
    query = draw(2, 2, length, 4)
    for keys in {length, 5}:  # as many as queries, and another number
        key, value = draw(2, 2, keys, 4), draw(2, 2, keys, 4)
        mask = right_padded(keys, 1, longest=keys)
        made, probabilities = chunked(query, key, value, mask, positions)
        steps, key_steps = np.arange(length)[None], np.arange(keys)[None]
        expected, _ = attend(query, key, value, mask, positions, steps, key_steps)
        assert probabilities is None
        assert made.shape == (2, 2, length, 4)
        np.testing.assert_allclose(np.array(made), np.array(expected), atol=1e-6)


def test_chunks_of_one_and_of_more_than_there_is():
    x, mask, positions = draw(2, 2, 7, 4), right_padded(7, 4, longest=7), scheme_of("shaw")
    expected = np.array(whole(x, x, x, mask, positions))
    for chunk in (1, 7, 256):
        made, _ = attend_in_chunks(x, x, x, mask, positions, chunk=chunk)
        np.testing.assert_allclose(np.array(made), expected, atol=1e-6)


def test_chunks_take_the_places_of_the_keys():
    x, mask, positions = draw(2, 2, 7, 4), right_padded(7, 4, longest=7), scheme_of("t5")
    steps, keys_at = np.arange(7)[None], np.arange(7)[None] * 3 + 5
    made, _ = chunked(x, x, x, mask, positions, steps, keys_at)
    expected, _ = attend(x, x, x, mask, positions, steps, keys_at)
    np.testing.assert_allclose(np.array(made), np.array(expected), atol=1e-6)


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("length", LENGTHS)
def test_a_window_is_a_band(name, length):
    positions = scheme_of(name)
    query, key, value = (draw(2, 2, length, 4) for _ in range(3))
    mask = right_padded(length, (length + 1) // 2, longest=length)
    made, probabilities = local(query, key, value, mask, positions)
    expected = whole(query, key, value, mask, positions, SIZE)
    assert probabilities is None
    assert made.shape == (2, 2, length, 4)
    sees = (mask & band(length, SIZE)).any(-1)[:, 0]  # padding may have nothing near to look at
    made, expected = (np.moveaxis(np.array(x), 1, 2)[sees] for x in (made, expected))
    np.testing.assert_allclose(made, expected, atol=1e-6)


def test_windows_of_one_and_of_more_than_there_is():
    x, mask, positions = draw(1, 2, 7, 4), np.ones((1, 1, 1, 7), bool), scheme_of("shaw")
    for window in (1, 2, 6, 7, 50):
        made, _ = attend_in_window(x, x, x, mask, positions, window=window)
        expected = whole(x, x, x, mask, positions, window)
        np.testing.assert_allclose(np.array(made), np.array(expected), atol=1e-6)


def test_a_hole_in_the_mask_is_not_seen():
    """Masks are not for right padding alone."""
    x = draw(1, 2, 8, 4)
    mask = np.array([1, 1, 0, 1, 0, 0, 1, 1], bool)[None, None, None]
    positions = scheme_of("t5")
    for made, window in ((chunked, None), (local, SIZE)):
        expected = whole(x, x, x, mask, positions, window)
        mixed, _ = made(x, x, x, mask, positions)
        np.testing.assert_allclose(np.array(mixed), np.array(expected), atol=1e-6)


@pytest.mark.parametrize("attend_some", [chunked, local])
def test_nothing_to_look_at_is_finite(attend_some):
    x = draw(2, 2, 7, 4)
    mixed, _ = attend_some(x, x, x, right_padded(7, 0, longest=7))
    assert np.isfinite(np.array(mixed)).all()


def gradients(positions, look, query, key, value, mask, weigh):
    """d sum(weigh * mixed) / d (query, key, value, each learned table)."""
    given = [query, key, value]
    tables = [weight.value for weight in getattr(positions, "weights", ())]
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = tf.reduce_sum(weigh * look(query, key, value, mask, positions))
    return [tf.convert_to_tensor(g) for g in tape.gradient(total, [*given, *tables])]


RUNS = {
    "eager": lambda f, like: f,
    "graph": lambda f, like: tf.function(f, input_signature=like),
    "xla": lambda f, like: tf.function(f, jit_compile=True),
}


@pytest.mark.parametrize("reach", ["chunked", "local"])
@pytest.mark.parametrize(
    ("run", "name"),
    [*(("eager", name) for name in SCHEMES), ("graph", "shaw"), ("graph", "t5"), ("xla", "shaw")],
)
def test_gradients_are_those_of_the_whole(name, reach, run, caplog):
    """The graph's lengths are unknown when it is made, as in training; nothing is warned of."""
    positions = scheme_of(name)
    drawn = [tf.constant(draw(2, 2, 7, 4).astype("float32")) for _ in range(3)]
    mask = tf.constant(right_padded(7, 5, longest=7))
    weigh = draw(2, 2, 7, 4) * right_padded(7, 5, longest=7).transpose(0, 1, 3, 2)
    weigh = tf.constant(weigh.astype("float32"))
    look = {"chunked": chunked, "local": local}[reach]
    window = SIZE if reach == "local" else None
    expected = gradients(
        positions, lambda *given: whole(*given, window=window), *drawn, mask, weigh
    )
    shape = tf.TensorSpec((None, 2, None, 4))
    like = [shape, shape, shape, tf.TensorSpec((None, 1, 1, None), tf.bool), shape]
    compiled = RUNS[run](lambda *given: gradients(positions, lambda *x: look(*x)[0], *given), like)
    for made, exact in zip(compiled(*drawn, mask, weigh), expected, strict=True):
        np.testing.assert_allclose(made.numpy(), exact.numpy(), atol=2e-5)
        assert np.abs(exact).max() > 1e-3
    assert "watched" not in caplog.text


@pytest.mark.parametrize("attend_some", [chunked, local])
@pytest.mark.parametrize("name", SCHEMES)
def test_bfloat16(attend_some, name):
    positions = scheme_of(name)
    x = keras.ops.cast(draw(2, 2, 7, 4), "bfloat16")
    mask = right_padded(7, 5, longest=7)
    window = SIZE if attend_some is local else None
    made, _ = attend_some(x, x, x, mask, positions)
    assert keras.backend.standardize_dtype(made.dtype) == "bfloat16"
    expected = whole(x, x, x, mask, positions, window)
    difference = np.array(keras.ops.cast(made, "float32") - keras.ops.cast(expected, "float32"))
    assert np.abs(difference[0]).max() < 0.02
    assert np.abs(difference[1, :, :5]).max() < 0.02


@pytest.mark.parametrize("attend_some", [chunked, local])
@pytest.mark.parametrize("scheme", ["rotary", "shaw"])
def test_self_attention_takes_them(attend_some, scheme):
    (positions,) = stack_positions(scheme, 1, 2, 4, bidirectional=True)
    full, some = SelfAttention(8, 2, positions), SelfAttention(8, 2, positions, attend_some)
    some.set_weights(full.get_weights())
    x, mask = draw(2, 7, 8).astype("float32"), right_padded(7, 5, longest=7)
    seen = mask & band(7, SIZE) if attend_some is local else mask
    expected, made = np.array(full(x, seen)), np.array(some(x, mask))
    np.testing.assert_allclose(made[0], expected[0], atol=1e-5)
    np.testing.assert_allclose(made[1, :5], expected[1, :5], atol=1e-5)


@pytest.mark.parametrize("name", ["alibi", "t5"])
def test_places_stay_whole_numbers_in_bfloat16(name):
    """Beyond 256 bfloat16 holds every second number alone; queries of zeros see places only."""
    positions = scheme_of(name)
    value = keras.ops.cast(draw(1, 2, 600, 4), "bfloat16")
    query, mask = value * 0, np.ones((1, 1, 1, 600), bool)
    steps = np.arange(600)[None]
    expected, _ = attend(query, query, value, mask, positions, steps, steps)
    made, _ = attend_in_chunks(query, query, value, mask, positions, chunk=128)
    made, expected = (np.array(keras.ops.cast(x, "float32")) for x in (made, expected))
    np.testing.assert_allclose(made, expected, atol=0.02)
