"""Labels that words have most often, by hand."""

from kseq2seq.baselines import FrequentLabels

PAIRS = [("the dog barks", "D N V"), ("the barks", "D N"), ("the barks", "D N"), ("log", "N")]


def test_each_word_gets_its_most_frequent_label_and_others_that_of_all():
    label = FrequentLabels(PAIRS)
    assert label(["the barks", "x", ""]) == ["D N", "N", ""]
    assert label.known == {"the", "dog", "barks", "log"}
    assert FrequentLabels([("a b", "X Y")])(["c"]) == ["X"]  # of equals the first in order


def test_endings_of_rare_words_label_others():
    pairs = [*PAIRS, ("hiking biking", "G G"), *[("king", "N")] * 20]
    label = FrequentLabels(pairs, suffix=3, rare=10)
    assert label(["spiking", "frog", "king", "qqq"]) == ["G", "N", "N", "N"]


def test_whole_texts_get_one_label():
    label = FrequentLabels(
        [("a b", "soft news"), ("c", "hard news"), ("d", "soft news")], whole=True
    )
    assert label(["x y", "z"]) == ["soft news"] * 2
