from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.encoders import UNKNOWN, Facts, SourceSpec, along_units


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


FRAMES = {"source": ((None, 5), "float32"), "source_mask": ((None,), "int32")}


def test_what_lies_along_units():
    def along(inputs):
        return along_units(SourceSpec.of(inputs).symbolic())

    assert along(FRAMES) == ("source", "source_mask")
    assert along({**FRAMES, "speaker": ((16,), "float32")}) == ("source", "source_mask")
    assert along({"source": ((32, 100, 3), "float32"), "source_mask": ((40,), "int32")}) == ()
    assert along({"source": ((None, None, 3), "float32")}) == ()
    assert along_units("no dict") == ()
