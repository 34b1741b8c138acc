"""Lines of package descriptions as pictures, in fonts and wordings kept apart by split."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kseq2seq.corpora.fonts import Face, debian_families, split_of_family
from kseq2seq.corpora.rendering import render
from kseq2seq.data.cache import teller
from kseq2seq.data.debian import debian
from kseq2seq.data.pairs import Example, Pair
from kseq2seq.data.sample import sample
from kseq2seq.data.split import split_of

LINES = 24_000
SAMPLE_LINES = 3_000
_LANGUAGES = {"latin": ("fr", "de"), "korean": ("ko",)}
_LENGTHS = {"latin": (3, 36), "korean": (2, 20)}  # characters of a line
_ALPHABETS = {
    "latin": re.compile(r"[ -~À-ÖØ-öø-ÿŒœ€«»–’“”„…]+"),
    "korean": re.compile(r"[ -~가-힣·…’“”]+"),
}
_HANGUL = re.compile("[가-힣]")
_LETTER = re.compile(r"\w")
_SEED = 1


def text_lines(
    script: str,
    count: int = LINES,
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Example]:
    """Returns pictures of lines of text, of descriptions of Debian packages in Debian's fonts.

    Texts are parts of descriptions, in English, French and German for "latin", and in Korean for
    "korean", where every line has some Hangul. No text occurs twice. What the fonts of a split
    have no glyphs for is left out and counted in a line of progress.

    Args:
        script: "latin" or "korean".
        count: how many lines, at most.
        cache: see `debian_files`.
        progress: called with one line at each step; prints to standard error where None.

    Returns:
        A lazy iterator of examples: a `DrawnLine`, which `numpy.asarray` makes uint8 (H, W, 3), the
        text, and the source package. The split of the package, by `split_of`, is that of the font
        as well; see `split_of_family`.

    Raises:
        ValueError: there is no such script.
        RuntimeError: where apt is missing or fails.

    Example:
        >>> from kseq2seq.corpora import text_lines
        >>> next(text_lines("korean")).target  # doctest: +SKIP
        '텍스트 편집기'

    Source: the package descriptions and the fonts of the machine's Debian release.
    """
    if script not in _LANGUAGES:
        raise ValueError(f"`script` must be one of {', '.join(_LANGUAGES)}; got {script!r:.80}.")
    tell = teller(progress)
    pairs = (
        Pair(text, "", pair.key)
        for language in _LANGUAGES[script]
        for pair in debian(language, cache=cache, progress=tell)
        for text in (pair[:2] if script == "latin" else pair[1:2])
    )
    wordings = cut_lines(pairs, script)
    fonts = debian_families(script, cache=cache, progress=tell)
    return drawn_lines(wordings, fonts, count, tell)


def sample_lines(count: int = SAMPLE_LINES) -> Iterator[Example]:
    """Returns pictures of lines of the bundled English texts, in the one font that Pillow has.

    Args:
        count: how many lines, at most.

    Example:
        >>> from kseq2seq.corpora import sample_lines
        >>> picture = np.asarray(next(sample_lines()).source)
        >>> picture.dtype.name, picture.shape[2]
        ('uint8', 3)
    """
    pairs = (Pair(pair.source, "", pair.key) for pair in sample("fr"))
    texts = ((text, key) for text, key in cut_lines(pairs, "latin", longest=12) if text.isascii())
    return drawn_lines(texts, {"": [PillowFace()]}, count, lambda line: None)  # type: ignore[list-item]


class DrawnLine:
    """A picture of a line that is drawn whenever it is read, so that none waits in memory.

    Args:
        text: of the line.
        face: a `Face`.
        seed: of everything that is random in it.
    """

    def __init__(self, text: str, face: Any, seed: Sequence[int]):
        self.text, self.face, self.seed = text, face, tuple(seed)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Returns uint8 (H, W, 3)."""
        pixels = render(self.text, self.face, np.random.default_rng(self.seed))
        return pixels if dtype is None else pixels.astype(dtype)

    def __repr__(self) -> str:
        return f"DrawnLine({self.text!r}, {self.face.family!r}, {self.seed})"


