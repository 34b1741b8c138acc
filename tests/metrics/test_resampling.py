"""Bounds of scores, and whether two systems differ."""

import itertools
from functools import partial

import numpy as np
import pytest
import sacrebleu
from sacrebleu.significance import PairedTest

from kseq2seq import metrics
from kseq2seq.data import sample
from kseq2seq.metrics import Interval, TextScore, exact_match, interval, significance
from kseq2seq.metrics.scoring import scored
from kseq2seq.metrics.sums import mean, summed

ADDING = [
    metrics.bleu,
    metrics.chrf,
    metrics.label_f1,
    metrics.rouge2,
    metrics.ter,
    metrics.word_error_rate,
    partial(metrics.label_f1, average="micro"),
    partial(partial(metrics.bleu, tokenize="char"), tokenize="13a"),
]


@pytest.fixture(scope="module")
def systems():
    """320 French texts, and two systems of which the second loses a few words more."""
    draws = np.random.default_rng(1)
    texts = [pair.target for pair, _ in zip(sample("fr"), range(320), strict=False)]

    def cut(text, share):
        return " ".join(word for word in text.split() if draws.random() > share) or text

    return [cut(text, 0.2) for text in texts], [cut(text, 0.22) for text in texts], texts


@pytest.mark.parametrize("metric", ADDING)
def test_counting_once_is_as_scoring_each_time(metric, systems):
    a, b, references = (texts[:16] for texts in systems)
    references = [[text, text.lower()] for text in references]

    def plain(hypotheses, references):
        return metric(hypotheses, references)

    bounds = interval(metric, a, references, resamples=20, seed=2)
    assert bounds == pytest.approx(interval(plain, a, references, resamples=20, seed=2))
    assert bounds.low < metric(a, references) < bounds.high
    found = significance(metric, a, b, references, trials=20, seed=2)
    assert found == pytest.approx(significance(plain, a, b, references, trials=20, seed=2))
    assert found.difference == pytest.approx(metric(a, references) - metric(b, references))
    back = significance(metric, b, a, references, trials=20, seed=2)
    assert (back.difference, back.p_value) == pytest.approx((-found.difference, found.p_value))


def test_texts_are_counted_once(systems):
    counted = []

    @summed
    def right(hypotheses, references):
        counted.append(len(hypotheses))
        pairs = zip(hypotheses, references, strict=True)
        return mean([text in row for text, row in pairs])

    a, b, references = systems
    interval(right, a, references)
    significance(right, a, b, references)
    assert counted == [320, 640]


@pytest.mark.parametrize(
    ("metric", "theirs"), [(metrics.bleu, sacrebleu.BLEU()), (metrics.chrf, sacrebleu.CHRF())]
)
def test_p_values_are_those_of_sacrebleu(metric, theirs, systems):
    a, b, references = systems
    test = PairedTest([("b", b), ("a", a)], {"it": theirs}, [references], "ar", n_samples=500)
    (result,) = (column[1] for name, column in test()[1].items() if name != "System")
    found = significance(metric, a, b, references, trials=500, seed=12345)  # that of sacreBLEU
    assert found.p_value == pytest.approx(result.p_value, abs=0.003)
    assert 0.002 < found.p_value < 0.3
    assert metric(a, references) == result.score


def test_bounds_are_those_of_sacrebleu(systems):
    a, _, references = systems
    score = sacrebleu.BLEU().corpus_score(a, [references], n_bootstrap=1000)
    low, high = interval(metrics.bleu, a, references)
    assert (high + low) / 2 == pytest.approx(score._mean, abs=0.6)  # of a skewed curve
    assert (high - low) / 2 == pytest.approx(score._ci, rel=0.1)


def test_p_values_are_those_of_all_swaps():
    a = ["x", "x", "x", "y", "x", "x", "x", "x"]
    b = ["y", "x", "y", "x", "y", "x", "y", "y"]
    right = ["x"] * 8
    gains = [(x == r) - (y == r) for x, y, r in zip(a, b, right, strict=True)]
    signs = itertools.product((1, -1), repeat=8)
    far = [abs(np.dot(gains, sign)) >= abs(sum(gains)) for sign in signs]
    found = significance(exact_match, a, b, right, trials=5000)
    assert found.difference == 50
    assert found.p_value == pytest.approx(np.mean(far), abs=0.02)  # 14 / 64


def test_bounds_hold_the_truth_and_equal_systems_rarely_differ():
    draws = np.random.default_rng(5)
    right, held, low = ["x"] * 60, 0, 0
    for trial in range(150):
        a, b = (np.where(draws.random(60) < 0.7, "x", "y").tolist() for _ in range(2))
        bounds = interval(exact_match, a, right, resamples=150, seed=trial)
        held += bounds.low <= 70 <= bounds.high
        low += significance(exact_match, a, b, right, trials=99, seed=trial).p_value <= 0.05
    assert 0.88 <= held / 150 <= 1
    assert low / 150 <= 0.1


def test_the_same_seed_gives_the_same_and_more_confidence_is_wider(systems):
    a, _, references = systems
    bounds = interval(metrics.rouge1, a, references)
    assert interval(metrics.rouge1, a, references) == bounds
    assert interval(metrics.rouge1, a, references, seed=1) != bounds
    wide = interval(exact_match, a, references, confidence=0.99)
    narrow = interval(exact_match, a, references, confidence=0.5)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_equal_systems_do_not_differ(systems):
    a, _, references = systems
    assert significance(metrics.bleu, a, list(a), references, trials=50) == (0, 1)
    repeated = significance(metrics.distinct_1, a[:50], a[50:100], references[:50], trials=50)
    assert 0.02 < repeated.p_value <= 1
    assert significance(lambda texts, _: float("nan"), a, a, references, trials=9).p_value == 1


def test_what_has_no_bounds_is_refused(systems):
    a, b, references = systems
    with pytest.raises(ValueError, match="every text twice changes its score"):
        interval(metrics.distinct_1, a, references)
    with pytest.raises(ValueError, match="must hold at least two texts"):
        interval(exact_match, ["a"], ["a"])
    with pytest.raises(ValueError, match="2 hypotheses and 1 references"):
        interval(exact_match, ["a", "b"], ["a"])
    with pytest.raises(ValueError, match="equally many texts; got 2, 1 and 2"):
        significance(exact_match, ["a", "b"], ["a"], ["a", "b"])
    with pytest.raises(ValueError, match="`confidence` must be a number above 0"):
        interval(exact_match, a, references, confidence=0)
    with pytest.raises(ValueError, match="`trials` must be a whole number"):
        significance(exact_match, a, b, references, trials=0)


def test_scores_carry_their_bounds(systems):
    a, _, references = systems
    names = {"exact": exact_match, "distinct": metrics.distinct_1}
    scores = scored(names, a, references, bounds=True)
    assert scores["exact"].interval == interval(exact_match, a, references)
    assert scores["distinct"].interval is None
    assert scores == scored(names, a, references)
    low, high = scores["exact"].interval
    assert f" [{low:.2f}, {high:.2f}] (nrefs:1|case:mixed), distinct " in str(scores)
    assert TextScore(1.0, interval=Interval(0, 2)).interval.high == 2
