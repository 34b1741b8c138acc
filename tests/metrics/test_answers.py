"""Perplexity for each word, and the true answer among others."""

import math

import numpy as np
import pytest

from kseq2seq.metrics import hits_at_1, word_perplexity


def test_perplexity_is_of_words_whatever_the_tokens():
    assert word_perplexity([-math.log(8), -math.log(2)], ["a b c", "d"]) == pytest.approx(2)
    assert word_perplexity([0.0], ["x"]) == 1
    with pytest.raises(ValueError, match="2 log-probabilities, 1 texts and 1 words"):
        word_perplexity([0.0, 0.0], ["x"])
    with pytest.raises(ValueError, match="at least one word"):
        word_perplexity([0.0], [" "])


@pytest.fixture
def pairs():
    return [f"question {n}" for n in range(60)], [f"answer {n}" for n in range(60)]


def test_a_scorer_that_knows_hits_and_one_that_guesses_does_by_chance(pairs):
    def knows(sources, targets):
        return [a.split()[1] == b.split()[1] for a, b in zip(sources, targets, strict=True)]

    assert hits_at_1(knows, *pairs) == 100
    assert hits_at_1(lambda sources, _: np.zeros(len(sources)), *pairs) == 0  # ties are misses
    rng = np.random.default_rng(0)
    guesses = [hits_at_1(lambda s, _: rng.random(len(s)), *pairs, seed=n) for n in range(20)]
    assert np.mean(guesses) == pytest.approx(10, abs=2.5)


def test_others_differ_from_the_true_one_and_each_other(pairs):
    seen = []

    def scorer(sources, targets):
        seen.append((sources, targets))
        return np.zeros(len(sources))

    sources, targets = pairs
    targets = [*targets[:55], *(text.upper() for text in targets[:5])]
    for _ in range(2):
        hits_at_1(scorer, sources, targets, among=5)
    assert seen[0] == seen[1]  # drawn by the seed
    given, chosen = (np.reshape(side, (60, 5)) for side in seen[0])
    assert given[:, 0].tolist() == sources and (given == given[:, :1]).all()
    assert chosen[:, 0].tolist() == targets
    assert all(len({text.lower() for text in row}) == 5 for row in chosen.tolist())
    hits_at_1(scorer, sources, targets, among=5, seed=2)
    assert seen[2] != seen[0]


def test_bad_arguments_are_refused(pairs):
    sources, targets = pairs
    with pytest.raises(ValueError, match="60 sources and 59 targets"):
        hits_at_1(None, sources, targets[1:])
    with pytest.raises(ValueError, match="number of different targets, 2; got 3"):
        hits_at_1(None, ["a"] * 4, ["x", "X", "y", "y"], among=3)
