"""The texts of training alone."""

import sys

from kseq2seq.baselines import nearest_texts, usual_text


def test_training_texts_alone():
    assert usual_text(["b", "a", "a"]) == "a" and usual_text(["ab", "c"]) == "ab"
    assert nearest_texts(["one two", "three"], ["tree", "one too"]) == ["three", "one two"]


def test_many_are_compared_a_part_at_a_time(monkeypatch):
    monkeypatch.setattr(sys.modules["kseq2seq.baselines.nearest_texts"], "_CELLS", 5)
    texts = [f"{number:03}" for number in range(0, 100, 10)]
    assert nearest_texts(texts[:3], [*texts[:3]] * 3) == texts[:3] * 3
