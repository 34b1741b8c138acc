from __future__ import annotations

import json

import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.decoding.records import SEARCHES, describe, search_from


@pytest.mark.parametrize("kind", SEARCHES.values())
def test_a_described_search_is_the_same(kind):
    assert search_from(json.loads(json.dumps(describe(kind())))) == kind()


def test_numbers_of_numpy_become_plain():
    given = ks.Beam(np.int64(2), length_penalty=np.float32(0.5))
    assert json.loads(json.dumps(describe(given)))["length_penalty"] == 0.5


def test_other_searches_have_no_name():
    class Own(ks.Greedy):
        pass

    with pytest.raises(ValueError, match="can be saved"):
        describe(Own())
