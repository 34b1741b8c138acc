"""Fonts that have the characters of a text, by Matplotlib."""

from __future__ import annotations

import os
import unicodedata
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.font_manager import FontEntry, FontProperties

_FONT = "DejaVu Sans"  # comes with Matplotlib
_BOXES = "Last Resort"  # so does this one, which claims to have every character
_INVISIBLE = ("Cc", "Cf", "Zl", "Zp", "Zs")
# An ideograph looks different in each language; other letters of the text show which it is.
_GOOD = {
    "HANGUL": ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Malgun Gothic"),
    "HIRAGANA": ("Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic", "Hiragino Sans", "Yu Gothic"),
    "CJK": ("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Microsoft YaHei"),
}


def font_for(text: str, font: str | os.PathLike[str] | None = None) -> FontProperties:
    """Returns installed fonts that have all characters of a text between them.

    Warns of the characters that none has; they are drawn as boxes.

    Args:
        text: everything that is drawn.
        font: one to try first: the path of a file, or the name of an installed family.

    Raises:
        ValueError: there is no such `font`.

    Example:
        >>> from kseq2seq.plot.fonts import font_for
        >>> font_for("Привет, κόσμε").get_family()
        ['DejaVu Sans']
    """
    properties = FontProperties()
    families = [_FONT]
    if font is not None:
        properties = _named(font)
        families = [*properties.get_family(), _FONT]
    missing = {x for x in text if unicodedata.category(x) not in _INVISIBLE}
    for family in families:
        missing -= _has(family, missing)
    if missing:
        _refresh()
        families += _cover(missing, _ranked(missing))
        for family in families:
            missing -= _has(family, missing)
    if missing:
        some = " ".join(sorted(missing)[:20]) + (" ..." if len(missing) > 20 else "")
        warnings.warn(
            f"No installed font has {some}, drawn as boxes. Install a free one that does, such as "
            "Noto Sans CJK (Chinese, Japanese, Korean), NanumGothic (Korean) or the Noto font of "
            "the script, or name a font file by `font`.",
            stacklevel=3,
        )
    properties.set_family(families)
    return properties


def _named(font: str | os.PathLike[str]) -> FontProperties:
    """Properties that select exactly this font, and not a bolder one of its family."""
    path, name = Path(font), str(font)
    if path.is_file():
        entry = _entry(path)
        if entry is None:
            try:
                font_manager.fontManager.addfont(path)
            except (RuntimeError, NotImplementedError) as error:
                raise ValueError(
                    f"`font` must be a font file that Matplotlib can draw with; got {name!r}."
                ) from error
            entry = _entry(path)
        kind: dict[str, Any] = {
            name: getattr(entry, name) for name in ("style", "variant", "weight", "stretch")
        }
        return FontProperties([entry.name], **kind)
    if name not in font_manager.get_font_names():
        raise ValueError(
            f"`font` must be the path of a font file or the name of an installed family, as "
            f"matplotlib.font_manager.get_font_names() lists them; got {name!r}."
        )
    return FontProperties([name])


def _entry(path: Path) -> Any:
    """Matplotlib's entry for a font file; None if it has none."""
    known = font_manager.fontManager.ttflist
    return next((entry for entry in known if Path(entry.fname) == path), None)


def _refresh() -> None:
    """Adds fonts that were installed after Matplotlib made its list of them."""
    known = {os.path.realpath(entry.fname) for entry in font_manager.fontManager.ttflist}
    for path in sorted(font_manager.findSystemFonts()):
        if os.path.realpath(path) not in known:
            try:
                font_manager.fontManager.addfont(path)
            except Exception:  # one of the many files that it can't read or draw with
                continue


def _ranked(missing: Iterable[str]) -> list[str]:
    """Names of installed families: good ones for the scripts first, then those without serifs."""
    scripts = {unicodedata.name(x, "").partition(" ")[0] for x in missing}
    order = sorted(_GOOD, key=lambda script: script not in scripts)
    good = [name for script in order for name in _GOOD[script]]
    names = {x for x in font_manager.get_font_names() if not x.startswith(_BOXES)}
    others = sorted(names.difference(good), key=lambda name: ("Sans" not in name, name))
    return [name for name in good if name in names] + others


def _cover(missing: set[str], families: list[str]) -> list[str]:
    """The first family that has all, or else the one that has most and what has the rest."""
    best: set[str] = set()
    chosen = ""
    for family in families:
        has = _has(family, missing)
        if len(has) > len(best):
            best, chosen = has, family
        if has == missing:
            break
    return [chosen, *_cover(missing - best, families)] if best else []


def _has(family: str, characters: set[str]) -> set[str]:
    if not characters:
        return set()
    # Not by `findfont`, which logs a warning for each family that lacks the normal weight.
    entries = [entry for entry in font_manager.fontManager.ttflist if entry.name == family]
    if not entries:
        return set()
    known = font_manager.get_font(min(entries, key=_unlike_normal).fname).get_charmap()
    return {x for x in characters if ord(x) in known}


def _unlike_normal(entry: FontEntry) -> tuple[bool, float]:
    named: dict = font_manager.weight_dict
    return entry.style != "normal", abs(named.get(entry.weight, entry.weight) - 400)
