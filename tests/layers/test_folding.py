from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.layers import fold, unfold


@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 5)])
def test_unfold_undoes_fold(shape):
    x = np.arange(np.prod(shape)).reshape(shape)
    folded = fold(x, 2)
    assert folded.shape == (2, 3 * (4 if len(shape) == 3 else 1), 5)
    np.testing.assert_array_equal(np.array(unfold(folded, x)), x)


def test_hypotheses_of_a_source_stay_with_it():
    x = np.array([[[10]], [[11]], [[20]], [[21]]])
    assert np.array(fold(x, 2))[:, :, 0].tolist() == [[10, 11], [20, 21]]
