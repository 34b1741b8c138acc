"""Error rates equal jiwer's; similarities and exact matches."""

from importlib import metadata

import jiwer
import pytest

from kseq2seq.data import sample
from kseq2seq.metrics import (
    character_error_rate,
    edit_similarity,
    exact_match,
    word_error_rate,
)


def levenshtein(a, b):
    """The textbook's table, row by row."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]


@pytest.fixture(scope="module", params=["fr", "ko"])
def texts(request):
    pairs = [pair for pair, _ in zip(sample(request.param), range(200), strict=False)]
    references = [" ".join(pair.target.split()) for pair in pairs]
    hypotheses = [" ".join((text.split() * 2)[1 : 3 + n % 7]) for n, text in enumerate(references)]
    return hypotheses, references


def test_equal_jiwer_on_real_text(texts):
    hypotheses, references = texts
    assert word_error_rate(*texts) == pytest.approx(100 * jiwer.wer(references, hypotheses))
    assert character_error_rate(*texts) == pytest.approx(100 * jiwer.cer(references, hypotheses))


def test_equal_the_textbook_on_real_text(texts):
    pairs = list(zip(*texts, strict=True))
    errors = sum(levenshtein(a.split(), b.split()) for a, b in pairs)
    words = sum(len(b.split()) for _, b in pairs)
    assert word_error_rate(*texts) == pytest.approx(100 * errors / words)
    shares = [1 - levenshtein(a, b) / max(len(a), len(b)) for a, b in pairs]
    assert edit_similarity(*texts) == pytest.approx(100 * sum(shares) / len(shares))
    assert 10 < edit_similarity(*texts) < 90


def test_empty_texts_count():
    assert word_error_rate(["", "a"], ["a b", "a"]) == pytest.approx(100 * 2 / 3)
    assert word_error_rate(["x y", "a"], ["", "a"]) == 200  # each word where none should be
    assert word_error_rate(["", "a"], [" ", "a"]) == 0
    assert character_error_rate(["", " a\n"], ["ab", "a"]) == pytest.approx(100 * 2 / 3)
    assert edit_similarity(["", "a"], ["", "b"]) == 50


def test_the_reference_with_the_lowest_rate_counts():
    # 1 error in 1 word, 2 in 4, 2 in 2: the second has the lowest rate, though not the fewest.
    assert word_error_rate(["a b c d"], [["a", "a b x y", "x y"]]) == 50
    assert word_error_rate(["", "b"], [["", "a"], "b"]) == 0
    assert word_error_rate(["b", "b"], [["", "a"], "b"]) == 50  # one of two words, not one of one
    assert edit_similarity(["ab"], [["xy", "ax"]]) == 50
    assert exact_match(["a", "b"], [["x", "a"], ["c"]]) == 50


def test_case_and_white_space_count():
    assert exact_match(["A", "a ", "a"], ["a", "a", "a"]) == pytest.approx(100 / 3)
    assert word_error_rate(["A  b\tc"], ["a b c"]) == pytest.approx(100 / 3)


def test_other_parts():
    assert word_error_rate(["a-b c"], ["a-b-c"], parts=lambda text: text.split("-")) == 200 / 3


def test_signatures():
    version = f"jiwer:{metadata.version('jiwer')}"
    assert f"case:mixed|unit:words|{version}" in word_error_rate(["a"], ["a"]).signature
    assert "|unit:characters|" in character_error_rate(["a"], ["a"]).signature
    assert exact_match(["a", "b"], [["a", "b"], "a"]).signature == "nrefs:var|case:mixed"
