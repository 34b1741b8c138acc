from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.encoders import UNKNOWN, Facts


def test_positions_and_what_fills_them():
    facts = Facts(stride=4)
    assert [facts.positions(n) for n in (1, 4, 5, 79)] == [1, 1, 2, 20]
    assert facts.positions(np.array([0, 8, 9])).tolist() == [0, 2, 3]
    assert [facts.filled(n) for n in (1, 4, 5, 79)] == [4, 4, 8, 80]
    assert Facts().filled(7) == 7


def test_what_is_true_of_two():
    both = Facts(stride=4, lookahead=3).beside(Facts(stride=6, lookahead=5))
    assert both == Facts(stride=12, lookahead=5)
    assert both.beside(Facts()).lookahead is None
    assert not both.beside(UNKNOWN).crops and not both.beside(UNKNOWN).padding_free


@pytest.mark.parametrize("given", [{"stride": 0}, {"stride": 2.0}, {"lookahead": -1}])
def test_refuses(given):
    with pytest.raises(ValueError, match=rf"`{next(iter(given))}` must be a whole number"):
        Facts(**given)
