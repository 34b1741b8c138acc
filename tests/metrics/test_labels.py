"""Scores of labels."""

import pytest

from kseq2seq.metrics import label_accuracy
from kseq2seq.text import LabelTarget


def test_labels_are_compared_place_by_place():
    assert label_accuracy(["a b c"], ["a x c"]) == pytest.approx(200 / 3)
    assert label_accuracy(["a", ""], ["a b", "c"]) == pytest.approx(100 / 3)  # missing is wrong
    assert label_accuracy(["a b c"], ["a b"]) == 100  # one too many has no reference
    assert label_accuracy(["b a"], [["a b", "b c"]]) == 50  # the nearer reference


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="2 hypotheses and 1 references"):
        label_accuracy(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="hold no label"):
        label_accuracy(["a"], [" "])


def test_a_label_may_hold_spaces():
    whole = LabelTarget(["soft news", "hard news"], whole=True)
    assert label_accuracy(["soft news"], ["hard news"], whole.parts) == 0
    assert label_accuracy(["soft  news"], ["soft news"], whole.parts) == 100
    with pytest.raises(ValueError, match="one label as a whole can't be split"):
        whole.join(["soft news", "hard news"])
