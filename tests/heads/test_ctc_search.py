"""Searches of CTC against all alignments."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.heads.ctc import certain_blanks
from kseq2seq.heads.ctc_search import best_labels, best_path
from tests.heads.conftest import labelings, log_softmax, spelled


def found(decoded, row):
    """The answers of a row that exist, and their scores."""
    ids, lengths, scores = (np.asarray(part)[row] for part in decoded[:3])
    return {
        tuple(int(label) for label in one[:length]): score
        for one, length, score in zip(ids, lengths, scores, strict=True)
        if np.isfinite(score)
    }


@pytest.mark.parametrize("places, size", [(4, 3), (5, 2), (1, 4), (3, 4)])
def test_a_beam_of_all_beginnings_is_exhaustive(rng, places, size):
    logits = (2 * rng.normal(size=(3, places, size))).astype("float32")
    everything = [labelings(row) for row in logits]
    made = best_labels(tf.constant(logits), 90)
    for row, wanted in enumerate(everything):
        got = found(made, row)
        assert got.keys() == wanted.keys()
        for ids, score in wanted.items():
            assert abs(got[ids] - score) < 1e-4
        scores = list(got.values())
        assert scores == sorted(scores, reverse=True)


def test_a_narrow_beam_finds_the_best_of_most_and_never_scores_too_high(rng):
    logits = (2 * rng.normal(size=(20, 5, 3))).astype("float32")
    made, right = best_labels(tf.constant(logits), 4), 0
    for row in range(20):
        wanted, got = labelings(logits[row]), found(made, row)
        assert len(got) == 4
        assert all(score <= wanted[ids] + 1e-4 for ids, score in got.items())
        right += next(iter(got)) == max(wanted, key=wanted.get)
    assert right >= 18


def test_the_greedy_search_is_the_likeliest_path(rng):
    logits = (2 * rng.normal(size=(8, 5, 3))).astype("float32")
    made = best_path(tf.constant(logits))
    for row in range(8):
        logs = log_softmax(logits[row])
        path = max(
            itertools.product(range(3), repeat=5),
            key=lambda path: sum(logs[place, label] for place, label in enumerate(path)),
        )
        ((ids, score),) = found(made, row).items()
        assert ids == spelled(path)
        assert abs(score - sum(logs[place, label] for place, label in enumerate(path))) < 1e-4


def test_repeats_need_a_blank_between():
    for path, wanted in (([1, 1, 2], (1, 2)), ([1, 0, 1], (1, 1)), ([0, 0, 0], ()), ([2], (2,))):
        logits = tf.constant(20 * np.eye(3)[None, path], tf.float32)
        assert next(iter(found(best_path(logits), 0))) == wanted
        assert next(iter(found(best_labels(logits, 3), 0))) == wanted


@pytest.mark.parametrize("search", [best_path, lambda logits: best_labels(logits, 5)])
def test_no_row_depends_on_its_company_or_padding(rng, search):
    logits = rng.normal(size=(4, 6, 4)).astype("float32")
    real = np.arange(6) < np.array([6, 3, 1, 0])[:, None]
    together = search(certain_blanks(tf.constant(logits), real))
    for row, count in enumerate([6, 3, 1, 0]):
        if count:
            alone = search(tf.constant(logits[row : row + 1, :count]))
            one, other = found(together, row), found(alone, 0)
            assert list(one) == list(other)
            np.testing.assert_allclose(list(one.values()), list(other.values()), rtol=1e-5)
        else:
            assert found(together, row) == {(): 0.0}


def test_a_limit_of_labels_keeps_the_shorter_ones_exact(rng):
    logits = rng.normal(size=(2, 4, 3)).astype("float32")
    made = best_labels(tf.constant(logits), 60, 2)
    assert made.ids.shape == (2, 60, 2)
    for row in range(2):
        wanted = {ids: s for ids, s in labelings(logits[row]).items() if len(ids) <= 2}
        got = found(made, row)
        assert got.keys() == wanted.keys()
        assert all(abs(got[ids] - wanted[ids]) < 1e-4 for ids in wanted)