class PillowFace:
    """The font that Pillow itself has, of ASCII."""

    family = ""

    def lacks(self, text: str) -> bool:
        """See `Face`."""
        return not text.isascii()

    def sized(self, size: int) -> Any:
        """See `Face`."""
        from PIL import ImageFont  # optional

        return ImageFont.load_default(size)


def cut_lines(
    pairs: Iterable[Pair], script: str, longest: int | None = None
) -> Iterator[tuple[str, str]]:
    """Yields lines of the sources of pairs and their keys, each line once.

    Args:
        pairs: read once; of equal sources the first counts.
        script: "latin" or "korean", which says what characters a line may have.
        longest: the most characters of a line; that of the script where None.

    Example:
        >>> from kseq2seq.corpora.text_lines import cut_lines
        >>> from kseq2seq.data import Pair
        >>> pairs = [Pair("a small shell for very old machines", "", "ash")]
        >>> all(len(line) <= 16 for line, _ in cut_lines(pairs, "latin", longest=16))
        True
    """
    shortest, most = _LENGTHS[script]
    most = longest or most
    rng = np.random.default_rng(_SEED)
    read: set[str] = set()
    seen: set[str] = set()
    for pair in pairs:
        if pair.source in read:  # under another key it may be in another split
            continue
        read.add(pair.source)
        words = unicodedata.normalize("NFC", pair.source).split()
        while words:
            room, line = int(rng.integers(shortest, most, endpoint=True)), words.pop(0)
            while words and len(line) + 1 + len(words[0]) <= room:
                line = f"{line} {words.pop(0)}"
            fits = shortest <= len(line) <= most and _ALPHABETS[script].fullmatch(line)
            wanted = _HANGUL if script == "korean" else _LETTER
            if fits and wanted.search(line) and line not in seen:
                seen.add(line)
                yield line, pair.key


def drawn_lines(
    wordings: Iterable[tuple[str, str]],
    fonts: Mapping[str, Sequence[Face]],
    count: int,
    tell: Callable[[str], None],
) -> Iterator[Example]:
    """Yields pictures of some wordings, each in a font of the split that its key is in.

    All families of a split are equally likely. If a font lacks a character of a line, another one
    is drawn; a line that no font has glyphs for is left out.

    Args:
        wordings: lines and keys, read at once.
        fonts: families and their faces; where there is one alone, all splits have it.
        count: how many lines, at most.
        tell: called with a line at the end that counts what was left out.
    """
    of_split: dict[str, list[Sequence[Face]]] = {}
    for family, faces in fonts.items():
        of_split.setdefault(split_of_family(family), []).append(faces)
    listed = sorted(wordings)
    order = np.random.default_rng(_SEED).permutation(len(listed)).tolist()
    fates: Counter[str] = Counter()
    for number in order:
        if fates["drawn"] == count:
            break
        text, key = listed[number]
        rng = np.random.default_rng([_SEED, number])
        families = list(fonts.values()) if len(fonts) == 1 else of_split.get(split_of(key), [])
        face = _face(text, families, rng, fates)
        if face is None:
            fates["left out"] += 1
            continue
        fates["drawn"] += 1
        yield Example(DrawnLine(text, face, [_SEED, number, 1]), text, key)
    tell(
        f"{fates['drawn']:,} lines to draw; {fates['passed over']:,} times a font lacked a glyph, "
        f"and {fates['left out']:,} lines were left out because all fonts of their split did"
    )


def _face(
    text: str, families: Sequence[Sequence[Face]], rng: np.random.Generator, fates: Counter[str]
) -> Face | None:
    """A random font of a random family that has all glyphs; None if there is none."""
    for family in rng.permutation(len(families)).tolist():
        faces = families[family]
        face = faces[int(rng.integers(len(faces)))]
        if not face.lacks(text):
            return face
        fates["passed over"] += 1
    return None
