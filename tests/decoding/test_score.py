from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam
from kseq2seq.decoding import score_targets

TARGETS = np.array([[3, 5, 2, 0], [2, 0, 0, 0], [4, 4, 4, 2]])


def test_each_token_has_what_the_model_gives_it(toys):
    model = toys.model()
    scores = np.array(score_targets(model, toys.source, TARGETS[:, :1]))
    for row, first in enumerate(toys.firsts):
        token = TARGETS[row, 0]
        np.testing.assert_allclose(scores[row, 0], model.after(first, ())[token], atol=1e-5)


def test_sums_are_what_a_search_reports(lab, plain_model):
    found = lab.searched(plain_model, lab.source, Beam(2, 0.0), 5)
    for n in range(2):
        scores = np.array(score_targets(plain_model, lab.source, found.ids[:, n]))
        np.testing.assert_allclose(scores.sum(1), found.scores[:, n], atol=5e-5)
        assert not scores[found.ids[:, n] == 0].any()


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (TARGETS[:2], r"3 sources, but 2 `targets`"),
        (TARGETS * 1.0, r"`targets` must be ids \(B, T\); got float64"),
        (TARGETS[0], r"must be ids \(B, T\).*\(4,\)"),
        (TARGETS + 5, r"ids outside of the model's, 0 to 6"),
        (TARGETS - 1, r"ids outside of the model's, 0 to 6"),
    ],
)
def test_refuses(lab, model_named, targets, message):
    with pytest.raises(ValueError, match=message):
        score_targets(model_named("gru"), lab.source, targets)


def test_ids_alone_have_the_mask_of_their_padding(lab, model_named):
    model = model_named("luong")
    expected = score_targets(model, lab.source, TARGETS)
    np.testing.assert_array_equal(score_targets(model, lab.ids, TARGETS), expected)


def test_refuses_what_is_no_source(lab, model_named):
    with pytest.raises(ValueError, match=r"`inputs` must be ids, not texts"):
        score_targets(model_named("gru"), ["a text"] * 3, TARGETS)
    with pytest.raises(ValueError, match=r"`model` must be a Seq2Seq"):
        score_targets("gru", lab.source, TARGETS)
    long = np.full((3, 13), 4)
    with pytest.raises(ValueError, match=r"target of 13 tokens.*positions for 12"):
        score_targets(model_named("transformer-post"), lab.source, long)
