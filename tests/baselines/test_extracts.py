from kseq2seq.baselines import best_sentences, first_sentences
from kseq2seq.metrics import rouge2

TEXT = "It is fast. It reads mail and news, e.g. of lists, by night. Try it."


def test_extracts():
    assert first_sentences([TEXT, ""], words=12) == ["It is fast.", ""]
    assert best_sentences([TEXT, ""], ["mail and news", "x"], words=6) == [
        "It reads mail and news, e.g.",
        "",
    ]


def test_the_best_is_at_least_as_good_as_the_first_by_its_metric():
    references = [["try it"], ["it is"]]
    first = rouge2(first_sentences([TEXT] * 2, 12), references)
    assert rouge2(best_sentences([TEXT] * 2, references, 12, rouge2), references) >= first > 0
