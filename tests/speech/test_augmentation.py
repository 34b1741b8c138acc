"""Recordings varied in training."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import resample_poly

from kseq2seq import data, text
from kseq2seq.speech import AudioSource, Augmentation
from kseq2seq.speech.augmentation import at_speed, slowed

SEED = tf.constant([3, 4], tf.int64)


@pytest.mark.parametrize(("speed", "up", "down"), [(0.9, 10, 9), (1.1, 10, 11), (1.25, 4, 5)])
def test_a_speed_resamples(speed, up, down):
    t = np.arange(3999)
    wave = (np.sin(0.3 * t) + np.sin(1.1 * t + 1)).astype("float32")
    ours = at_speed(tf.constant(wave[None]), speed)[0].numpy()
    theirs = resample_poly(wave, up, down)
    assert len(ours) == len(theirs) == slowed(3999, speed)
    inside = slice(200, -200)
    np.testing.assert_allclose(ours[inside], theirs[inside], atol=0.02)
    exact = np.sin(0.3 * np.arange(len(ours)) * speed) + np.sin(
        1.1 * np.arange(len(ours)) * speed + 1
    )
    np.testing.assert_allclose(ours[inside], exact[inside], atol=0.02)


def test_a_faster_recording_has_no_aliases():
    wave = np.sin(3.0 * np.arange(4000)).astype("float32")  # above half the new rate
    assert np.abs(at_speed(tf.constant(wave[None]), 1.25)[0, 50:-50]).max() < 0.02


def test_noise_has_the_ratio_that_was_drawn():
    rng = np.random.default_rng(0)
    values = tf.constant(rng.normal(size=(6, 8000)) * 0.1, tf.float32)
    items, speeds = tf.fill([6], 8000), tf.ones([6])
    noisy, counts = Augmentation((1.0,), 1.0, (20, 20)).samples(values, items, speeds, SEED)
    assert counts.numpy().tolist() == [8000] * 6
    ratio = np.var(values, axis=1) / np.var(noisy - values, axis=1)
    np.testing.assert_allclose(10 * np.log10(ratio), 20, atol=0.6)
    clean, _ = Augmentation((1.0,), 0.0).samples(values, items, speeds, SEED)
    np.testing.assert_array_equal(clean, values)


def test_masks_are_ranges_of_at_most_their_widths():
    ones, lengths = tf.ones([50, 100, 20]), tf.constant([100] * 25 + [20] * 25)
    plain = Augmentation(frequency_masks=1, frequency_width=0.25, time_masks=1, time_width=0.3)
    masked = plain.features(ones, lengths, SEED, 0.01).numpy()
    bands, rows = masked.max(axis=1) == 0, masked.max(axis=2) == 0
    for masks, most in ((bands, [5] * 50), (rows, [20] * 25 + [4] * 25)):
        widths = masks.sum(axis=1)
        assert (np.abs(np.diff(masks.astype(int), axis=1)).sum(axis=1) <= 2).all()  # one range
        assert (widths <= most).all() and len(set(widths.tolist())) > 3
    assert not rows[25:, 20:].any()  # what is masked is real
    unmasked = Augmentation(frequency_masks=0, time_masks=0).features(ones, lengths, SEED, 0.01)
    np.testing.assert_array_equal(unmasked, ones)


@pytest.fixture(scope="module")
def corpus():
    source = AudioSource(8000, 20, 0.5)
    rng = np.random.default_rng(0)
    raws = [0.1 * rng.normal(size=length) for length in rng.integers(1600, 4000, size=24)]
    letters = "abcdefghijklmnopqrstuvwxyz"
    examples = [data.Example(raw, letters[n], str(n)) for n, raw in enumerate(raws)]
    return data.Corpus.write(examples, source=source)


def batches(corpus, source, seed=1):
    target = text.TextTarget(text.CharacterTokenizer("abcdefghijklmnopqrstuvwxyz"), 4)
    return data.train_batches(corpus, source, target, buckets=[(50, 4)], seed=seed, batch_size=8)


def seen(iterator, count):
    return [next(iterator) for _ in range(count)]


def test_draws_follow_the_seed_and_resume(corpus):
    source = AudioSource(8000, 20, 0.5, augmentation=Augmentation(time_masks=0))
    iterator = iter(batches(corpus, source))
    first = seen(iterator, 3)
    checkpoint = tf.train.Checkpoint(iterator=iterator)
    saved = checkpoint.write(f"{corpus.path}-iterator")
    later = seen(iterator, 4)

    again = iter(batches(corpus, source))
    for (one, labels), (other, same) in zip(first, seen(again, 3), strict=True):
        np.testing.assert_array_equal(labels, same)
        np.testing.assert_array_equal(one["source"], other["source"])
    tf.train.Checkpoint(iterator=again).read(saved)
    for (one, _), (other, _) in zip(later, seen(again, 4), strict=True):
        np.testing.assert_array_equal(one["source"], other["source"])

    # an epoch is three batches: the same recordings come back otherwise
    def lengths(several):
        rows = {}
        for inputs, labels in several:
            real = inputs["source_mask"].numpy().astype(int).sum(axis=1)
            rows |= dict(zip(labels.numpy()[:, 0].tolist(), real.tolist(), strict=True))
        return rows

    one, two = lengths(first), lengths(later[:3])
    assert one.keys() == two.keys() and len(one) == 24
    assert sum(one[key] != two[key] for key in one) > 8
    assert max(*one.values(), *two.values()) <= 50


def test_evaluation_draws_nothing():
    plain = AudioSource(8000, 20, 0.5)
    varied = AudioSource(8000, 20, 0.5, augmentation=Augmentation())
    packed = [plain.pack(0.1 * np.random.default_rng(0).normal(size=3000))]
    for training in (False, True):
        one, other = (
            source.assemble(source.prepare(packed, 50)[0], 2, 50, training)
            for source in (plain, varied)
        )
        np.testing.assert_array_equal(one["source"], other["source"])


def test_it_is_saved_with_the_source(tmp_path):
    source = AudioSource(8000, 20, 0.5, augmentation=Augmentation((1.0, 1.2), noise=(5, 6)))
    source.save(tmp_path)
    assert AudioSource.load(tmp_path).augmentation == source.augmentation


@pytest.mark.parametrize(
    "arguments",
    [{"speeds": ()}, {"speeds": (3,)}, {"noise": (5, 1)}, {"noisy": 2}, {"time_masks": -1}],
)
def test_settings_that_make_no_sense_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        Augmentation(**arguments)
