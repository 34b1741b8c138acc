"""What the tests of heads share: slow but obvious ways to sum over alignments and rows."""

import itertools

import numpy as np
import pytest


def log_softmax(x):
    x = np.asarray(x, "float64")
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def spelled(path):
    """The labels of a path: repeats out, then blanks."""
    return tuple(label for label, _ in itertools.groupby(path) if label)


def labelings(logits):
    """All labels that logits (S, V) can spell, and their log-probabilities over all paths."""
    logs, total = log_softmax(logits), {}
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        score = sum(logs[place, label] for place, label in enumerate(path))
        ids = spelled(path)
        total[ids] = np.logaddexp(total.get(ids, -np.inf), score)
    return total


def rows_of_labels(emissions, transitions, count):
    """All rows of `count` labels from 1 on, and their scores under a CRF."""
    size = emissions.shape[1]
    found = {}
    for row in itertools.product(range(1, size), repeat=count):
        score = transitions[size, row[0]] + transitions[size + 1, row[-1]]
        score += sum(emissions[place, label] for place, label in enumerate(row))
        score += sum(transitions[a, b] for a, b in itertools.pairwise(row))
        found[row] = score
    return found


@pytest.fixture
def rng():
    return np.random.default_rng(0)
