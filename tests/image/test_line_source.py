import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.contracts import Source
from kseq2seq.data import Corpus, Example, survey, train_batches
from kseq2seq.image import LineSource
from kseq2seq.text import TextTarget, WordTokenizer
from tests.image.pictures import encode

TARGET = TextTarget(WordTokenizer(["red", "blue"]), 4)


def line(height, width, shade=0):
    return np.full((height, width), shade, "uint8")


def test_lines_are_as_wide_as_they_are_long_and_padded_with_paper():
    source = LineSource(8, 40)
    raws = source.batch(source.several([line(16, 60), line(8, 10), line(4, 1, 51)]))
    assert source.lengths(raws).numpy().tolist() == [30, 10, 2]
    inputs = source(raws)
    assert inputs["source"].shape == (3, 30, 8, 1)
    assert inputs["source_mask"].numpy().sum(axis=1).tolist() == [30, 10, 2]
    ink = inputs["source"].numpy()
    assert (ink[1, :10] == 1).all() and (ink[1, 10:] == 0).all()
    assert ink[2, :2] == pytest.approx(0.8)


def test_lengths_of_other_formats_are_those_of_what_was_read():
    source = LineSource(8, 40)
    contents = [encode(line(16, 31), "JPEG"), encode(line(7, 30)), encode(line(8, 9)), b""]
    lengths = source.lengths(tf.constant(contents)).numpy().tolist()
    assert lengths == [16, 34, 9, 0]
    read = source.batch(source.several(contents[:3]))
    assert source.lengths(read).numpy().tolist() == lengths[:3]
    direct, of_read = source(tf.constant(contents)), source(read)
    assert (direct["source"][:3] == of_read["source"]).numpy().all()


def test_too_long_lines_are_cut_or_refused():
    raw = LineSource(8, 40).read(line(8, 90))
    cut = LineSource(8, 40, too_long="cut")
    assert cut(cut.batch([raw]))["source"].shape == (1, 40, 8, 1)
    assert cut.lengths(cut.batch([raw])).numpy().tolist() == [90]
    assert LineSource(8, 40)(cut.batch([raw]))["source"].shape == (1, 90, 8, 1)


def test_batches_of_lines():
    source = LineSource(8, 40)
    examples = [Example(line(8, width), "red", str(width)) for width in (5, 20, 39, 41)]
    corpus = Corpus.write(examples, source=source)
    counts = survey(corpus, source, TARGET)
    assert (counts.kept, counts.too_long) == (3, 1)
    batches = train_batches(corpus, source, TARGET, buckets=[(40, 4)], seed=0, batch_size=3)
    inputs, _ = next(iter(batches))
    assert inputs["source"].shape == (3, 40, 8, 1)
    assert sorted(inputs["source_mask"].numpy().sum(axis=1).tolist()) == [5, 20, 39]


def test_a_host_gives_pixels_as_they_are():
    source = LineSource(8, 40, channels=3)
    specs, inputs = source.fixed(32)
    feed = source.feed(line(16, 30), 32)
    assert feed["pixels"].shape == tuple(specs["pixels"].shape) == (1, 8, 32, 3)
    of_host = inputs(**{name: tf.constant(array) for name, array in feed.items()})
    direct = source(source.batch([source.read(line(16, 30))]))
    assert (of_host["source"][:, :15] == direct["source"]).numpy().all()
    assert (of_host["source"][:, 15:] == 0).numpy().all()
    assert of_host["source_mask"].numpy().sum() == 15


def test_it_is_saved(tmp_path):
    source = LineSource(8, 40, "cut", 3)
    source.save(tmp_path)
    again = Source.load(tmp_path)
    assert isinstance(again, LineSource) and again.config() == source.config()
