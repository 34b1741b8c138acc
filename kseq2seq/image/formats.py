"""Encoded pictures as pixels: what TensorFlow's decoders leave to do, format by format.

As they are, they show the numbers of a BMP's palette in place of its colors, take what fills up its
pixels for transparency, overlook the transparent color of a PNG without an alpha channel, show that
of a GIF black, and write beyond their memory in animated WebP files that declare no alpha.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

WHITE = 255
_HEAD = 70  # bytes, as far as the fields that are read below
_LEAST_BMP = 40  # bytes of the second header, without which it is of another kind
_MASKS = (0x00FF0000, 0x0000FF00, 0x000000FF)  # of red, green and blue in 32 bits
_ANIMATED, _ALPHA = 2, 16  # flags of a WebP
_MOST_GIF = 2**16  # bytes before the first frame of a GIF that are looked at
_EXTENSION, _CONTROL = 0x21, 0xF9  # how blocks of a GIF begin


def pixels_of(content: tf.Tensor) -> tf.Tensor:
    """Returns uint8 (h, w, 1 to 4), of which the last of 2 or 4 channels is alpha; in graph.

    Args:
        content: a scalar string: PNG, JPEG, WebP, BMP or GIF. The empty string is one white pixel.
    """
    head = tf.strings.substr(content + _HEAD * b"\0", 0, _HEAD)
    # Of corpora come PNG that begin with their pixels, where no color can stand for alpha.
    plain = tf.strings.substr(head, 0, 4) == b"\x89PNG"
    plain &= tf.strings.substr(head, 37, 4) == b"IDAT"
    jpeg = tf.strings.substr(head, 0, 3) == b"\xff\xd8\xff"
    kind = tf.where(tf.strings.length(content) == 0, 0, tf.where(jpeg, 1, tf.where(plain, 2, 3)))
    decoders = [
        lambda: tf.constant(WHITE, tf.uint8, [1, 1, 1]),
        lambda: tf.io.decode_jpeg(content, 0, dct_method="INTEGER_ACCURATE"),  # as others do
        lambda: tf.io.decode_png(content, 0),
        lambda: _other(content),
    ]
    return tf.ensure_shape(tf.switch_case(kind, decoders), [None, None, None])


# Traced once for all graphs, and a single operation in them, which costs nothing if it is not run.
@tf.function(
    input_signature=[tf.TensorSpec([], tf.string)], experimental_attributes={"_noinline": True}
)
def _other(content: tf.Tensor) -> tf.Tensor:
    """The pixels of all but JPEG and plain PNG."""
    head = tf.strings.substr(content + _HEAD * b"\0", 0, _HEAD)
    begins = [(b"\x89PNG", 0), (b"BM", 0), (b"WEBPVP8X", 8), (b"GIF8", 0)]
    found = [tf.strings.substr(head, at, len(mark)) == mark for mark, at in begins]
    kind = sum(tf.cast(is_it, tf.int32) * (1 + index) for index, is_it in enumerate(found))
    decoders = [
        lambda: _any(content),  # simple WebP, or no picture
        lambda: _png(content, head),
        lambda: _bmp(content, head),
        lambda: _any(_declaring_alpha(content, head)),
        lambda: _any(_opaque(content)),
    ]
    return tf.ensure_shape(tf.switch_case(kind, decoders), [None, None, None])


def _any(content: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_image(content, 0, tf.uint8, expand_animations=False)


def _png(content: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
    """A PNG; asked for alpha where a color may stand for it, which few bits a pixel don't bear."""
    depth, kind = _number(head, 24, 1), _number(head, 25, 1)
    keyed = (depth >= 8) & ((kind == 0) | (kind == 2))
    return tf.cond(
        keyed, lambda: tf.io.decode_png(content, 4), lambda: tf.io.decode_png(content, 0)
    )


def _number(head: tf.Tensor, at: int, size: int = 4) -> tf.Tensor:
    """The whole number at some byte, int64; the lowest byte comes first."""
    taken = tf.cast(tf.io.decode_raw(tf.strings.substr(head, at, size), tf.uint8), tf.int64)
    return tf.reduce_sum(taken * [256**place for place in range(size)])


