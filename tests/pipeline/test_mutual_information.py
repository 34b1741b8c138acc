"""Mutual information: the share of what a target scores after nothing is taken away."""

import numpy as np
import pytest

from kseq2seq.pipeline import Prediction, mutual_information, rerank
from kseq2seq.text import ByteTokenizer, TextTarget

GIVEN = {("q", "dull"): -2.0, ("q", "apt"): -3.0, ("", "dull"): -2.0, ("", "apt"): -9.0}


class Stub:
    target = TextTarget(ByteTokenizer(), 8)

    def log_probs(self, sources, targets):
        return [GIVEN[pair] for pair in zip(sources, targets, strict=True)]


def test_what_is_too_long_to_be_scored_comes_last():
    found = mutual_information(Stub())(["q", "q"], ["much too long", "apt"])
    assert found.tolist() == [-np.inf, 1.5]


def test_a_weight_takes_away_what_is_likely_anywhere():
    sources, targets = ["q", "q"], ["dull", "apt"]
    for weight in (0.0, 0.25, 1.0):
        found = mutual_information(Stub(), weight)(sources, targets)
        np.testing.assert_allclose(found, [-2.0 + 2 * weight, -3.0 + 9 * weight])
    with pytest.raises(ValueError, match="`weight`"):
        mutual_information(Stub(), 1.5)


def test_it_ranks_alternatives():
    predictions = [Prediction("dull", -2.0, [("apt", -3.0)])]
    for weight, best in ((0.0, "dull"), (0.5, "apt")):
        scorer = mutual_information(Stub(), weight)
        (ranked,) = rerank(["q"], predictions, [(scorer, 1.0)], own=0.0)
        assert ranked.text == best
