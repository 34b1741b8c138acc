from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.decoding.gathering import gather, reorder, repeat


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
