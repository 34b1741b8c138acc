import numpy as np
import pytest

from kseq2seq.metrics import Perplexity, TokenAccuracy

LABELS = np.array([[5, 3, 2, 0], [4, 2, 0, 0]])


def logits(seed=0):
    return np.random.default_rng(seed).normal(size=(2, 4, 7)).astype("float32")


def negative_log_likelihoods(values):
    log_probs = values - np.log(np.exp(values).sum(-1, keepdims=True))
    return [-log_probs[b, t, LABELS[b, t]] for b, t in zip(*np.nonzero(LABELS), strict=True)]


def test_perplexity_is_exp_of_mean_over_real_tokens():
    metric = Perplexity()
    metric.update_state(LABELS, logits())
    expected = np.exp(np.mean(negative_log_likelihoods(logits())))
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


def test_perplexity_over_batches_weighs_tokens_not_batches():
    metric = Perplexity()
    metric.update_state(LABELS[:1], logits()[:1])
    metric.update_state(LABELS[1:, :2], logits()[1:, :2])  # a batch of another length
    expected = np.exp(np.mean(negative_log_likelihoods(logits())))
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


def test_accuracy_ignores_padding():
    values = logits()
    values[0, 0, 5] = values[1, 1, 2] = 99.0  # two of five right for sure
    places = zip(*np.nonzero(LABELS), strict=True)
    right = sum(values[b, t].argmax() == LABELS[b, t] for b, t in places)
    metric = TokenAccuracy()
    metric.update_state(LABELS, values)
    assert float(metric.result()) == pytest.approx(right / 5)


def test_accuracy_weighs_tokens_where_lengths_differ():
    metric = TokenAccuracy()
    metric.update_state(np.array([[1]]), np.eye(3)[[[1]]])
    metric.update_state(np.ones((1, 10), int), np.eye(3)[[[2] * 10]])
    assert float(metric.result()) == pytest.approx(1 / 11)


def test_ties_count_their_share():
    metric = TokenAccuracy()
    metric.update_state(np.array([[1, 2]]), np.zeros((1, 2, 4)))
    assert float(metric.result()) == pytest.approx(0.25)


def test_padding_logits_change_nothing():
    for kind in (TokenAccuracy, Perplexity):
        plain, noisy = kind(), kind()
        values = logits()
        plain.update_state(LABELS, values)
        values[LABELS == 0] = 1e4
        noisy.update_state(LABELS, values)
        assert float(plain.result()) == float(noisy.result())


def test_sample_weights_multiply():
    metric = TokenAccuracy()
    metric.update_state(np.array([[1], [1]]), np.eye(3)[[[1], [2]]], np.array([3.0, 1.0]))
    assert float(metric.result()) == pytest.approx(0.75)


def test_config_round_trip():
    for kind in (TokenAccuracy, Perplexity):
        made = kind.from_config(kind(padding=9, name="other").get_config())
        assert (made.padding, made.name) == (9, "other")
