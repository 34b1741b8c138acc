import pytest

from kseq2seq.metrics import distinct_1, distinct_2


def test_hand_computed():
    texts = ["I don't know.", "i DON'T know", "오늘 오늘"]  # i don t know, twice
    assert distinct_1(texts) == pytest.approx(100 * 5 / 10)
    assert distinct_2(texts) == pytest.approx(100 * 4 / 7)  # no pair crosses from text to text
    assert distinct_1(["我我"]) == 50
    assert distinct_1([""]) == distinct_2(["one"]) == 0
    assert distinct_1(["a b"], ["what is not used"]) == 100


def test_what_is_no_list_of_texts_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        distinct_1([])
    with pytest.raises(TypeError, match="Text 0 of `hypotheses` must be a str"):
        distinct_2([1])
