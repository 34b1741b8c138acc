from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.decoding.tensors import best, gather, reorder, repeat


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_gather_picks_within_each_source(shape):
    x = np.arange(np.prod(shape)).reshape(shape)
    places = np.array([[2, 0], [1, 1]])
    expected = np.stack([x[0][places[0]], x[1][places[1]]])
    np.testing.assert_array_equal(np.array(gather(x, places)), expected)


def test_reorder_moves_rows_of_every_leaf():
    state = {"a": np.arange(3), "b": [np.arange(6).reshape(3, 2)]}
    moved = reorder(state, np.array([2, 2, 0]))
    assert np.array(moved["a"]).tolist() == [2, 2, 0]
    assert np.array(moved["b"][0]).tolist() == [[4, 5], [4, 5], [0, 1]]
    assert reorder(state, None) is state


def test_repeat_keeps_the_rows_of_a_source_side_by_side():
    state = {"a": np.array([[1, 2], [3, 4]])}
    assert np.array(repeat(state, 2)["a"]).tolist() == [[1, 2], [1, 2], [3, 4], [3, 4]]
    assert repeat(state, 1) is state


@pytest.mark.parametrize("size", [5, 300, 1000])
@pytest.mark.parametrize("values", [2, 10, 1_000_000])
def test_best_is_top_k_ties_included(size, values):
    rng = np.random.default_rng(size)
    x = -rng.integers(0, values, (6, size)).astype("float32")
    x[0, : size // 2] = -np.inf
    x[1] = -np.inf
    for count in (1, 2, 5):
        found = best(x, count, block=7)
        order = np.argsort(-x, axis=1, kind="stable")[:, :count]
        np.testing.assert_array_equal(np.array(found[1]), order)
        np.testing.assert_array_equal(np.array(found[0]), np.take_along_axis(x, order, 1))
