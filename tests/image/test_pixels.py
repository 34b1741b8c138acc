import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kseq2seq.image.pixels import decode, fitted, of_height
from tests.image.pictures import ENCODED, PIXELS, colors, encode

decode_colors = tf.function(lambda content: decode(content, 3))
fit = tf.function(
    lambda pixels: fitted(pixels, 20, 30),
    input_signature=[tf.TensorSpec([None, None, None], tf.uint8)],
)


@pytest.mark.parametrize("name", ENCODED)
def test_all_formats_are_decoded_as_pillow_does(name):
    pixels = decode_colors(tf.constant(ENCODED[name])).numpy()
    assert pixels.shape == PIXELS.shape
    most = 2 if "jpeg" in name or name == "webp" else 0
    assert abs(pixels.astype(int) - colors(ENCODED[name])).max() <= most


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_what_is_transparent_shows_white(format):
    alpha = np.zeros((*PIXELS.shape[:2], 1), "uint8")
    alpha[:12], alpha[12:16] = 255, 128
    content = encode(np.concatenate([PIXELS, alpha], axis=2), format, **_lossless(format))
    pixels = decode_colors(tf.constant(content)).numpy().astype(int)
    half = PIXELS[12:16] * (128 / 255) + 255 * (127 / 255)
    assert (pixels[:12] == PIXELS[:12]).all() and (pixels[16:] == 255).all()
    assert abs(pixels[12:16] - half).max() <= 0.5 + 1e-3


def _lossless(format):
    return {"lossless": True, "exact": True} if format == "WEBP" else {}


def test_gray_with_alpha_and_sixteen_bits():
    gray = np.stack([np.full((2, 2), 40, "uint8"), np.full((2, 2), 0, "uint8")], axis=2)
    content = encode(Image.fromarray(gray, "LA"))
    assert decode_colors(tf.constant(content)).numpy().tolist() == np.full((2, 2, 3), 255).tolist()
    deep = encode(np.full((2, 2), 200 * 257, "uint16"))
    assert decode_colors(tf.constant(deep)).numpy().tolist() == np.full((2, 2, 3), 200).tolist()


def test_the_empty_string_is_a_white_pixel_and_gray_is_weighed():
    assert decode_colors(tf.constant(b"")).numpy().tolist() == [[[255, 255, 255]]]
    gray = decode(tf.constant(ENCODED["png"]), 1).numpy()[..., 0].astype(int)
    assert abs(gray - np.asarray(Image.fromarray(PIXELS).convert("L")).astype(int)).max() <= 1


def test_resizing_keeps_proportions_and_everything_in_the_frame():
    pixels = fit(np.zeros((10, 40, 3), "uint8")).numpy()
    rows = np.flatnonzero((pixels == 0).all(axis=(1, 2)))
    assert rows.tolist() == list(range(6, 14))  # 30 / 40 of 10, halves upward, in the middle
    assert (pixels[:6] == 255).all() and (pixels[14:] == 255).all()
    pixels = fit(np.zeros((500, 2, 3), "uint8")).numpy()  # would have less than a pixel
    assert (pixels == 0).all(axis=2).sum(axis=1).tolist() == [1] * 20


@pytest.mark.parametrize("shape", [(1, 1), (3, 20_000), (20_000, 3), (20, 30), (7, 5)])
def test_pictures_of_any_size_fit(shape):
    pixels = fit(np.full((*shape, 3), 90, "uint8")).numpy()
    assert pixels.shape == (20, 30, 3) and set(np.unique(pixels)) <= {90, 255}
    assert (pixels == 90).any()


def test_resizing_to_the_same_size_changes_nothing():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype("uint8")
    assert (fit(pixels).numpy() == pixels).all()


def test_shrinking_takes_all_pixels_into_account():
    """Pillow's triangle filter has the same weights, in whole numbers."""
    large = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype("uint8")
    ours = fit(large).numpy().astype(int)
    theirs = np.asarray(Image.fromarray(large).resize((30, 20), Image.BILINEAR)).astype(int)
    assert abs(ours - theirs).max() <= 1


def test_lines_have_the_width_of_their_proportions():
    assert of_height(tf.zeros((10, 35, 1), tf.uint8), 4).shape == (4, 14, 1)
    assert of_height(tf.zeros((100, 2, 1), tf.uint8), 4).shape == (4, 1, 1)
