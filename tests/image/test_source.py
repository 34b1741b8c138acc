import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.contracts import Source
from kseq2seq.data import Corpus, Example, Pair, survey, train_batches
from kseq2seq.image import Augmentation, ImageSource
from kseq2seq.text import TextTarget, WordTokenizer
from tests.image.pictures import ENCODED, PIXELS, encode

TARGET = TextTarget(WordTokenizer(["red", "blue"]), 4)


def test_pictures_of_all_sizes_make_one_batch():
    source = ImageSource(16, 24)
    raws = source.batch(source.several([PIXELS, ENCODED["jpeg"], np.zeros((1, 1), "uint8")]))
    inputs = source(raws)
    assert inputs["source"].shape == (3, 16, 24, 3)
    assert float(inputs["source"][2, 8, 12, 0]) == -1  # black
    assert float(inputs["source"][2, 8, 0, 0]) == 1  # white, at the sides
    assert source.lengths(raws).numpy().tolist() == [6, 6, 6] == 3 * [source.max_length]


def test_encoded_bytes_of_any_size_give_what_a_read_picture_gives():
    source = ImageSource(16)
    contents = [*ENCODED.values(), encode(np.zeros((300, 40, 3), "uint8"))]
    graph = tf.function(source, input_signature=[source.raw])
    direct = graph(tf.constant(contents))["source"]
    read = graph(source.batch(source.several(contents)))["source"]
    assert (direct == read).numpy().all()
    again = source.several(source.several(contents))
    assert again == source.several(contents)


def test_an_empty_string_holds_nothing():
    source = ImageSource(16)
    raws = tf.constant([b"", source.read(PIXELS)])
    lengths = source.lengths(raws)
    assert lengths.numpy().tolist() == [0, 4]
    assert source.empty(raws, lengths).numpy().tolist() == [True, False]
    assert source(raws)["source"].shape == (2, 16, 16, 3)
    assert source(tf.zeros([0], tf.string))["source"].shape == (0, 16, 16, 3)


def test_scaling_is_by_channel():
    source = ImageSource(2, channels=3, mean=[0, 100, 200], deviation=2)
    raws = source.batch([source.read(np.full((2, 2, 3), 100, "uint8"))])
    assert source(raws)["source"][0, 0, 0].numpy().tolist() == [50, 0, -50]
    for wrong in ({"mean": [1, 2]}, {"deviation": 0}, {"channels": 4}, {"height": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ImageSource(**{"height": 2, **wrong})


def test_augmentation_is_for_training_alone():
    source = ImageSource(24, 36, augmentation=Augmentation())
    raws = source.batch([source.read(PIXELS)])
    plain, varied = source(raws)["source"], source(raws, training=True)["source"]
    assert (plain == ImageSource(24, 36)(raws)["source"]).numpy().all()
    assert plain.shape == varied.shape and not (plain == varied).numpy().all()
    raws = source.batch([source.read(PIXELS), source.read(255 - PIXELS)])
    draws = [
        source(batch, training=True)["source"].numpy()
        for batch in (raws, raws, raws[::-1], tf.repeat(raws, 2))
    ]
    assert (draws[0] == draws[1]).all()  # of the same batch
    assert not (draws[0] == draws[2][::-1]).all()  # in another order
    assert not (draws[3][0] == draws[3][1]).all()  # each picture has its own


def test_it_is_saved(tmp_path):
    source = ImageSource(16, 8, 1, mean=3.0, deviation=[2.0], augmentation={"flip": True})
    source.save(tmp_path)
    again = Source.load(tmp_path)
    assert isinstance(again, ImageSource) and again.config() == source.config()
    assert again.augmentation == Augmentation(flip=True)


def test_a_bad_file_in_a_corpus_is_named_and_counted(tmp_path):
    source = ImageSource(16)
    (tmp_path / "good.png").write_bytes(ENCODED["png"])
    (tmp_path / "bad.png").write_text("no picture")
    examples = [
        Example(str(tmp_path / "good.png"), "red", "1"),
        Example(str(tmp_path / "bad.png"), "red", "2"),
        Example(str(tmp_path / "lost.png"), "red", "3"),
        Example(PIXELS, "blue", "4"),
    ]
    with pytest.raises(ValueError, match=r"example 1: .*bad\.png"):
        Corpus.write(examples, source=source)
    with pytest.warns(UserWarning, match=r"2 of 4 examples left out(.|\n)*bad\.png(.|\n)*lost"):
        corpus = Corpus.write(examples, source=source, errors="skip")
    counts = survey(corpus, source, TARGET)
    assert counts.kept == 2 and counts.units == ("cells", "tokens")
    batches = train_batches(corpus, source, TARGET, buckets=[(4, 4)], seed=0, batch_size=3)
    inputs, labels = next(iter(batches))
    assert inputs["source"].shape == (3, 16, 16, 3) and labels.shape == (3, 4)
    assert "source_mask" not in inputs


def test_a_corpus_keeps_small_pictures_not_numbers(tmp_path):
    source = ImageSource(16)
    large = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3)).astype("uint8")
    corpus = Corpus.write([Example(large, "red", "1")], source=source)
    assert corpus.path.stat().st_size < 16 * 16 * 3 + 200
    (example,) = corpus
    assert source.pixels(example.source).shape == (16, 16, 3)


def test_texts_and_pictures_are_not_taken_for_each_other():
    source = ImageSource(16)
    with Corpus.write([Pair("red", "red", "1")]) as texts, pytest.raises(ValueError, match="texts"):
        survey(texts, source, TARGET)


def test_a_host_gives_pixels_as_they_are():
    source = ImageSource(16)
    specs, inputs = source.fixed(source.max_length)
    feed = source.feed(PIXELS, source.max_length)
    assert {name: array.shape for name, array in feed.items()} == {
        name: tuple(spec.shape) for name, spec in specs.items()
    }
    of_host = inputs(**{name: tf.constant(array) for name, array in feed.items()})
    assert (
        (of_host["source"] == source(source.batch([source.read(PIXELS)]))["source"]).numpy().all()
    )
