from __future__ import annotations

import keras
import numpy as np

from kseq2seq.layers import rotate

RNG = np.random.default_rng(0)


def turned(vector, position):
    x = vector[None, None, None, :].astype("float32")
    return np.array(rotate(x, np.array([position])))[0, 0, 0].astype("float64")


def test_turns_each_pair_by_its_angle():
    x = RNG.normal(size=6)
    made = turned(x, 5)
    for i in range(3):
        angle = 5 * 10000 ** (-2 * i / 6)
        pair = complex(x[i], x[i + 3]) * complex(np.cos(angle), np.sin(angle))
        np.testing.assert_allclose([made[i], made[i + 3]], [pair.real, pair.imag], atol=1e-5)


def test_a_dot_product_knows_the_distance_alone():
    query, key = RNG.normal(size=8), RNG.normal(size=8)
    for distance in (0, 1, 7):
        products = [turned(query, p + distance) @ turned(key, p) for p in (0, 3, 50)]
        np.testing.assert_allclose(products, products[0], atol=1e-4)
    assert abs(turned(query, 1) @ turned(key, 0) - turned(query, 2) @ turned(key, 0)) > 1e-2


def test_rows_at_different_places():
    x, places = RNG.normal(size=(2, 3, 4, 8)), np.array([[0, 1, 2, 3], [90, 5, 7, 7]])
    made = np.array(rotate(x, places))
    for row in range(2):
        alone = np.array(rotate(x[row : row + 1], places[row]))
        np.testing.assert_allclose(made[row], alone[0], atol=1e-6)


def test_keeps_lengths_and_dtype():
    x = RNG.normal(size=(2, 3, 4, 8)).astype("float32")
    made = rotate(x, np.arange(4))
    norms = np.linalg.norm(np.array(made), axis=-1)
    np.testing.assert_allclose(norms, np.linalg.norm(x, axis=-1), rtol=1e-5)
    half = rotate(keras.ops.cast(x, "bfloat16"), np.arange(4))
    assert keras.backend.standardize_dtype(half.dtype) == "bfloat16"
