import pytest

from kseq2seq.metrics import UnseenWords, interval, significance

SOURCES = ["the wug sat", "a dax", "the cat", "wug wug"]
WANTED = ["DET NOUN VERB", "DET NOUN", "DET NOUN", "NOUN VERB"]


@pytest.fixture
def unseen():
    return UnseenWords(SOURCES, known={"the", "a", "sat", "cat"})


def test_only_words_that_are_not_known_count(unseen):
    assert unseen.count == 4
    assert unseen(WANTED, WANTED) == 100
    assert unseen(["X NOUN X", "X", "X X", "NOUN NOUN"], WANTED) == 50  # a missing label is wrong
    assert unseen(["X NOUN X", "X", "X X", "NOUN NOUN"], [[one, "x"] for one in WANTED]) == 50


def test_its_words_can_be_drawn(unseen):
    half = ["X NOUN X", "X", "X X", "NOUN NOUN"]
    low, high = interval(unseen, half, WANTED)
    assert 0 <= low < 50 < high <= 100

    def plain(texts, references):
        return unseen(texts, references)

    found = significance(unseen, WANTED, half, WANTED, trials=50)
    assert found == significance(plain, WANTED, half, WANTED, trials=50)
    assert found.difference == 50


def test_other_sources_are_refused(unseen):
    with pytest.raises(ValueError, match="each of 4 sources; got 3 and 3"):
        unseen(WANTED[:3], WANTED[:3])
    with pytest.raises(ValueError, match="each of 4 sources; got 0 and 0"):
        unseen([], [])
    with pytest.raises(ValueError, match="nothing to score"):
        UnseenWords(["the"], {"the"})(["DET"], ["DET"])
