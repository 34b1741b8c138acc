"""Pictures in all formats, made by Pillow."""

import io

import numpy as np
from PIL import Image

RNG = np.random.default_rng(0)
PIXELS = np.kron(RNG.integers(0, 256, (6, 9, 3)), np.ones((4, 4, 1))).astype("uint8")  # 24 x 36


def encode(picture, format="PNG", mode=None, **options):
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    content = io.BytesIO()
    (image.convert(mode) if mode else image).save(content, format, **options)
    return content.getvalue()


def colors(content):
    """What Pillow makes of encoded bytes, on white."""
    picture = Image.open(io.BytesIO(content)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB"))


def animation(format, picture=PIXELS, **options):
    others = [Image.fromarray(255 - PIXELS)] * 2
    return encode(picture, format, save_all=True, append_images=others, **options)


def keyed(format, mode, **options):
    """A picture of which the color of the first pixel is transparent."""
    picture = Image.fromarray(PIXELS).convert(mode)
    first = picture.getpixel((0, 0))
    return encode(picture, format, transparency=first, **options)


ENCODED = {
    "png": encode(PIXELS),
    "gray png": encode(PIXELS, mode="L"),
    "one bit png": encode(PIXELS, mode="1"),
    "palette png": encode(PIXELS, mode="P"),
    "jpeg": encode(PIXELS, "JPEG"),
    "gray jpeg": encode(PIXELS, "JPEG", "L"),
    "cmyk jpeg": encode(PIXELS, "JPEG", "CMYK"),
    "webp": encode(PIXELS, "WEBP"),
    "bmp": encode(PIXELS, "BMP"),
    "gif": encode(PIXELS, "GIF", "P"),
    "animated gif": animation("GIF"),
    "keyed png": keyed("PNG", "RGB"),
    "keyed gray png": keyed("PNG", "L"),
    "keyed gif": keyed("GIF", "P", save_all=True, loop=0, comment=300 * b"x"),
    "palette bmp": encode(PIXELS, "BMP", "P"),
    "32 bit bmp": encode(np.concatenate([PIXELS, 0 * PIXELS[..., :1]], axis=2), "BMP"),
    "lossless webp": encode(PIXELS, "WEBP", lossless=True),
    "animated webp": animation("WEBP", lossless=True),
}
