"""The texts of training alone."""

from kseq2seq.baselines import nearest_texts, usual_text


def test_training_texts_alone():
    assert usual_text(["b", "a", "a"]) == "a" and usual_text(["ab", "c"]) == "ab"
    assert nearest_texts(["one two", "three"], ["tree", "one too"]) == ["three", "one two"]
