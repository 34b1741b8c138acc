import numpy as np
import pytest
from kseq2seq_runtime.picture_sources import LineSource as HostLine

from kseq2seq.image import ImageSource, LineSource, pixels
from kseq2seq.image.reading import encoded
from tests.image.pictures import ENCODED, PIXELS, encode

SOURCE = ImageSource(8)


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (np.full((2, 3), 7, "uint8"), 7),
        (np.full((2, 3, 1), 257 * 7 + 3, "uint16"), 7),
        (np.full((2, 3, 3), True), 255),
        (np.full((2, 3), 0.5, "float32"), 128),
    ],
)
def test_arrays_become_eight_bits(array, value):
    source = ImageSource(2, 3)
    pixels = source.pixels(source.read(array)).numpy()
    assert pixels.tolist() == np.full((2, 3, 3), value).tolist()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3, 5), "uint8"), "shape"),
        (np.zeros((0, 3), "uint8"), "at least one pixel"),
        (np.zeros((2, 3), "int32"), "got int32 from 0 to 0"),
        (np.full((2, 3), 1.5), "from 1.5 to 1.5"),
        (np.full((2, 3), np.nan), "from nan"),
    ],
)
def test_other_arrays_are_refused(array, message):
    with pytest.raises(ValueError, match=message):
        encoded(array)


def test_what_is_no_picture_is_refused_by_the_name_of_its_file(tmp_path):
    (tmp_path / "text.png").write_text("once upon a time, there was no picture at all")
    (tmp_path / "empty.png").write_bytes(b"")
    for name, kind in ENCODED.items():
        if not name.endswith("bmp") and name != "one bit png":  # the others are checked below
            (tmp_path / f"{name}.cut").write_bytes(kind[: len(kind) // 2])
    (tmp_path / "bmp.cut").write_bytes(ENCODED["bmp"][:-9])
    for path in tmp_path.iterdir():
        with pytest.raises(ValueError, match=path.name):
            SOURCE.read(path)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png is missing"):
        SOURCE.read(tmp_path / "nowhere.png")
    with pytest.raises(FileNotFoundError, match="is no file"):
        SOURCE.read(str(tmp_path))
    with pytest.raises(TypeError, match="must be a path, the bytes"):
        SOURCE.read(3)


def test_messages_say_nothing_of_graphs(tmp_path):
    path = tmp_path / "a.png"
    for content, why in (
        (b"text", "Unknown image file format"),
        (ENCODED["jpeg"][:300], "Invalid JPEG data"),
        (encode(PIXELS, "BMP", "1"), r"\(a BMP must have 8, 24 or 32 bits .* PNG\)\.$"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=why) as error:
            SOURCE.read(path)
        said = str(error.value)
        assert "PNG, JPEG, WebP, BMP and GIF" in said and "\n" not in said
        assert not any(of_graph in said for of_graph in ("{{", "Op:", "Graph", "Detected"))


def test_pictures_with_too_many_pixels_are_refused_before_they_are_resized(monkeypatch):
    monkeypatch.setattr(pixels, "MOST_PIXELS", 100)
    with pytest.raises(ValueError, match="more than 100 pixels"):
        ImageSource(8).read(encode(PIXELS))


def test_flat_lines_are_refused_before_they_fill_memory():
    with pytest.raises(ValueError, match="more than 131,072 columns at a height of 32"):
        LineSource(32, 100, too_long="cut").read(np.zeros((1, 5_000), "uint8"))
    with pytest.raises(ValueError, match="limit is 131,072"):
        HostLine((1, 32, 100, 1), cut=True)(np.zeros((1, 5_000), "uint8"), "0")


def test_several_pictures_are_numbered():
    with pytest.raises(ValueError, match="Picture 1: the picture is damaged"):
        SOURCE.several([encode(PIXELS), b"text"])
