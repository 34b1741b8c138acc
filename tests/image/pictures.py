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
    """What Pillow makes of encoded bytes."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def animation(format):
    others = [Image.fromarray(255 - PIXELS)] * 2
    return encode(PIXELS, format, save_all=True, append_images=others)


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
}