def _declaring_alpha(content: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
    """An animated WebP that says it has alpha: it is decoded to four channels in any case."""
    flags = tf.cast(_number(head, 20, 1), tf.int32) % 64  # the others are reserved
    declared = tf.strings.unicode_encode(tf.bitwise.bitwise_or(flags, _ALPHA)[None], "UTF-8")
    left = tf.maximum(tf.strings.length(content) - 21, 0)
    rest = tf.strings.substr(content + _HEAD * b"\0", 21, left)
    animated = tf.bitwise.bitwise_and(flags, _ANIMATED) > 0
    return tf.where(animated, tf.strings.substr(head, 0, 20) + declared + rest, content)


def _opaque(content: tf.Tensor) -> tf.Tensor:
    """A GIF whose first frame shows white where it was transparent."""
    numbers = tf.io.decode_raw(tf.strings.substr(content, 0, _MOST_GIF) + _HEAD * b"\0", tf.uint8)
    numbers = tf.cast(numbers, tf.int32)
    last = tf.size(numbers) - 8
    colors = tf.where(numbers[10] >= 128, 3 * 2 ** (numbers[10] % 8 + 1), 0)

    # Skip the extensions, each a row of blocks that ends in an empty one, before that of the frame.
    def before(at: tf.Tensor, inside: tf.Tensor) -> tf.Tensor:
        other = (numbers[at] == _EXTENSION) & (numbers[at + 1] != _CONTROL)
        return (at < last) & (inside | other)

    def skip(at: tf.Tensor, inside: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        size = tf.where(inside, numbers[at], 1)
        return tf.minimum(at + 1 + size, last), size > 0

    at, _ = tf.while_loop(before, skip, (tf.minimum(13 + colors, last), tf.constant(False)))
    has = (numbers[at] == _EXTENSION) & (numbers[at + 1] == _CONTROL) & (numbers[at + 3] % 2 == 1)
    place = 13 + 3 * numbers[at + 6]  # of the transparent color in the table
    has &= place < 13 + colors

    def painted() -> tf.Tensor:
        between = tf.strings.substr(content, place + 3, at - place)
        rest = tf.strings.substr(content, at + 4, tf.strings.length(content) - at - 4)
        whole = [tf.strings.substr(content, 0, place), b"\xff\xff\xff", between, b"\0", rest]
        return tf.strings.join(whole)

    return tf.cond(has, painted, lambda: content)


def _bmp(content: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
    """A BMP of 8, 24 or 32 bits that is not compressed; alpha only where a mask says so."""
    size, bits, packed = _number(head, 14), _number(head, 28, 2), _number(head, 30)
    masked = (packed == 3) & (bits == 32)
    usual = tf.reduce_all([_number(head, 54 + 4 * n) == mask for n, mask in enumerate(_MASKS)])
    known = (size >= _LEAST_BMP) & (size <= 256) & ((bits == 8) | (bits == 24) | (bits == 32))
    known &= (packed == 0) | (masked & usual)
    said = "a BMP must have 8, 24 or 32 bits and no compression; save it as PNG"
    # With an Assert inside of a case, the place in a data set could not be saved; this fails, too.
    zero = tf.strings.to_number(tf.where(known, "0", said), tf.int32)
    pixels = tf.io.decode_bmp(tf.strings.substr(content, zero, tf.strings.length(content)))
    has_alpha = masked & (size >= 56) & (_number(head, 66) > 0)

    def colored() -> tf.Tensor:
        table = tf.strings.substr(content + 1024 * b"\0", tf.cast(14 + size, tf.int32), 1024)
        colors = tf.reshape(tf.io.decode_raw(table, tf.uint8), [256, 4])[:, 2::-1]
        return tf.gather(colors, tf.cast(pixels[..., 0], tf.int32))

    def plain() -> tf.Tensor:
        return tf.cond(has_alpha, lambda: pixels, lambda: pixels[..., :3])

    return tf.cond(bits == 8, colored, plain)


def on_white(pixels: tf.Tensor) -> tf.Tensor:
    """Returns uint8 (h, w, 1 or 3) of pixels in which the last of 2 or 4 channels is alpha.

    Args:
        pixels: uint8 (h, w, 1 to 4).
    """

    def mixed() -> tf.Tensor:
        numbers = tf.cast(pixels, tf.float32)
        alpha = numbers[..., -1:] / WHITE
        return rounded(numbers[..., :-1] * alpha + WHITE * (1 - alpha))

    def without() -> tf.Tensor:
        opaque = tf.reduce_all(pixels[..., -1] == WHITE)
        return tf.cond(opaque, lambda: pixels[..., :-1], mixed)

    return tf.cond(tf.shape(pixels)[2] % 2 == 0, without, lambda: pixels)


def rounded(numbers: Any) -> tf.Tensor:
    """Returns numbers as uint8, halves upward.

    Example:
        >>> import tensorflow as tf
        >>> from kseq2seq.image.formats import rounded
        >>> rounded(tf.constant([0.4, 0.5, 300.0])).numpy().tolist()
        [0, 1, 255]
    """
    return tf.cast(tf.clip_by_value(tf.floor(numbers + 0.5), 0, WHITE), tf.uint8)
