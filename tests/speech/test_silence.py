"""Long recordings are split where they are quiet."""

import numpy as np

from kseq2seq.speech import AudioSource, split_at_silences


def speech(*seconds, rate=8000):
    """Noise and near-silence by turns, beginning with noise."""
    rng = np.random.default_rng(0)
    levels = [0.2, 0.0005] * len(seconds)
    parts = zip(seconds, levels, strict=False)
    return np.concatenate([rng.normal(size=int(n * rate)) * level for n, level in parts])


def test_parts_end_inside_pauses_and_nothing_is_lost():
    samples = speech(1.5, 0.3, 1.1, 0.4, 1.6, 0.3, 0.7)
    parts = split_at_silences(samples, 80, 200)
    np.testing.assert_array_equal(np.concatenate(parts), samples)
    ends = np.cumsum([len(part) for part in parts])[:-1] / 8000
    assert len(ends) == 3
    for end, (low, high) in zip(ends, [(1.5, 1.8), (2.9, 3.3), (4.9, 5.2)], strict=True):
        assert low < end < high


def test_no_part_is_longer_than_allowed_without_a_pause():
    parts = split_at_silences(np.ones(8001), 80, 10)
    assert max(map(len, parts)) <= 800 and sum(map(len, parts)) == 8001
    assert len(split_at_silences(np.ones(800), 80, 10)) == 1
    assert [len(part) for part in split_at_silences(np.ones(240), 80, 1)] == [80, 80, 80]


def test_a_source_splits():
    source = AudioSource(8000, 20, 2.0, "split")
    assert source.splits
    parts = source.split(speech(1.5, 0.3, 1.1, 0.4))
    batch = source.batch(parts)
    assert source.lengths(batch).numpy().max() <= source.max_length
