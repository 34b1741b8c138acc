"""What a phone makes of a picture is what the graph of a SavedModel makes of it."""

import sys

import kseq2seq_runtime.pictures as host
import numpy as np
import pytest
import tensorflow as tf
from kseq2seq_runtime.picture_sources import ImageSource as HostImage
from kseq2seq_runtime.picture_sources import LineSource as HostLine

from kseq2seq.image import ImageSource, LineSource
from tests.image.pictures import ENCODED, PIXELS, encode

SOURCE, LINE = ImageSource(20, 30), LineSource(8, 60)
of_graph = tf.function(SOURCE.pixels, input_signature=[tf.TensorSpec([], tf.string)])
line_of_graph = tf.function(LINE.pixels, input_signature=[tf.TensorSpec([], tf.string)])


def alike(ours, theirs, most=1):
    """Equal, but where a sum in another order is rounded the other way."""
    difference = abs(ours.astype(int) - theirs.astype(int))
    assert difference.max() <= most and (difference > 0).mean() < (0.005 if most == 1 else 1)


@pytest.mark.parametrize("name", ENCODED)
def test_all_formats_are_read_alike(name):
    (raw,) = HostImage((1, 20, 30, 3), 12).several(ENCODED[name])
    ours = HostImage((1, 20, 30, 3), 12)(raw, "0")["pixels"][0]
    alike(ours, of_graph(tf.constant(ENCODED[name])).numpy(), 3 if "jpeg" in name else 1)


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (20, 30), (300, 200), (3, 20_000), (99, 100)])
def test_all_sizes_are_resized_alike(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype("uint8")
    alike(host.fitted(pixels, 20, 30), of_graph(tf.constant(encode(pixels))).numpy())


def test_lines_and_shades_of_gray_are_read_alike():
    pixels = np.random.default_rng(0).integers(0, 256, (21, 130, 4)).astype("uint8")
    source = HostLine((1, 8, 60, 1), cut=False)
    ours = source(encode(pixels), "0")
    theirs = LINE.feed(encode(pixels), 60)
    assert ours["source_length"].tolist() == theirs["source_length"].tolist() == [50]
    alike(ours["pixels"], theirs["pixels"])
    wide = np.zeros((8, 61), "uint8")
    with pytest.raises(ValueError, match="Line 3 has 61 columns"):
        source(wide, "3")
    assert HostLine((1, 8, 60, 1), cut=True)(wide, "0")["source_length"].tolist() == [60]


def test_arrays_and_paths_are_read_too(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(ENCODED["png"])
    source = HostImage((1, 20, 30, 3), 12)
    feeds = [source(raw, "0") for raw in source.several([path, str(path), PIXELS])]
    assert all((feed["pixels"] == feeds[0]["pixels"]).all() for feed in feeds)
    assert feeds[0]["source_length"].tolist() == [12]
    deep = np.full((2, 2), 1000, "uint16")
    assert host.decoded(deep, 1, "it").max() == host.decoded(encode(deep), 1, "it").max() == 3
    assert host.decoded(np.full((2, 2), 0.5), 1, "it").max() == 128
    assert source(b"", "0") is None


def test_what_is_no_picture_is_refused(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("no picture")
    source = HostImage((1, 20, 30, 3), 12)
    for raw, message in (
        (path, r"text\.png is damaged"),
        (ENCODED["jpeg"][:300], "Picture 2 is damaged"),
        (np.zeros((2, 2), "int32"), "Picture 2 must hold"),
        (np.zeros(3, "uint8"), "Picture 2 must have the shape"),
    ):
        with pytest.raises(ValueError, match=message):
            source(raw, "2")
    with pytest.raises(FileNotFoundError, match="missing"):
        source(str(tmp_path / "nowhere.png"), "2")
    with pytest.raises(TypeError, match="must be a path"):
        source(3, "2")


def test_without_pillow_a_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    source = HostImage((1, 20, 30, 3), 12)
    with pytest.raises(ImportError, match=r"kseq2seq-runtime\[image\]"):
        source(ENCODED["png"], "0")
    assert source(PIXELS, "0") is not None
