"""Debian's fonts by family, and which families are kept for validation and test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from kseq2seq.corpora.debian_files import debian_files

PACKAGES = {
    "latin": (
        "fonts-cabin",
        "fonts-cantarell",
        "fonts-comic-neue",
        "fonts-crosextra-caladea",
        "fonts-dejavu-core",
        "fonts-ebgaramond",
        "fonts-freefont-ttf",
        "fonts-hack",
        "fonts-inconsolata",
        "fonts-lato",
        "fonts-liberation2",
        "fonts-linuxlibertine",
        "fonts-noto-core",
        "fonts-open-sans",
        "fonts-roboto-unhinted",
        "fonts-urw-base35",
        "fonts-vollkorn",
    ),
    "korean": (
        "fonts-baekmuk",
        "fonts-nanum",
        "fonts-nanum-eco",
        "fonts-nanum-extra",
        "fonts-unfonts-core",
        "fonts-unfonts-extra",
    ),
}
# Beginnings of the names of families that are not trained on. Those of one design go together:
# Noto Serif with Noto Serif Display, NanumMyeongjo with its smaller versions.
HELD_OUT = {
    "Cabin": "validation",
    "Caladea": "validation",
    "UnDinaru": "validation",
    "UnPilgia": "validation",
    "Lato": "test",  # a sans serif
    "Liberation Mono": "test",  # a typewriter's
    "Noto Serif": "test",
    "Baekmuk Gulim": "test",  # a rounded sans serif
    "NanumBarunGothic": "test",  # a sans serif
    "NanumBarunpen": "test",  # a pen's
    "NanumMyeongjo": "test",  # a serif
    "UnShinmun": "test",  # a newspaper's
}
_FILES = ("*.ttf", "*.otf", "*.ttc")
_NOTO = ("NotoSans-", "NotoSansDisplay-", "NotoSerif-", "NotoSerifDisplay-")  # of Latin letters
_ORNAMENTS = ("Initials", "Keyboard", "D050000L", "Standard Symbols", "Jamo", "YetHangul")
_NO_CHARACTER = "\U0010ffff"
_SIZE = 24  # pixels, to compare glyphs


class Face:
    """A font file, and which characters it can show.

    Args:
        path: of the file.

    Attributes:
        family: its name in the file.
    """

    def __init__(self, path: Path):
        from PIL import ImageFont  # optional

        self.path = path
        self._open = lambda size: ImageFont.truetype(path, size, 0, "", ImageFont.Layout.BASIC)
        self._known: dict[str, bool] = {}
        trial = self._open(_SIZE)
        self.family = " ".join(str(trial.getname()[0]).split())
        self._missing = self._drawn(trial, _NO_CHARACTER)

    def lacks(self, text: str) -> bool:
        """Returns whether a character of a text has no glyph, or a blank one."""
        trial = None
        for character in text:
            if character not in self._known:
                trial = trial or self._open(_SIZE)
                glyph = self._drawn(trial, character)
                shown = bool(glyph) and glyph != self._missing
                self._known[character] = shown or character.isspace()
            if not self._known[character]:
                return True
        return False

    def sized(self, size: int) -> Any:
        """Returns the font in a size, in pixels."""
        return _sized(self.path, size)

    @staticmethod
    def _drawn(font: Any, character: str) -> bytes:
        mask = font.getmask(character)
        return bytes(mask) if any(mask.size) and mask.getbbox() else b""


@lru_cache(512)
def _sized(path: Path, size: int) -> Any:
    from PIL import ImageFont  # optional

    return ImageFont.truetype(path, size, 0, "", ImageFont.Layout.BASIC)


def split_of_family(family: str) -> str:
    """Returns the split that a family of fonts belongs to.

    Example:
        >>> from kseq2seq.corpora.fonts import split_of_family
        >>> split_of_family("Noto Serif Display"), split_of_family("DejaVu Sans")
        ('test', 'train')
    """
    return next((split for name, split in HELD_OUT.items() if family.startswith(name)), "train")


def families(folders: Iterable[Path]) -> dict[str, list[Face]]:
    """Returns the faces of the fonts in folders by the names of their families, sorted.

    Ornaments and fonts of old spellings are left out, and of Noto all but those of Latin letters.
    """
    found: dict[str, list[Face]] = {}
    for face in map(Face, sorted(_files(folders))):
        if not any(word in f"{face.family} {face.path.name}" for word in _ORNAMENTS):
            found.setdefault(face.family, []).append(face)
    return dict(sorted(found.items()))


def debian_families(
    script: str,
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, list[Face]]:
    """Returns Debian's fonts for "latin" or "korean", fetched once; see `families`.

    Args:
        script: one of `PACKAGES`.
        cache: see `debian_files`.
        progress: see `debian_files`.

    Raises:
        RuntimeError: where apt is missing or fails.
    """
    names = PACKAGES[script]
    return families(debian_files(name, cache=cache, progress=progress) for name in names)


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for pattern in _FILES:
            for path in folder.rglob(pattern):
                noto = path.name.startswith("Noto") and not path.name.startswith(_NOTO)
                if not noto and not path.is_symlink():
                    yield path
