"""Build the bundled sample of documented one-line functions from BSD and MIT packages.

The functions are those of `kseq2seq.corpora.functions`, from these packages, whose names are made
of words of their docstrings. The file is compressed without a date, so every run with the same
Python writes the same bytes:

    python tools/samples/functions.py
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from kseq2seq.corpora import fetched, functions  # noqa: E402
from kseq2seq.corpora.docstrings import length  # noqa: E402
from kseq2seq.corpora.functions import PINS, pack_functions  # noqa: E402
from kseq2seq.data import Pair  # noqa: E402
from make_samples import SAMPLES, license_of  # noqa: E402

PACKAGES = (
    "sympy",
    "django",
    "twisted",
    "music21",
    "wagtail",
    "networkx",
    "bokeh",
    "celery",
    "mne",
    "pymatgen",
)
# Modules with holders and terms of their own, which the license of the package does not name.
OTHERS = re.compile(r"/external/|contrib/gis/g(dal|eos)/|/(triads|second_order)\.py")
MOST_WORDS, MOST_TOKENS = 12, 24  # of a summary, of code
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+|\d+")


def fits(pair: Pair) -> bool:
    """Tell whether a function is of one line, and its name of words of the summary."""
    lines = pair.target.split("\n")
    short = len(pair.source.split()) <= MOST_WORDS and length(pair.target) <= MOST_TOKENS
    name = lines[0].partition("(")[0].removeprefix("async ").removeprefix("def ")
    own = words(name)
    return len(lines) == 2 and short and bool(own) and own <= words(pair.source)


def words(text: str) -> set[str]:
    """Return the words of a text or a name, in lower case."""
    return {word.lower() for word in _WORD.findall(text)}


def main() -> None:
    own = (pair for pair in functions() if not OTHERS.search(pair.key))
    chosen = [pair for pair in own if pair.key.split("/")[0] in PACKAGES and fits(pair)]
    counts = Counter(pair.key.split("/")[0] for pair in chosen)
    for name, version, _, digest in PINS:
        if name in PACKAGES:
            with zipfile.ZipFile(fetched("pip", name, version, digest)) as wheel:
                label, text = license_of(wheel)
            (SAMPLES / "licences" / f"{name}.txt").write_text(text, encoding="utf-8")
            print(f"{name} {version} ({label}): {counts[name]} functions")
    path = SAMPLES / "functions.jsonl.gz"
    pack_functions(chosen, path)
    print(f"{path}: {len(chosen)} functions, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
