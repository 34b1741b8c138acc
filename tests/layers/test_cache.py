from __future__ import annotations

import numpy as np

from kseq2seq.layers import write_cache


def test_writes_at_the_position_and_nowhere_else():
    cache, update = np.ones((2, 1, 5, 3), "float32"), np.full((2, 1, 2, 3), 7, "float32")
    written = np.array(write_cache(cache, update, 2))
    assert written[0, 0, :, 0].tolist() == [1, 1, 7, 7, 1]
    assert (written[1] == written[0]).all()
