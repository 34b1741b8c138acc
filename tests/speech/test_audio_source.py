"""Recordings as a source."""

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.contracts import Source
from kseq2seq.speech import AudioSource


def tone(length, rate=8000, level=0.3):
    return (level * np.sin(np.arange(length) * 2 * np.pi * 440 / rate)).astype("float32")


def made(source, raws):
    return {name: value.numpy() for name, value in source(source.batch(raws)).items()}


def test_samples_are_kept_as_16_bits_hold_them():
    source = AudioSource(8000, 20, 5)
    raw = source.read(tone(1234))
    for again in (source.restore(source.pack(raw)), source.read(raw)):
        np.testing.assert_array_equal(again, raw)
    np.testing.assert_array_equal(source.batch([raw])["values"][0], raw)
    whole = np.array([-32768, 0, 32767], "int16")
    np.testing.assert_array_equal(source.read(whole) * 32768, whole)
    assert len(source.pack(raw)) == 2 * 1234


def test_louder_than_full_scale_is_scaled_down():
    source = AudioSource(8000, 20, 5)
    raw = source.read(np.array([0, 8000.0, -16000]))
    np.testing.assert_allclose(raw, [0, 0.5, -1], atol=1e-4)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (np.zeros((10, 2)), r"the recording must have the shape \(length\)"),
        (np.array([0.1, np.nan]), "NaN or infinities"),
        ("nowhere.wav", r"nowhere\.wav is missing"),
        (np.array(["a"]), "must hold numbers"),
    ],
)
def test_what_is_no_recording_is_refused(raw, said):
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        AudioSource(8000, 20, 5).read(raw)


def test_silence_and_clicks_hold_nothing():
    source = AudioSource(8000, 20, 5)
    offset = np.full(8000, 0.25, "float32")
    short = np.zeros(8000, "float32")
    short[3000:3240] = tone(240)
    word = np.zeros(8000, "float32")
    word[3000:3800] = tone(800)
    raws = [offset, tone(8000, level=5e-4), np.array([0.9]), short, word, tone(8000), np.zeros(0)]
    batch = source.batch(raws)
    empty = source.empty(batch, source.lengths(batch)).numpy().tolist()
    assert empty == [True, True, True, True, False, False, True]


def test_padding_and_neighbors_change_nothing():
    source = AudioSource(8000, 20, 5)
    noise = 0.1 * np.random.default_rng(0).normal(size=16000)
    alone, together = made(source, [noise[:4000]]), made(source, [noise[:4000], noise])
    np.testing.assert_allclose(together["source"][0, :50], alone["source"][0], atol=1e-4)
    assert not together["source"][0, 50:].any()
    assert together["source_mask"].sum(axis=1).tolist() == [50, 200]


def test_a_file_of_fixed_sizes_computes_the_same():
    source = AudioSource(8000, 20, 1)
    raw = source.read(tone(5000))
    specs, inputs = source.fixed(100)
    fed = source.feed(raw, 100)
    assert {name: tuple(spec.shape) for name, spec in specs.items()} == {
        "values": (1, 8000),
        "source_length": (1,),
    }
    fixed = inputs(**{name: tf.constant(value) for name, value in fed.items()})
    expected = made(source, [raw])
    np.testing.assert_allclose(fixed["source"][:, :63], expected["source"], atol=1e-4)
    assert int(tf.reduce_sum(tf.cast(fixed["source_mask"], tf.int32))) == 63


def test_it_is_saved_and_loaded(tmp_path):
    source = AudioSource(11025, 30, 2.5, "cut", silence=-50)
    source.save(tmp_path)
    loaded = Source.load(tmp_path)
    assert isinstance(loaded, AudioSource) and loaded.config() == source.config()
    assert loaded.max_length == source.max_length


def test_messages_have_seconds():
    source = AudioSource(8000, 20, 5)
    assert source.counted(1234) == "1234 frames of 10 ms (12.34 s)"
    assert source.labels({"source_mask": np.array([[1, 1, 0]])}) == [["0.00", "0.01"]]


@pytest.mark.parametrize(
    "arguments", [{"rate": 3999}, {"mels": 500}, {"max_seconds": 0}, {"too_long": "none"}]
)
def test_settings_that_make_no_sense_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        AudioSource(**{"rate": 8000, "mels": 20, **arguments})
