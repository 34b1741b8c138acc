"""Pictures of lines of text, as paper, cameras and screens make them: skewed, blurred, noisy."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

REFERENCE = "Hxgp"  # a line is as high as these letters at least
SIZES = (18, 44)  # pixels of a font
MOST_SHEAR, MOST_TURN = 0.18, 0.012  # a share of the height; of the width
STRETCH = (0.85, 1.15)
MOST_MARGIN = 0.25  # a share of the height
LEAST_CONTRAST = 70  # between the shades of ink and paper
BLUR, NOISE = (0.0, 0.035), (0.0, 16.0)  # shares of the height; shades
JPEG = (25, 90)  # qualities
_SHADES = np.array([0.299, 0.587, 0.114])


def render(text: str, face: Any, rng: np.random.Generator) -> np.ndarray:
    """Returns a picture of a line of text, uint8 (H, W, 3), drawn in a font and then worn.

    Size, margins, slant, skew, width, colors (one in eight is light on dark), light, blur, noise
    and traces of JPEG are random.

    Args:
        text: of one line.
        face: a `Face` that has all its characters, or whatever has `sized`.
        rng: draws all of it.
    """
    from PIL import Image, ImageDraw  # optional

    shear = rng.uniform(-MOST_SHEAR, MOST_SHEAR) * (rng.random() < 0.5)
    turn = rng.uniform(-MOST_TURN, MOST_TURN) * (rng.random() < 0.5)
    stretch = rng.uniform(*STRETCH)

    # 1. The letters, 255 on 0, in a box as high as a line, with margins.
    font = face.sized(int(rng.integers(*SIZES, endpoint=True)))
    left, top, right, bottom = font.getbbox(text)
    _, high, _, low = font.getbbox(REFERENCE)
    top, bottom = min(top, high), max(bottom, low)
    line = bottom - top
    margins = (rng.uniform(0.02, MOST_MARGIN, 4) * line).astype(int).tolist()
    beside = int(abs(shear) * line) + 1  # room for what the maps below move
    above = int(abs(turn) * stretch * (right - left) / 2) + 1
    width = right - left + margins[0] + margins[1] + 2 * beside
    height = line + margins[2] + margins[3] + 2 * above
    mask = Image.new("L", (width, height))
    start = (margins[0] + beside - left, margins[2] + above - top)
    ImageDraw.Draw(mask).text(start, text, 255, font)

    # 2. Slant, skew and width, by one affine map.
    wide = max(int(width * stretch), 1)
    affine = (1 / stretch, shear, -shear * height / 2, turn, 1, -turn * wide / 2)
    bilinear = Image.Resampling.BILINEAR
    mask = mask.transform((wide, height), Image.Transform.AFFINE, affine, bilinear)

    # 3. Ink on paper, in a light that changes from left to right.
    ink, paper = _colors(rng)
    share = np.asarray(mask, "float32")[..., None] / 255
    pixels = paper + share * (ink - paper)
    if rng.random() < 0.5:
        begin, end = rng.uniform(-25, 25, 2).tolist()
        light = np.linspace(begin, end, wide, dtype="float32")
        pixels = pixels + light[None, :, None]

    # 4. What a camera adds.
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype("uint8"))
    return _worn(picture, height, rng)


def _colors(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The colors of ink and paper, float32 (3,), far enough apart to be read."""
    while True:
        dark, light = rng.uniform(0, 150, 3), rng.uniform(120, 255, 3)
        if rng.random() < 0.5:  # as most paper is
            dark, light = np.full(3, rng.uniform(0, 90)), 255 - rng.uniform(0, 40, 3)
        if (light - dark) @ _SHADES >= LEAST_CONTRAST:
            pair = dark.astype("float32"), light.astype("float32")
            return pair if rng.random() < 7 / 8 else pair[::-1]  # type: ignore[return-value]


def _worn(picture: Any, height: int, rng: np.random.Generator) -> np.ndarray:
    from PIL import Image, ImageFilter  # optional

    if rng.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(*BLUR) * height))
    if rng.random() < 0.5:
        pixels = np.asarray(picture, "float32")
        noise = rng.standard_normal(pixels.shape, "float32") * rng.uniform(*NOISE)
        picture = Image.fromarray(np.clip(pixels + noise, 0, 255).astype("uint8"))
    if rng.random() < 0.25:
        saved = io.BytesIO()
        picture.save(saved, "JPEG", quality=int(rng.integers(*JPEG)))
        picture = Image.open(saved)
    return np.asarray(picture)
