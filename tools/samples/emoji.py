"""Build the bundled sample of emoji: 300 of animals, food, places and things, with their names.

The font is that of the machine's Debian release and the names are pinned; the choice is
deterministic and the archive has no dates, so every run with the same font writes the same bytes:

    python tools/samples/emoji.py
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from collections import Counter
from hashlib import sha1
from pathlib import Path

from PIL import Image

from kseq2seq.corpora.debian_files import debian_files
from kseq2seq.corpora.emoji import FONT, NAMES, SHA256, Emoji, noto_emoji
from kseq2seq.corpora.fetching import fetched

SAMPLES = Path(__file__).parents[2] / "kseq2seq" / "data" / "samples"
COUNT, SIDE, COLORS = 300, 64, 64
GROUPS = (3, 4, 5, 7)  # animals and nature, food and drink, travel and places, objects
FIRST = "1F34E"  # the red apple, which the documentation shows
NAME = {"en": re.compile(r"[a-z]+( [a-z]+)?"), "ko": re.compile(r"[가-힣]+( [가-힣]+)?")}


def main() -> None:
    """Draw, choose and write everything."""
    archive = fetched(*NAMES, SHA256)
    with tarfile.open(archive) as package:
        entries = json.load(package.extractfile("package/en/data.json"))  # type: ignore[arg-type]
        license_of_names = package.extractfile("package/LICENSE").read()  # type: ignore[union-attr]
    groups = {each["hexcode"]: each.get("group") for each in entries}
    fit = [each for each in noto_emoji() if groups[each.code] in GROUPS and _simple(each)]
    # Names of few words that others share, too: a small vocabulary.
    words = Counter(word for each in fit for name in each.names.values() for word in name.split())
    single = [each for each in fit if all(words[word] <= 9 for word in each.names["en"].split())]
    single.sort(key=lambda each: (each.code != FIRST, sha1(each.code.encode()).hexdigest()))
    chosen = sorted(single[:COUNT], key=lambda each: each.code)
    with zipfile.ZipFile(SAMPLES / "emoji.zip", "w", zipfile.ZIP_STORED) as file:
        lines = [f"{each.code}\t{each.names['en']}\t{each.names['ko']}\n" for each in chosen]
        _put(file, "names.tsv", "".join(lines).encode())
        for each in chosen:
            _put(file, f"{each.code}.png", _small(each))
    copyright = debian_files(FONT[0]) / "usr/share/doc" / FONT[0] / "copyright"
    licences = SAMPLES / "licences"
    # without the first line, which names the format of Debian's file
    _, terms = copyright.read_text(encoding="utf-8").split("\n", 1)
    (licences / "noto-emoji.txt").write_text(terms, "utf-8")
    (licences / "emojibase-data.txt").write_bytes(license_of_names)
    print(f"{len(chosen)} emoji, {(SAMPLES / 'emoji.zip').stat().st_size} bytes")


def _simple(emoji: Emoji) -> bool:
    return all(NAME[language].fullmatch(name) for language, name in emoji.names.items())


def _small(emoji: Emoji) -> bytes:
    picture = Image.fromarray(emoji.pictures[0], "RGBA")
    picture = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    picture.quantize(COLORS, Image.Quantize.FASTOCTREE).save(content, "PNG", optimize=True)
    return content.getvalue()


def _put(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


if __name__ == "__main__":
    main()
