import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.data.packing import first_fit, fit_row, packed_rows
from kseq2seq.data.survey import Survey


def survey_of(pairs, longest=(64, 64)):
    lengths = np.zeros((longest[0] + 1, longest[1] + 1), np.int64)
    np.add.at(lengths, tuple(np.transpose(pairs)), 1)
    return Survey(lengths)


def by_definition(sizes, shape):
    """First fit decreasing, one pair at a time."""
    rooms, rows = [], {}
    for index in sorted(range(len(sizes)), key=lambda i: -sum(sizes[i])):
        source, target = sizes[index]
        row = next((r for r, (s, t) in enumerate(rooms) if source <= s and target <= t), len(rooms))
        if row == len(rooms):
            rooms.append(shape)
        rooms[row] = (rooms[row][0] - source, rooms[row][1] - target)
        rows[index] = row
    return [rows[index] for index in range(len(sizes))]


@pytest.mark.parametrize("seed", range(3))
def test_first_fit_is_first_fit(seed):
    sizes = np.random.default_rng(seed).integers(2, 40, (150, 2)).astype("int32")
    rows = first_fit(tf.constant(sizes), (48, 60)).numpy().tolist()
    assert rows == by_definition(sizes.tolist(), (48, 60))


def test_first_fit_of_nothing():
    assert first_fit(tf.zeros([0, 2], tf.int32), (4, 4)).shape == (0,)


def skewed(count=1024, seed=0):
    random = np.random.default_rng(seed)
    sources = np.clip(random.lognormal(2.7, 0.5, count), 2, 48).astype("int32")
    targets = np.clip(sources * random.normal(1.2, 0.2, count), 2, 48).astype("int32")
    return np.stack([sources, targets], axis=1)


def test_a_fitted_row_leaves_little_padding():
    sizes = skewed()
    shape = fit_row(survey_of(sizes))
    rows = first_fit(tf.constant(sizes), shape).numpy().max() + 1
    assert 1 - sizes.sum() / (rows * sum(shape)) < 0.04
    square = (max(shape),) * 2
    rows = first_fit(tf.constant(sizes), square).numpy().max() + 1
    assert 1 - sizes.sum() / (rows * sum(square)) > 0.06


@pytest.mark.parametrize("pairs", [1, 3, 8])
def test_a_row_holds_the_longest_and_as_many_as_asked_and_no_more(pairs):
    sizes = skewed(seed=1)
    shape = fit_row(survey_of(sizes), pairs)
    asked = np.maximum(sizes.max(axis=0), pairs * sizes.mean(axis=0))
    assert np.all(shape >= asked - 1e-6)
    assert np.any(shape <= asked + 1)
    assert shape[1] / shape[0] == pytest.approx(sizes[:, 1].sum() / sizes[:, 0].sum(), abs=0.05)


def test_rows_of_long_sources_and_short_targets():
    assert fit_row(survey_of([(50, 5), (40, 4)], (64, 64)), 2) == (90, 9)


def test_long_pairs_do_not_fill_rows_by_halves():
    random = np.random.default_rng(2)
    sources = random.integers(20, 42, 1024)
    sizes = np.stack([sources, sources * random.normal(1, 0.05, 1024)], axis=1).astype("int32")

    def padding(shape):
        rows = first_fit(tf.constant(sizes), shape).numpy().max() + 1
        return 1 - sizes.sum() / (rows * sum(shape))

    assert padding(fit_row(survey_of(sizes))) < 0.08 < padding(fit_row(survey_of(sizes), 1))


def test_refusals():
    with pytest.raises(ValueError, match=r"kept no pair \(3 too long, 2 empty\)"):
        fit_row(Survey(np.zeros((9, 9), int), empty=2, too_long=3))
    with pytest.raises(ValueError, match=r"at least 1, .* got 0.5"):
        fit_row(survey_of([(2, 2)]), 0.5)


def test_rows_of_no_pairs():
    nothing = tf.RaggedTensor.from_row_splits(tf.zeros([0], tf.int32), [0])
    inputs, labels = packed_rows(nothing, nothing, (5, 6), 1, (0, 0))
    assert labels.shape == (0, 6) and inputs["source"].shape == (0, 5)


def test_rows_of_other_special_ids():
    source, target = tf.ragged.constant([[9, 7]]), tf.ragged.constant([[8, 0, 7]])
    inputs, labels = packed_rows(source, target, (3, 4), 6, (4, 5))
    assert inputs["source"].numpy().tolist() == [[9, 7, 4]]
    assert inputs["target"].numpy().tolist() == [[6, 8, 0, 5]]
    assert inputs["target_segments"].numpy().tolist() == [[1, 1, 1, 0]]
    assert labels.numpy().tolist() == [[8, 0, 7, 5]]
