"""Emoji as pictures with names in English and Korean: of Noto Color Emoji, and a bundled part."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kseq2seq.corpora.debian_files import debian_files
from kseq2seq.corpora.fetching import fetched
from kseq2seq.data.cache import folder_of, teller
from kseq2seq.disk import whole_file
from kseq2seq.disk.files import sha256

NAMES = ("npm", "emojibase-data", "17.0.0")
SHA256 = "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a"
FONT = ("fonts-noto-color-emoji", "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
LANGUAGES = ("en", "ko")
SIDE = 96  # pixels of a picture
_STRIKE = 109  # the one size of the font's bitmaps, of 136 x 128 pixels
_CANVAS = (136, 128)
_JOINED = "200D"  # in a sequence of several emoji: of genders, families, flags
_FLAGS, _PARTS = 9, 2  # groups of emojibase: flags, and skin tones and hair
_SAMPLE = resources.files("kseq2seq.data") / "samples" / "emoji.zip"


class Emoji(NamedTuple):
    """An emoji with its names and its pictures.

    Attributes:
        code: its code points, for example "1F34E".
        names: language -> name.
        pictures: uint8 (side, side, 4), red, green, blue and alpha: as it mostly is, and then in
            each skin tone.
    """

    code: str
    names: dict[str, str]
    pictures: tuple[np.ndarray, ...]


def noto_emoji(
    *, cache: Path | None = None, progress: Callable[[str], None] | None = None
) -> list[Emoji]:
    """Returns the emoji of Noto Color Emoji, drawn once and then kept.

    Left out are flags and emoji that are joined of several, for example of a gender; those that the
    font lacks; and those whose picture is, pixel for pixel, that of an earlier one. A line of
    progress counts the last two.

    Args:
        cache: folder to keep everything in; `kseq2seq.data.cache.cache_folder()` where None.
        progress: called with a line at each step; prints to standard error where None.

    Raises:
        RuntimeError: the font or the names can't be fetched, or Pillow is not installed.
        ValueError: the names are damaged.

    Example:
        >>> from kseq2seq.corpora.emoji import noto_emoji
        >>> {each.names["ko"] for each in noto_emoji()} >= {"빨간 사과"}  # doctest: +SKIP
        True

    Source: the font by Google (OFL 1.1), of the machine's Debian release; names by the Unicode
    Consortium in emojibase-data (MIT).
    """
    tell = teller(progress)
    font = debian_files(FONT[0], cache=cache, progress=progress) / FONT[1]
    names = _names(fetched(*NAMES, SHA256, cache=cache, progress=progress))
    folder = folder_of(cache)
    kept = folder / f"emoji-{SIDE}-{sha256(font)[:12]}-{NAMES[2]}.npz"
    if not kept.is_file():
        tell(f"drawing {len(names)} emoji into {kept}")
        pictures = {code: draw(text, font) for entry in names for code, text in entry["drawn"]}
        with whole_file(kept) as path, path.open("wb") as file:
            found: dict[str, Any] = {code: p for code, p in pictures.items() if p.any()}
            np.savez_compressed(file, **found)
    with np.load(kept, allow_pickle=False) as drawn:
        pictures = {code: drawn[code] for code in drawn.files}
    emoji, seen, repeats = [], set(), 0
    for entry in names:
        codes = [code for code, _ in entry["drawn"] if code in pictures]
        if entry["code"] not in codes:
            continue
        content = pictures[entry["code"]].tobytes()
        repeats += content in seen
        if content not in seen:
            seen.add(content)
            several = tuple(pictures[code] for code in codes)
            emoji.append(Emoji(entry["code"], entry["names"], several))
    lacking = len(names) - len(emoji) - repeats
    tell(f"{len(emoji)} emoji; the font lacks {lacking}, and {repeats} look like an earlier one")
    return emoji


def _names(archive: Path) -> list[dict[str, Any]]:
    """Each base emoji: its code, its names, and the (code, text) of all pictures, its own first."""
    known = {}
    with tarfile.open(archive) as package:
        for language in LANGUAGES:
            member = package.extractfile(f"package/{language}/data.json")
            if member is None:
                raise ValueError(f"{archive} holds no {language}/data.json. Remove it.")
            known[language] = {each["hexcode"]: each for each in json.load(member)}
    entries = []
    for code, english in known["en"].items():
        korean = known["ko"].get(code)
        group = english.get("group")
        if korean is None or group is None or group in (_FLAGS, _PARTS) or _JOINED in code:
            continue
        tones = [each for each in english.get("skins", []) if isinstance(each["tone"], int)]
        drawn = [(each["hexcode"], each["emoji"]) for each in (english, *tones)]
        labels = {"en": english["label"], "ko": korean["label"]}
        entries.append({"code": code, "names": labels, "drawn": drawn})
    return entries


def draw(text: str, font: Path) -> np.ndarray:
    """Returns a picture uint8 (SIDE, SIDE, 4) of an emoji, all 0 if the font has no picture of it.

    Args:
        text: the emoji.
        font: of the bitmaps.

    Raises:
        RuntimeError: Pillow is not installed, or can't join the characters of an emoji.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont, features
    except ImportError as error:
        raise RuntimeError(
            "Drawing emoji needs Pillow, which is not installed. Install it with "
            "pip install 'kseq2seq[image]'."
        ) from error
    if not features.check("raqm"):
        raise RuntimeError("Drawing emoji needs Pillow with Raqm, as its wheels have it.")
    canvas = Image.new("RGBA", (3 * _CANVAS[0], 2 * _CANVAS[1]))
    strike = ImageFont.truetype(str(font), _STRIKE)
    ImageDraw.Draw(canvas).text((0, 0), text, font=strike, embedded_color=True)
    box = canvas.getbbox()
    if box is None or box[2] > _CANVAS[0] * 1.1:  # nothing, or several side by side
        return np.zeros((SIDE, SIDE, 4), "uint8")
    picture = canvas.crop(box)
    scale = SIDE / max(picture.size)
    size = [max(1, round(side * scale)) for side in picture.size]
    square = Image.new("RGBA", (SIDE, SIDE))
    corner = ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2)
    square.paste(picture.resize((size[0], size[1]), Image.Resampling.LANCZOS), corner)
    return np.asarray(square)


def emoji_sample() -> list[Emoji]:
    """Returns 300 bundled emoji of animals, food, vehicles and things; nothing is fetched.

    Example:
        >>> from kseq2seq.corpora.emoji import emoji_sample
        >>> apple = next(each for each in emoji_sample() if each.code == "1F34E")
        >>> apple.names, apple.pictures[0].shape
        ({'en': 'red apple', 'ko': '빨간 사과'}, (64, 64, 4))

    Source: as `noto_emoji`; see `samples/NOTICE.md`.
    """
    with _SAMPLE.open("rb") as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        lines = archive.read("names.tsv").decode().splitlines()
        rows = [line.split("\t") for line in lines]
        return [
            Emoji(code, {"en": english, "ko": korean}, (_opened(archive.read(f"{code}.png")),))
            for code, english, korean in rows
        ]


def _opened(content: bytes) -> np.ndarray:
    pixels = tf.io.decode_image(content, 0, expand_animations=False).numpy()
    if pixels.shape[2] == 3:
        pixels = np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], axis=2)
    return pixels
