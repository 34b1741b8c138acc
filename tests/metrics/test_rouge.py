"""ROUGE equals rouge-score, and goes on where its own tokenizer drops the script."""

import pytest
from rouge_score.rouge_scorer import RougeScorer

from kseq2seq.data import sample
from kseq2seq.metrics import rouge1, rouge2, rougeL
from kseq2seq.metrics.words import words

METRICS = {"rouge1": rouge1, "rouge2": rouge2, "rougeL": rougeL}


@pytest.fixture(scope="module")
def english():
    texts = [pair.source for pair, _ in zip(sample("fr"), range(200), strict=False)]
    assert all(map(str.isascii, texts[:50]))
    return [" ".join(reversed(text.split()[1:])) for text in texts], texts


def shortened(texts):
    return [" ".join(text.split()[:-1]).upper() for text in texts]


@pytest.mark.parametrize("name", METRICS)
def test_equal_rouge_score_on_english(name, english):
    hypotheses, references = english
    theirs = RougeScorer([name])
    ascii_only = [text.encode("ascii", "ignore").decode() for text in references]
    pairs = list(zip(ascii_only, hypotheses, strict=True))
    mean = sum(theirs.score(*pair)[name].fmeasure for pair in pairs) / len(pairs)
    score = METRICS[name](hypotheses, ascii_only)
    assert score == pytest.approx(100 * mean, abs=1e-9)
    assert 1 < score < 99

    both = list(zip(ascii_only, shortened(ascii_only), strict=True))
    pairs = list(zip(both, hypotheses, strict=True))
    mean = sum(theirs.score_multi(*pair)[name].fmeasure for pair in pairs) / len(pairs)
    assert METRICS[name](hypotheses, both) == pytest.approx(100 * mean, abs=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_korean_is_as_its_words_in_letters_would_be(name):
    """rouge-score on the same texts, with each Korean word written as a number."""
    references = [pair.target for pair, _ in zip(sample("ko"), range(200), strict=False)]
    hypotheses = shortened(references)
    numbers = {}

    def numbered(text):
        return " ".join(str(numbers.setdefault(word, len(numbers))) for word in words(text))

    theirs = RougeScorer([name])
    pairs = list(zip(map(numbered, references), map(numbered, hypotheses), strict=True))
    mean = sum(theirs.score(*pair)[name].fmeasure for pair in pairs) / len(pairs)
    score = METRICS[name](hypotheses, references)
    assert score == pytest.approx(100 * mean, abs=1e-9)
    assert 40 < score < 99
    assert METRICS[name](references, references) > (99 if name != "rouge2" else 50)
    assert RougeScorer([name]).score("날씨가 좋다", "날씨가 좋다")[name].fmeasure == 0
    assert METRICS[name](["날씨가 좋다"], ["날씨가 좋다"]) == 100


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Don't_stop 3.5%", "don t stop 3 5"),
        ("오늘, 날씨가 좋다!", "오늘 날씨가 좋다"),
        ("今天天气 numpy2 很好。", "今 天 天 气 numpy2 很 好"),
        ("L'été «naïf» ÉTÉ", "l été naïf été"),
        ("हिन्दी में", "हिन्दी में"),  # vowel signs are parts of words
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("ไทยที่", "ไ ท ย ที่"),  # the last has two marks
        ("I ❤\ufe0f it", "i it"),  # a sign's mark is no word
        ("Cafe\u0301", "café"),  # the same text, written otherwise
        ("...", ""),
    ],
)
def test_words_of_any_script(text, wanted):
    assert " ".join(words(text)) == wanted


def test_hand_computed():
    # 2 of 3 and of 4 words; 1 of 2 and of 3 pairs; the longest common subsequence is "a c".
    assert rouge1(["a c x"], ["a b c d"]) == pytest.approx(100 * 2 * 2 / 7)
    assert rouge2(["a b x"], ["a b c d"]) == pytest.approx(100 * 2 * 1 / 5)
    assert rougeL(["c a c"], ["a b c d"]) == pytest.approx(100 * 2 * 2 / 7)
    assert rouge1(["", "a"], ["a", ""]) == 0
    assert rouge1(["a b"], [["x", "a b"]]) == 100
    assert rouge1(["a"], ["a"]).signature.startswith("nrefs:1|case:lc|tok:unicode|refs:best|rouge-")
